"""Files of who heard what: what they mean, and every line that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils import keccak

from api.listening_files import FileRefused, read_listening, read_names
from chain.ledger.identifiers import ZERO_ADDRESS, WorkId, address_from_bytes
from chain.ledger.money import Currency

COINS = Currency(ZERO_ADDRESS, "aUSD", 6)
WORKS = {WorkId(1), WorkId(2)}
PAYEE = address_from_bytes(b"\x11" * 20)
HEADER = "listener,work,plays,fee\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "listening.csv"


def test_listeners_are_hashed_and_other_works_left_out(file: Path) -> None:
    file.write_text(
        f"\ufeff{HEADER}ana,1,30,9.99\nana,2,3,9.99\nana,7,100,9.99\nben,8,1,5\ncarl,,,4.5\n",
        encoding="utf-8",
    )

    found = read_listening(file, WORKS, COINS)

    assert [(each.name, each.fee, dict(each.plays)) for each in found.listeners] == [
        (keccak(text="ana"), 9_990_000, {1: 30, 2: 3}),
        (keccak(text="carl"), 4_500_000, {}),
    ]
    # Ben heard nothing of ours, which is not the same as nothing.
    assert (found.elsewhere, found.lines_elsewhere) == (1, 2)


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ("listener,work,plays\nana,1,1\n", 1, "the first line must be listener,work,plays,fee"),
        ("", 1, "the first line must be"),
        (f"{HEADER}ana,1,1\n", 2, "not 4 columns"),
        (f"{HEADER}ana,1,1,1,1\n", 2, "not 4 columns"),
        (f"{HEADER},1,1,1\n", 2, "a listener is needed"),
        (f"{HEADER}ana,one,1,1\n", 2, "work is 'one': a whole number is needed"),
        (f"{HEADER}ana,1,many,1\n", 2, "plays is 'many'"),
        (f"{HEADER}ana,1,-1,1\n", 2, "plays is '-1'"),
        (f"{HEADER}ana,1,1,-1\n", 2, "amount"),
        (f"{HEADER}ana,1,1,1.1234567\n", 2, "6 decimals"),
        (f"{HEADER}ana,1,1,1\nana,1,2,1\n", 3, "work 1 is there twice"),
        (f"{HEADER}ana,1,1,1\nana,2,2,2\n", 3, "this listener's fee was 1.000000 before"),
        (f"{HEADER}ana,1,1,1\nana,,,1\n", 1, "a listener has a line without a work"),
        (f'{HEADER}"ana,1,1,1\n', 0, "no CSV"),
        (f"{HEADER}ana,1,{2**64},1\n", 2, "plays is '18446744073709551616'"),
    ],
)
def test_lines_that_cannot_be_meant_are_refused_by_number(
    file: Path, lines: str, line: int, reason: str
) -> None:
    file.write_text(lines)

    with pytest.raises(FileRefused) as caught:
        read_listening(file, WORKS, COINS)

    assert reason in str(caught.value)
    assert "Next: " in str(caught.value)
    assert caught.value.line == line


def test_what_is_no_file_or_no_text_is_refused(file: Path) -> None:
    with pytest.raises(FileRefused, match="No such file"):
        read_listening(file, WORKS, COINS)
    file.write_bytes(b"listener,work,plays,fee\n\xff\xfe,1,1,1\n")
    with pytest.raises(FileRefused, match="UTF-8"):
        read_listening(file, WORKS, COINS)


def test_too_long_a_file_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.listening_files.LINES_MAX", 2)
    file.write_text(f"{HEADER}ana,1,1,1\nben,1,1,1\n")

    with pytest.raises(FileRefused, match="more than 2 lines"):
        read_listening(file, WORKS, COINS)


def test_names_are_read_and_a_payee_has_one(file: Path) -> None:
    file.write_text(f"payee,name\n{PAYEE},Ọlábísí Adé\n", encoding="utf-8")
    assert read_names(file) == {PAYEE: "Ọlábísí Adé"}

    file.write_text(f"payee,name\n{PAYEE},one\n{PAYEE},two\n")
    with pytest.raises(FileRefused, match="there twice"):
        read_names(file)
    file.write_text("payee,name\n0x12,one\n")
    with pytest.raises(FileRefused, match="line 2: address"):
        read_names(file)
