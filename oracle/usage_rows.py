"""Rows of a platform's usage file, JSON lines or CSV: each becomes a play, or the reason why not.

A row is one line. JSON: `{"licence": 3, "generation": "0x…16 digits", "line": "id in the platform's
own log", "occurredAt": 1800000000}`; CSV: a header with the same four names in any order, then
their values. `occurredAt` is Unix seconds or RFC 3339 with its offset. Files are read a line at a
time, whatever their size; a bad row spoils no other.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO, Final

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from chain.ledger.keccak import keccak256
from chain.ledger.usage import UsageEvent, UsageKind
from oracle.errors import EvidenceMalformed, UsageFileUnreadable

LINE_ID_PREFIX: Final = b"antiphon.line.1"
LINE_BYTES_MAX: Final = 4_096
COLUMNS: Final = ("licence", "generation", "line", "occurredAt")
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_OTHER_BOMS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_GENERATION: Final = re.compile(r"(?:0x)?[0-9a-fA-F]{1,16}")
_DECIMAL: Final = re.compile(r"[0-9]{1,20}")


class UsageFormat(StrEnum):
    """How a usage file is written."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class Row:
    """One line of a file, counted from 1: an event, or the reason why it is none."""

    number: int
    event: UsageEvent | None
    reason: str = ""


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file without their ends. Of one that is too long only as much is read into
    memory as says so: `LINE_BYTES_MAX + 1` bytes."""
    while line := file.readline(LINE_BYTES_MAX + 2):
        kept = line
        while len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_BYTES_MAX + 2)
            if not line:
                break
        yield kept.rstrip(b"\r\n")[: LINE_BYTES_MAX + 1]


def read_rows(lines: Iterable[bytes], form: UsageFormat, platform: Address) -> Iterator[Row]:
    """Every row that is not blank, in order.

    Raises UsageFileUnreadable at the first line: a file of another encoding, a CSV header with
    other names, no line at all.
    """
    numbered = enumerate(lines, start=1)
    first = next(numbered, None)
    if first is None:
        raise UsageFileUnreadable("it is empty", "write one use a line")
    head = _without_bom(first[1])
    read: Any = _from_json
    if form is UsageFormat.CSV:
        read = _csv_reader(head)
    else:
        yield from _rows([(1, head)], read, platform)
    yield from _rows(numbered, read, platform)


def play_of(fields: dict[str, Any], platform: Address) -> UsageEvent:
    """The play that a row's four fields say. Raises EvidenceMalformed or Malformed."""
    line_id = _field(fields, "line", str)
    if not line_id:
        raise EvidenceMalformed("line", "is empty")
    try:
        named = line_id.encode()
    except UnicodeEncodeError as error:
        raise EvidenceMalformed("line", "is no Unicode text: half of a surrogate pair") from error
    # The platform's own line id may be any text; two platforms may use the same one.
    source = keccak256(LINE_ID_PREFIX + platform.lower().encode() + named)
    generation = _field(fields, "generation", str)
    if _GENERATION.fullmatch(generation) is None:
        raise EvidenceMalformed("generation", "is no 0x-hexadecimal id of 64 bits")
    return UsageEvent(
        UsageKind.PLAY,
        LicenceId(_field(fields, "licence", int)),
        GenerationId(int(generation, 16)),
        Digest(source),
        _time(fields),
    )


def _rows(numbered: Iterable[tuple[int, bytes]], read: Any, platform: Address) -> Iterator[Row]:
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            yield Row(number, play_of(read(_text(line)), platform))
        except EvidenceMalformed as fault:
            yield Row(number, None, f"{fault.field}: {fault.reason}")
        except Malformed as fault:
            yield Row(number, None, str(fault))


def _without_bom(line: bytes) -> bytes:
    for mark, encoding in _OTHER_BOMS.items():
        if line.startswith(mark):
            raise UsageFileUnreadable(f"it is written in {encoding}", "save it as UTF-8")
    return line.removeprefix(_UTF8_BOM)


def _text(line: bytes) -> str:
    if len(line) > LINE_BYTES_MAX:
        raise EvidenceMalformed("row", f"has more than {LINE_BYTES_MAX} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise EvidenceMalformed("row", f"is no UTF-8 from byte {error.start} on") from error


def _from_json(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EvidenceMalformed("row", "is no JSON") from error
    if not isinstance(fields, dict):
        raise EvidenceMalformed("row", "is no JSON object")
    return fields


def _csv_reader(head: bytes) -> Any:
    try:
        columns = [name.strip() for name in _cells(_text(head))]
    except EvidenceMalformed as fault:
        raise UsageFileUnreadable(f"its header {fault.reason}", _HEADER_ADVICE) from fault
    if sorted(columns) != sorted(COLUMNS):
        named = ", ".join(columns)[:200]
        raise UsageFileUnreadable(f"its header names {named}", _HEADER_ADVICE)

    def read(text: str) -> dict[str, Any]:
        cells = _cells(text)
        if len(cells) != len(columns):
            raise EvidenceMalformed("row", f"has {len(cells)} values, not {len(columns)}")
        fields: dict[str, Any] = dict(zip(columns, cells, strict=True))
        for name in ("licence", "occurredAt"):
            if _DECIMAL.fullmatch(fields[name].strip()):
                fields[name] = int(fields[name])
        return fields

    return read


_HEADER_ADVICE: Final = f"begin it with the line {','.join(COLUMNS)}"


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise EvidenceMalformed("row", f"is no CSV line: {error}") from error


def _time(fields: dict[str, Any]) -> int:
    """Unix seconds of a row's `occurredAt`; fractions of a second are dropped."""
    value = fields.get("occurredAt")
    if not isinstance(value, str):
        return int(_field(fields, "occurredAt", int))
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise EvidenceMalformed("occurredAt", "is no Unix time and no RFC 3339 time") from error
    if moment.tzinfo is None:
        raise EvidenceMalformed("occurredAt", "does not say its offset: end it with Z or +02:00")
    return int(moment.timestamp() // 1)


def _field(fields: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = fields.get(name)
    # A bool is an int to Python, and no number in a log.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise EvidenceMalformed(name, f"is missing or no {_KIND_NAMES[kind]}")
    return value


_KIND_NAMES: Final = {int: "whole number", str: "text"}
