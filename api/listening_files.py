"""Who heard what, and who is who, from CSV files of a community's own; nothing of them is sent.

Listeners are hashed as they are read: what is compared and shown knows no name of any.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.errors import ApplicationError
from chain.ledger.errors import LedgerError
from chain.ledger.identifiers import UINT64_MAX, Address, Digest, WorkId, address
from chain.ledger.keccak import keccak256
from chain.ledger.money import Currency
from chain.ledger.sharing import Listener

LISTENING: Final = ("listener", "work", "plays", "fee")
NAMES: Final = ("payee", "name")
LINES_MAX: Final = 2_000_000


class FileRefused(ApplicationError):
    """A line that cannot be what it says, with its number."""

    code = "file-refused"

    def __init__(self, path: Path, line: int, reason: object) -> None:
        self.line = line
        super().__init__(f"{path}, line {line}: {reason}. Next: correct that and run it again")


@dataclass(frozen=True)
class Listening:
    """`listeners` heard works of the community, or nothing at all; `elsewhere` heard others alone,
    and `lines_elsewhere` are lines of such works: their money is not in this community's pool."""

    listeners: tuple[Listener, ...]
    elsewhere: int
    lines_elsewhere: int


def read_listening(path: Path, works: AbstractSet[WorkId], currency: Currency) -> Listening:
    """Read listener,work,plays,fee; fees are in coins, the same on every line of a listener. A
    listener who heard nothing has one line without work and plays. Raises FileRefused."""
    fees: dict[Digest, int] = {}
    plays: dict[Digest, dict[int, int]] = {}
    silent: set[Digest] = set()
    lines_elsewhere = 0
    for number, row in _rows(path, LISTENING):
        with _told(path, number):
            name = Digest(keccak256(row["listener"].encode()))
            fee = currency.units(row["fee"])
            if not row["listener"]:
                raise ValueError("a listener is needed")
            if fees.setdefault(name, fee) != fee:
                raise ValueError(f"this listener's fee was {currency.text(fees[name])} before")
            heard = plays.setdefault(name, {})
            if not row["work"]:
                silent.add(name)
                continue
            work, count = WorkId(_whole(row, "work")), _whole(row, "plays")
            if work in heard:
                raise ValueError(f"work {work} is there twice for this listener: add up its plays")
            heard[work] = count
            lines_elsewhere += work not in works
    crowd, elsewhere = [], 0
    for name, heard in plays.items():
        if name in silent and heard:
            raise FileRefused(path, 1, "a listener has a line without a work and lines with some")
        here = {work: count for work, count in heard.items() if work in works}
        if heard and not here:
            elsewhere += 1
        else:
            crowd.append(Listener(name, fees[name], here))
    return Listening(tuple(crowd), elsewhere, lines_elsewhere)


def read_names(path: Path) -> Mapping[Address, str]:
    """Read payee,name. Raises FileRefused."""
    names: dict[Address, str] = {}
    for number, row in _rows(path, NAMES):
        with _told(path, number):
            payee = address(row["payee"])
            if payee in names:
                raise ValueError(f"{payee} is there twice")
            names[payee] = row["name"]
    return names


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if reader.fieldnames is None or [n.strip() for n in reader.fieldnames] != list(columns):
                raise FileRefused(path, 1, f"the first line must be {','.join(columns)}")
            for row in reader:
                if reader.line_num > LINES_MAX:
                    raise FileRefused(path, reader.line_num, f"more than {LINES_MAX:,} lines")
                values = list(row.values())
                if len(values) != len(columns) or None in values:
                    raise FileRefused(path, reader.line_num, f"not {len(columns)} columns")
                stripped = (str(value).strip() for value in values)
                yield reader.line_num, dict(zip(columns, stripped, strict=True))
    except OSError as error:
        raise FileRefused(path, 0, error.strerror or error) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(path, 0, f"no CSV in UTF-8 ({error})") from error


def _whole(row: Mapping[str, str], column: str) -> int:
    text = row[column]
    if not text.isdecimal() or int(text) > UINT64_MAX:
        raise ValueError(f"{column} is {text[:30]!r}: a whole number is needed")
    return int(text)


@contextmanager
def _told(path: Path, number: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, LedgerError) as error:
        raise FileRefused(path, number, error) from error
