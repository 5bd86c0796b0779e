"""Whatever bit of a bundle is turned, both verifiers find it and name the place."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest

from chain.audit.archive import MANIFEST
from chain.audit.export import Bundle
from tests.chain.audit.checking import ENGINES, answer, javascript_on, opened, python_on, run

SEED = 20_261_121
IN_FILES, IN_HEADERS, IN_DIRECTORY = 7, 2, 60
END_BYTES = 22
CUTS = 25


def flips_of(content: bytes) -> list[tuple[int, int, tuple[str, ...]]]:
    """Byte, bit, and what a finding must name, one of two: in every file, every header, the
    directory."""
    chance = random.Random(SEED)
    flips = []
    with zipfile.ZipFile(io.BytesIO(content)) as held:
        for entry in held.infolist():
            start = entry.header_offset + 30 + len(entry.filename)
            for _ in range(IN_FILES if entry.file_size else 0):
                flips.append((start + chance.randrange(entry.file_size), (entry.filename,)))
            for _ in range(IN_HEADERS):
                at = entry.header_offset + chance.randrange(30 + len(entry.filename))
                flips.append((at, (f"at byte {entry.header_offset}", entry.filename)))
        directory = held.start_dir
    for _ in range(IN_DIRECTORY):
        flips.append((chance.randrange(directory, len(content) - END_BYTES), ("directory",)))
    flips += [(len(content) - 1 - byte, ("directory",)) for byte in range(END_BYTES)]
    return [(byte, chance.randrange(8), named) for byte, named in flips]


def test_every_turned_bit_is_found_and_named_by_both(bundle: Bundle, tmp_path: Path) -> None:
    flips = flips_of(bundle.content)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.content)
    told = javascript_on([(path, byte, bit) for byte, bit, _ in flips], tmp_path)

    missed, differing = [], []
    for (byte, bit, named), theirs in zip(flips, told, strict=True):
        altered = bytearray(bundle.content)
        altered[byte] ^= 1 << bit
        found = python_on(bytes(altered))
        places = [each["place"] for each in found["findings"]]
        if not any(name in place for place in places for name in named):
            missed.append((byte, bit, named, places[:3]))
        if found != theirs:
            differing.append((byte, bit, named))
    assert len(flips) > 400
    assert missed == []
    assert differing == []


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_a_truncated_bundle_is_told(
    engine: tuple[str, ...], bundle: Bundle, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    path = tmp_path / "cut.zip"
    for _ in range(CUTS // len(ENGINES)):
        path.write_bytes(bundle.content[: chance.randrange(4, len(bundle.content))])
        code, found = answer(engine, path)
        assert code == 1
        assert found["findings"][0]["check"] == "container"


@pytest.mark.parametrize("content", [b"", b"PK", b"a page of text", b"\x1f\x8b" + bytes(99)])
@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_what_is_no_bundle_is_refused_plainly(
    engine: tuple[str, ...], content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "nothing.zip"
    path.write_bytes(content)

    done = run(engine, path)

    assert done.returncode == (1 if content == b"PK" else 2)
    assert "Traceback" not in done.stderr
    assert "    at " not in done.stderr
    assert run(engine, tmp_path / "none.zip").returncode == 2


def raw_zip(*entries: tuple[str, bytes], compress: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compress) as held:
        for name, content in entries:
            held.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compress)
    return made.getvalue()


def huge_sizes() -> bytes:
    content = bytearray(raw_zip(("a.txt", b"x")))
    struct.pack_into("<II", content, 18, 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(content)


HOSTILE = {
    "a bomb": (raw_zip(("a.txt", bytes(10**7)), compress=zipfile.ZIP_DEFLATED), "method 8"),
    "a way out": (raw_zip(("../evil.py", b"x")), "a plain file's name"),
    "from the root": (raw_zip(("/etc/passwd", b"x")), "a plain file's name"),
    "a hidden way": (raw_zip(("a/../b", b"x")), "a plain file's name"),
    "other letters": (raw_zip(("é.txt", b"x")), "a plain file's name"),
    "twice": (raw_zip(("a.txt", b"x"), ("a.txt", b"y")), "a name after a.txt"),
    "unsorted": (raw_zip(("b.txt", b"x"), ("a.txt", b"y")), "a name after b.txt"),
    "sizes beyond": (huge_sizes(), "sizes within the archive"),
    "no manifest": (raw_zip(("a.txt", b"x")), MANIFEST),
    "no JSON": (raw_zip((MANIFEST, b"{]")), "JSON in UTF-8"),
    "not UTF-8": (raw_zip((MANIFEST, b'"\xff"')), "JSON in UTF-8"),
    "no number": (raw_zip((MANIFEST, b"[NaN]")), "JSON in UTF-8"),
    "deep": (raw_zip((MANIFEST, b"[" * 100_000)), "JSON in UTF-8"),
    "another schema": (raw_zip((MANIFEST, b'{"schema":"x"}')), "schema antiphon.audit/1"),
    "half a manifest": (
        raw_zip((MANIFEST, b'{"schema":"antiphon.audit/1","files":{}}')),
        "as documented",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_named_by_both_in_the_same_words(name: str, tmp_path: Path) -> None:
    content, named = HOSTILE[name]
    path = tmp_path / "hostile.zip"
    path.write_bytes(content)

    (code, ours), (other, theirs) = (answer(engine, path) for engine in ENGINES)

    assert (code, other) == (1, 1)
    assert ours == theirs
    told = " ".join(" ".join(found.values()) for found in ours["findings"])
    assert named in told


def test_the_container_of_these_files_is_the_only_one(bundle: Bundle) -> None:
    """The same files as another program packs them: read, and told apart."""
    files = opened(bundle.content)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as held:
        for name in sorted(files):
            held.writestr(name, files[name])

    found = python_on(other.getvalue())

    assert {each["check"] for each in found["findings"]} == {"container"}
