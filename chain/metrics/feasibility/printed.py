"""Numbers as they were printed: each stands for every number that rounds to it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from chain.metrics.errors import TripleUnreadable

_COLUMNS: Final = ("jain", "theil", "gini")


@dataclass(frozen=True)
class Printed:
    """A number with its last printed place: 0.63 is anything from 0.625 to 0.635."""

    text: str
    value: Fraction
    half_place: Fraction

    @classmethod
    def of(cls, name: str, text: str) -> Printed:
        """Read a decimal number. Raises TripleUnreadable."""
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            raise TripleUnreadable(f"{name} is {text!r}, which is no decimal number") from None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            raise TripleUnreadable(f"{name} is {text!r}, which is no number to be had")
        return cls(text.strip(), Fraction(number), Fraction(10) ** exponent / 2)

    @property
    def low(self) -> Fraction:
        return self.value - self.half_place

    @property
    def high(self) -> Fraction:
        return self.value + self.half_place


@dataclass(frozen=True)
class Triple:
    """A row of a table: population Jain, Theil T in nats, Gini, all over the same payees.

    `payees` when the table says how many; with `corrected` its Gini is n / (n - 1) times the
    population's. `averaged` when the row is a mean over several groups of payees.
    """

    name: str
    jain: Printed
    theil: Printed
    gini: Printed
    payees: int | None = None
    corrected: bool = False
    averaged: bool = False

    def __post_init__(self) -> None:
        if self.payees is not None and self.payees < 1:
            raise TripleUnreadable(f"{self.name}: {self.payees} payees have no inequality")
        if self.corrected and (self.payees is None or self.payees < 2):
            raise TripleUnreadable(
                f"{self.name}: a corrected Gini needs the number of payees, 2 or more"
            )

    @property
    def gini_low(self) -> Fraction:
        """The least population Gini that the printed one allows."""
        return self.gini.low * self._correction

    @property
    def gini_high(self) -> Fraction:
        return self.gini.high * self._correction

    @property
    def _correction(self) -> Fraction:
        if not self.corrected or self.payees is None:
            return Fraction(1)
        return Fraction(self.payees - 1, self.payees)


def triples_of_csv(text: str, corrected: bool = False, averaged: bool = False) -> list[Triple]:
    """Rows of a CSV with columns name, jain, theil, gini, and perhaps payees.

    `corrected` and `averaged` are said of all of them.

    Raises TripleUnreadable with the line that cannot be read.
    """
    rows = csv.DictReader(io.StringIO(text))
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise TripleUnreadable(f"the first line names no column {', '.join(missing)}")
    triples = []
    for row in rows:
        name = row.get("name") or f"line {rows.line_num}"
        jain, theil, gini = (Printed.of(f"{name}: {key}", row[key] or "") for key in _COLUMNS)
        payees = (row.get("payees") or "").strip()
        if payees and not payees.isdecimal():
            raise TripleUnreadable(f"{name}: payees is {payees!r}, which is no whole number")
        count = int(payees) if payees else None
        triples.append(Triple(name, jain, theil, gini, count, corrected, averaged))
    if not triples:
        raise TripleUnreadable("there is no line below the columns' names")
    return triples
