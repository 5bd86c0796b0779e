"""antiphon audit: a served ledger as one file, and that file checked with nothing served at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.api.served_ledger import Antiphon, antiphon, url
from tests.api.small_ledger import HOSTILE, JAVANESE, SmallLedger

__all__ = ["antiphon", "url"]

SECONDS = 300.0


@pytest.fixture
def bundle(antiphon: Antiphon, url: str, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.zip"
    ended = antiphon("audit", "export", str(path), "--api", url)
    assert (ended.code, ended.err) == (0, "")
    assert "Next: antiphon audit verify" in ended.out
    return path


def test_both_verifiers_pass_on_what_was_exported(
    antiphon: Antiphon, bundle: Path, ledger: SmallLedger
) -> None:
    at = ledger.app.refresh()
    known = ("--expect-block-hash", f"0x{at.hash.hex()}")

    ended = antiphon("audit", "verify", str(bundle), "--engine", "both", *known)

    assert (ended.code, ended.err) == (0, "")
    assert "0 failed\nboth verifiers say the same\n" in ended.out
    for engine in ("python", "js"):
        document = antiphon("audit", "verify", str(bundle), "--engine", engine, "--json").document
        assert (document["failed"], document["block"][0]) == (0, at.number)


def test_manifests_of_works_with_live_consent_are_in_it(bundle: Path, ledger: SmallLedger) -> None:
    """Titles in their own script, and markup that is only text."""
    with zipfile.ZipFile(bundle) as held:
        names = held.namelist()
        text = b"".join(held.read(n) for n in names if n.startswith("blocks/bafyrei"))

    for work in (ledger.javanese, ledger.hostile):
        assert f"blocks/{work.manifest}" in names
    assert JAVANESE.encode() in text
    assert HOSTILE.encode() in text


def test_the_export_tells_programs_what_binds_it(
    antiphon: Antiphon, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "b.zip"
    told = antiphon("audit", "export", str(path), "--json", "--api", url).document
    answer = httpx.get(f"{url}/v1/audit/bundle", timeout=SECONDS)

    assert answer.content == path.read_bytes()
    assert answer.headers["X-Antiphon-Manifest"] == told["manifest"]
    assert answer.headers["X-Antiphon-Block"] == f"{told['block']} {told['blockHash']}"
    bound = antiphon("audit", "verify", str(path), "--expect-manifest", told["manifest"])
    assert bound.code == 0


def test_a_doctored_bundle_ends_with_3_and_names_the_place(
    antiphon: Antiphon, bundle: Path
) -> None:
    content = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as held:
        entry = held.getinfo("books/direct.json")
    content[entry.header_offset + 30 + len(entry.filename) + 20] ^= 1
    bundle.write_bytes(content)

    ended = antiphon("audit", "verify", str(bundle), "--engine", "both")

    assert ended.code == 3
    assert "FAILED files: books/direct.json, length and sha256: expected" in ended.out


def test_an_earlier_block_and_a_period(antiphon: Antiphon, url: str, tmp_path: Path) -> None:
    path = tmp_path / "earlier.zip"
    given = ("--to-block", "60", "--from-block", "50")
    antiphon("audit", "export", str(path), *given, "--api", url)

    document = antiphon("audit", "verify", str(path), "--json").document

    assert (document["failed"], document["block"][0]) == (0, 60)
    with zipfile.ZipFile(path) as held:
        assert json.loads(held.read("MANIFEST.json"))["fromBlock"] == 50


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--to-block", "1000000"), "is not of this ledger"),
        (("--from-block", "60", "--to-block", "50"), "are no period"),
    ],
)
def test_blocks_that_are_not_there_are_refused_and_no_file_is_left(
    antiphon: Antiphon, url: str, tmp_path: Path, given: tuple[str, ...], told: str
) -> None:
    path = tmp_path / "none.zip"

    ended = antiphon("audit", "export", str(path), *given, "--api", url)

    assert ended.code == 1
    assert told in ended.err
    assert "Next:" in ended.err
    assert not path.exists()
    answer = httpx.get(f"{url}/v1/audit/bundle", params={"to_block": 10**6}, timeout=SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (422, "no-bundle")


def test_what_is_there_is_not_overwritten_and_what_is_not_is_refused(
    antiphon: Antiphon, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "kept.zip"
    path.write_bytes(b"somebody's file")

    over = antiphon("audit", "export", str(path), "--api", url)
    strange = antiphon("audit", "verify", str(path))
    none = antiphon("audit", "verify", str(tmp_path / "none.zip"))

    assert (over.code, path.read_bytes()) == (1, b"somebody's file")
    assert (strange.code, none.code) == (1, 1)
    assert "it is no ZIP archive" in strange.err
    assert "Next: antiphon audit export" in none.err


def test_help_teaches(antiphon: Antiphon) -> None:
    assert "Example: antiphon audit export" in antiphon("audit", "export", "--help").out
    assert "Example: antiphon audit verify" in antiphon("audit", "verify", "--help").out
