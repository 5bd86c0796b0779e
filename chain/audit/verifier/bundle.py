"""The bundle's container and what is found in it.

For given files there is exactly one container: names ascend, nothing is compressed, times and
permissions are fixed. So it is rebuilt from what was read and compared byte by byte.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from typing import Any

from formats import Broken, parse_json

SCHEMA = "antiphon.audit/1"
MANIFEST = "MANIFEST.json"
BYTES_MAX = (1 << 30) + (1 << 26)
FILES_MAX = 60_001
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
NAME_MAX = 200
SHOWN_MAX = 800
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
# Version 2.0, no flags, stored, midnight of 1980-01-01.
COMMON = struct.pack("<HHHHH", 20, 0, 0, 0, 0x21)
KINDS = (
    "anchor",
    "container",
    "files",
    "headers",
    "receipts",
    "events",
    "content ids",
    "signatures",
    "segments",
    "licences",
    "vectors",
    "direct lane",
    "direct reports",
    "reports",
    "leaves",
    "epoch lane",
    "conservation",
    "solvency",
)


class Report:
    """What was checked, by kind, and every place where two accounts differ."""

    def __init__(self) -> None:
        self.checks = dict.fromkeys(KINDS, 0)
        self.findings: list[tuple[str, str, str, str]] = []
        self.notes: list[str] = []

    def compare(self, kind: str, place: str, expected: Any, found: Any) -> bool:
        """Count one check; a difference is kept."""
        # Shown too: to Python, 1 and True are the same, and to JSON they are not.
        if expected == found and shown(expected) == shown(found):
            self.checks[kind] += 1
            return True
        self.fail(kind, place, shown(expected), shown(found))
        return False

    def fail(self, kind: str, place: str, expected: str, found: str) -> None:
        """Keep a difference that no comparison was made for."""
        self.checks[kind] += 1
        self.findings.append((kind, shown(place), expected, found))

    def broken(self, kind: str, error: Broken) -> None:
        """Keep bytes that are not what their place demands."""
        self.fail(kind, error.place, error.expected, error.found)


def shown(value: Any) -> str:
    """A value as a reader compares it."""
    if isinstance(value, bytes):
        return shown("0x" + value.hex())
    if isinstance(value, str):
        # A forger's text must not command a terminal.
        return re.sub(r"[^ -~]", "?", value)[:SHOWN_MAX]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ("[" + ", ".join(map(shown, value)) + "]")[:SHOWN_MAX]
    if isinstance(value, dict):
        return "a document"
    return "nothing" if value is None else str(value)


def open_container(report: Report, data: bytes) -> dict[str, bytes] | None:
    """The files by name; None, with a finding, where the container ends to make sense."""
    files: dict[str, bytes] = {}
    central: list[bytes] = []
    at, before = 0, ""
    while data[at : at + 4] == LOCAL:
        place = f"file {len(central) + 1} of the archive, at byte {at}"
        if len(central) == FILES_MAX:
            report.fail("container", place, f"at most {FILES_MAX} files", "more")
            return None
        entry = _entry(report, data, at, place, before)
        if entry is None:
            return None
        name, content, header = entry
        report.compare("container", f"{name}, its header at byte {at}", header, data[at : at + 30])
        central.append(CENTRAL + struct.pack("<H", 0x0314) + header[4:] + _central_tail(at))
        central[-1] += name.encode()
        before = name
        files.setdefault(name, content)
        at += len(header) + len(name) + len(content)
    rest = b"".join(central)
    size = (len(central), len(central), len(rest), at)
    rest += END + struct.pack("<HHHHIIH", 0, 0, *size, 0)
    found = data[at:]
    if not report.compare("container", f"directory at byte {at}, length", len(rest), len(found)):
        return files or None
    for first in range(0, len(rest), 64):
        if rest[first : first + 64] != found[first : first + 64]:
            ours, theirs = rest[first : first + 64], found[first : first + 64]
            byte = next(i for i in range(len(ours)) if ours[i] != theirs[i])
            place = f"directory, byte {at + first + byte} of the archive"
            report.fail("container", place, f"{ours[byte]:02x}", f"{theirs[byte]:02x}")
    return files


def _central_tail(at: int) -> bytes:
    # No comment, first disk, binary, a plain file of mode 0644, and where its header is.
    return struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, at)


def _entry(
    report: Report, data: bytes, at: int, place: str, before: str
) -> tuple[str, bytes, bytes] | None:
    """Name, content and the header that it must have."""
    if len(data) < at + 30:
        report.fail("container", place, "a header of 30 bytes", "the end of the archive")
        return None
    method, size, raw_size, length = struct.unpack_from("<8xH8xIIH", data, at)
    if method != 0:
        report.fail("container", place, "a file that is not compressed", f"method {method}")
        return None
    if size != raw_size or at + 30 + length + size > len(data) or not 0 < length <= NAME_MAX:
        report.fail("container", place, "sizes within the archive", "others")
        return None
    raw = data[at + 30 : at + 30 + length]
    name = raw.decode("ascii") if raw.isascii() else ""
    if NAME.fullmatch(name) is None or ".." in name:
        report.fail("container", place, "a plain file's name", "another")
        return None
    if name <= before:
        # Read on: which file is missing then says which name was altered.
        report.fail("container", place, f"a name after {before}", name)
    content = data[at + 30 + length : at + 30 + length + size]
    sizes = struct.pack("<IIIHH", zlib.crc32(content), size, size, length, 0)
    return name, content, LOCAL + COMMON + sizes


def open_manifest(report: Report, files: dict[str, bytes]) -> dict[str, Any] | None:
    """The manifest, and every other file compared with it; None when anything is amiss."""
    try:
        manifest = _manifest(files)
    except Broken as error:
        report.broken("files", error)
        return None
    listed = manifest["files"]
    for name in sorted({*files, *listed} - {MANIFEST}):
        content = files.get(name)
        if name not in listed:
            report.fail("files", name, "a file of the manifest", "one that it does not name")
        elif content is None:
            report.fail("files", name, "a file", "nothing")
        else:
            found = [len(content), hashlib.sha256(content).hexdigest()]
            report.compare("files", f"{name}, length and sha256", listed[name], found)
    return manifest if not report.findings else None


def _manifest(files: dict[str, bytes]) -> dict[str, Any]:
    if MANIFEST not in files:
        raise Broken(MANIFEST, "a file", "nothing")
    manifest = parse_json(files[MANIFEST], MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise Broken(MANIFEST, f"a document of schema {SCHEMA}", "another")
    block, listed = manifest.get("block"), manifest.get("files")
    if not (
        isinstance(listed, dict)
        and isinstance(block, list)
        and [type(part) for part in block] == [int, str]
        and type(manifest.get("fromBlock")) is int
        and isinstance(manifest.get("chainId"), str)
        and re.fullmatch(r"[1-9][0-9]{0,18}", manifest["chainId"])
        and manifest.get("headers") in ("every block", "some blocks")
        and all(type(manifest.get(f"manifests{n}")) is int for n in ("KeptBack", "NotHeld"))
    ):
        raise Broken(MANIFEST, "chain, blocks and files as documented", "others")
    return manifest
