"""Rows of usage files: the same play from JSON and CSV, and every reason why a line is none."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from eth_utils import keccak

from chain.ledger.usage import UsageKind
from oracle.errors import UsageFileUnreadable
from oracle.usage_rows import LINE_BYTES_MAX, Row, UsageFormat, bounded_lines, read_rows
from tests.oracle.evidence_fixtures import NOW, PLATFORM

HEADER = b"licence,generation,line,occurredAt\n"


def rows_of(data: bytes, form: UsageFormat = UsageFormat.JSONL) -> list[Row]:
    return list(read_rows(bounded_lines(io.BytesIO(data)), form, PLATFORM.address))


def a_line(**changes: object) -> bytes:
    row = {"licence": 3, "generation": "0x07", "line": "play 1", "occurredAt": NOW}
    return json.dumps(row | changes).encode()


def test_a_json_line_is_a_play_named_by_the_platforms_own_line() -> None:
    (row,) = rows_of(a_line())

    assert row.event is not None
    source = keccak(b"antiphon.line.1" + PLATFORM.address.lower().encode() + b"play 1")
    assert row.event.source_key == source
    assert (row.number, row.event.kind, row.event.licence_id) == (1, UsageKind.PLAY, 3)
    assert (row.event.generation_id, row.event.occurred_at) == (7, NOW)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + b"3,0x07,play 1,1800000000\n",
        b"\xef\xbb\xbf" + HEADER + b"3,0x07,play 1,1800000000",
        b'occurredAt,"line",generation,licence\r\n1800000000,"play 1",0x0000000000000007,3\r\n',
        b" licence , generation , line , occurredAt \n 3 ,07,play 1,2027-01-15T08:00:00Z\n",
        HEADER + b"\n3,0x07,play 1,2027-01-15T10:00:00.75+02:00\n\n",
    ],
)
def test_csv_says_the_same_in_any_order_of_columns(data: bytes) -> None:
    (row,) = rows_of(data, UsageFormat.CSV)

    (json_row,) = rows_of(a_line())
    assert row.event == json_row.event


def test_rows_are_numbered_as_an_editor_numbers_lines() -> None:
    csv_rows = rows_of(HEADER + b"\n3,7,a,1\nbad\n3,7,b,1\n", UsageFormat.CSV)
    json_rows = rows_of(b"\n" + a_line() + b"\n\nbad\n" + a_line(line="b"))

    assert [(row.number, row.event is not None) for row in csv_rows] == [
        (3, True),
        (4, False),
        (5, True),
    ]
    assert [row.number for row in json_rows] == [2, 4, 5]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "row: is no JSON"),
        (b"[1]", "row: is no JSON object"),
        (b"[" * 4_000, "row: is no JSON"),
        (a_line() + b"\xff", f"row: is no UTF-8 from byte {len(a_line())} on"),
        (a_line(line="x" * 5_000), "row: has more than 4096 bytes"),
        (a_line(licence=True), "licence: is missing or no whole number"),
        (a_line(licence=3.0), "licence: is missing or no whole number"),
        (a_line(licence=2**64), "licence id: 18446744073709551616 is outside 0 to 2^64 - 1"),
        (a_line(generation=7), "generation: is missing or no text"),
        (a_line(generation="1_0"), "generation: is no 0x-hexadecimal id of 64 bits"),
        (a_line(generation="-7"), "generation: is no 0x-hexadecimal id of 64 bits"),
        (a_line(generation="0x" + "f" * 17), "generation: is no 0x-hexadecimal id of 64 bits"),
        (a_line(line=""), "line: is empty"),
        (a_line(line=None), "line: is missing or no text"),
        (
            b'{"licence": 3, "generation": "7", "line": "\\ud800", "occurredAt": 1}',
            "line: is no Unicode text: half of a surrogate pair",
        ),
        (a_line(occurredAt=-1), "time of use: -1 is outside 0 to 2^64 - 1"),
        (a_line(occurredAt=1.5), "occurredAt: is missing or no whole number"),
        (a_line(occurredAt="yesterday"), "occurredAt: is no Unix time and no RFC 3339 time"),
        (
            a_line(occurredAt="2027-01-15T08:00:00"),
            "occurredAt: does not say its offset: end it with Z or +02:00",
        ),
        (a_line(occurredAt="1901-01-01T00:00:00Z"), "time of use: -2177452800 is outside"),
    ],
)
def test_a_bad_json_line_is_named_and_spoils_no_other(line: bytes, reason: str) -> None:
    before, bad, after = rows_of(a_line() + b"\n" + line + b"\n" + a_line(line="after"))

    assert (bad.number, bad.event) == (2, None)
    assert bad.reason.startswith(reason)
    assert before.event is not None
    assert after.event is not None
    assert after.number == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"3,7,a", "row: has 3 values, not 4"),
        (b"3,7,a,1,2", "row: has 5 values, not 4"),
        (b'3,7,"a,1', "row: is no CSV line"),
        (b'3,7,"a"b,1', "row: is no CSV line"),
        (b"three,7,a,1", "licence: is missing or no whole number"),
        (b"-3,7,a,1", "licence: is missing or no whole number"),
        (b"3,seven,a,1", "generation: is no 0x-hexadecimal id of 64 bits"),
        (b"3,7,,1", "line: is empty"),
        (b"3,7,\xe4,1", "row: is no UTF-8 from byte 4 on"),
        (b"3,7,a,noon", "occurredAt: is no Unix time and no RFC 3339 time"),
    ],
)
def test_a_bad_csv_line_is_named_and_spoils_no_other(line: bytes, reason: str) -> None:
    bad, after = rows_of(HEADER + line + b"\n3,7,after,1\n", UsageFormat.CSV)

    assert bad.event is None
    assert bad.reason.startswith(reason)
    assert (after.number, after.event is not None) == (3, True)


@pytest.mark.parametrize(
    ("data", "form", "reason"),
    [
        (b"", UsageFormat.JSONL, "it is empty"),
        (b"", UsageFormat.CSV, "it is empty"),
        ("licence".encode("utf-16"), UsageFormat.CSV, "UTF-16"),
        (b"\xfe\xff\0{", UsageFormat.JSONL, "UTF-16"),
        ("licence".encode("utf-32"), UsageFormat.JSONL, "UTF-32"),
        (b"3,7,a,1\n", UsageFormat.CSV, "its header names 3, 7, a, 1"),
        (b"licence;generation;line;occurredAt\n", UsageFormat.CSV, "its header names licence;"),
        (b"licence,generation,line\n", UsageFormat.CSV, "its header names"),
        (b"licence,licence,generation,line,occurredAt\n", UsageFormat.CSV, "its header names"),
        (b'"licence,generation\n', UsageFormat.CSV, "its header is no CSV line"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    data: bytes, form: UsageFormat, reason: str
) -> None:
    with pytest.raises(UsageFileUnreadable) as refusal:
        rows_of(data, form)

    assert refusal.value.reason.startswith(("it is", "its header"))
    assert reason in refusal.value.reason
    assert "; " in str(refusal.value)


class Endless(io.RawIOBase):
    """One long line, made as it is read; remembers how much was asked for at once."""

    left = 0
    most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.most = max(self.most, size)
        given = min(size, self.left)
        self.left -= given
        return b"x" * given


def test_a_line_without_end_takes_no_memory() -> None:
    file = Endless()
    file.left = 10 * LINE_BYTES_MAX

    def lines() -> Iterator[bytes]:
        yield from bounded_lines(file)  # type: ignore[arg-type]

    (line,) = lines()

    assert len(line) == LINE_BYTES_MAX + 1
    assert file.most <= LINE_BYTES_MAX + 2
    assert file.left == 0
