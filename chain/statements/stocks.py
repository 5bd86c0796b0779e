"""How much of a work's income a payee earned, and where it is: exact, in one unit of counting.

Everything is counted in `UNIT_NUMERATOR`ths of a base unit, so that nothing is rounded and what is
below one unit is carried, not lost. Identity: earned == paid + frozen + pending + deferred +
payable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Final

from chain.ledger.identifiers import WorkId
from chain.ledger.money import Currency
from chain.ledger.rights import UNIT_NUMERATOR

# UNIT_NUMERATOR is a power of ten, so a numerator is so many more decimals of the amount.
EXTRA_DECIMALS: Final = len(str(UNIT_NUMERATOR)) - 1


@dataclass(frozen=True)
class Stocks:
    """What a payee has of one work, or of several, in `UNIT_NUMERATOR`ths of a base unit.

    `frozen`: a dispute keeps it. `pending`: its epoch's payout root is in its window, or was not
    activated yet. `deferred`: pushed, and the payee could not take it. `payable` is the rest.
    """

    earned: int = 0
    paid: int = 0
    frozen: int = 0
    pending: int = 0
    deferred: int = 0

    @property
    def withheld(self) -> int:
        return self.frozen + self.pending + self.deferred

    @property
    def payable(self) -> int:
        """What a push or a claim pays now, with what is below one base unit."""
        return self.earned - self.paid - self.withheld

    @property
    def is_nothing(self) -> bool:
        return not any(astuple(self))

    def __add__(self, other: Stocks) -> Stocks:
        return Stocks(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Stocks) -> Stocks:
        return Stocks(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))


ByWork = Mapping[WorkId, Stocks]
NOTHING: Final = Stocks()


def total(stocks: Iterable[Stocks]) -> Stocks:
    whole = NOTHING
    for each in stocks:
        whole += each
    return whole


def change(before: ByWork, after: ByWork) -> dict[WorkId, Stocks]:
    """What is different, by work ascending; works without a difference are left out."""
    found = {
        work: after.get(work, NOTHING) - before.get(work, NOTHING)
        for work in sorted(before.keys() | after.keys())
    }
    return {work: stocks for work, stocks in found.items() if not stocks.is_nothing}


def exact_text(numerator: int, currency: Currency) -> str:
    """Every digit there is, and at least the currency's own: `1.125000`, `0.0000004567`."""
    sign, whole = ("-", -numerator) if numerator < 0 else ("", numerator)
    coins, rest = divmod(whole, currency.coin_units * UNIT_NUMERATOR)
    digits = f"{rest:0{currency.decimals + EXTRA_DECIMALS}d}"
    kept = digits[: currency.decimals] + digits[currency.decimals :].rstrip("0")
    return f"{sign}{coins}.{kept}" if kept else f"{sign}{coins}"


def laid(units: int, unpaid: Mapping[WorkId, int]) -> dict[WorkId, int]:
    """Base units laid to works in their order, each taking what it is still owed; in numerators.

    The numerators sum to exactly the units where so much is owed.
    """
    left, found = units * UNIT_NUMERATOR, {}
    for work, owed in unpaid.items():
        found[work] = min(left, owed)
        left -= found[work]
    return found
