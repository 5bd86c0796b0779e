"""What may be measured: whole base units, one amount per payee, none below zero."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Generic, SupportsIndex, TypeVar

import numpy as np
from numpy.typing import NDArray

from chain.metrics.errors import (
    AmountTooLarge,
    DuplicatePayee,
    NegativeAmount,
    NotBaseUnits,
    PeopleMissing,
)
from chain.metrics.inequality.accounts import Accounts
from chain.metrics.inequality.column import Column

Amounts = Iterable[int] | NDArray[Any]
Payee = TypeVar("Payee")

# What a token can hold, and so the most that one person may get; beyond it ratios of amounts would
# leave the range of floats.
AMOUNT_MAX: Final = 2**256 - 1


# Either gives the sums that everything is measured from, exactly.
Ordered = Accounts | Column


def in_order(amounts: Amounts, people: Iterable[int] | None = None) -> Ordered:
    """Amounts in ascending order: as a column where 64 bits hold each, else as accounts.

    Raises NotBaseUnits, NegativeAmount, AmountTooLarge, PeopleMissing.
    """
    if isinstance(amounts, np.ndarray) and amounts.dtype.kind in "iu" and people is None:
        return Column(np.sort(checked_column(amounts)))
    if people is not None:
        return _shared(list(amounts), list(people))
    listed = [checked_amount(position, amount) for position, amount in enumerate(amounts)]
    if max(listed, default=0) < 2**64:
        return Column(np.sort(np.array(listed, dtype=np.uint64)))
    return Accounts(sorted(listed), [1] * len(listed))


def checked_column(amounts: NDArray[Any]) -> NDArray[np.uint64]:
    """An array of integers as 64 bits without a sign. Raises NotBaseUnits, NegativeAmount."""
    if amounts.ndim != 1:
        raise NotBaseUnits(0, amounts[0] if amounts.ndim else amounts)
    if len(amounts) and amounts.dtype.kind == "i" and amounts.min() < 0:
        position = int(np.argmax(amounts < 0))
        raise NegativeAmount(position, int(amounts[position]))
    # None is below zero, so the bits of 64 with a sign say the same without one.
    return amounts.view(np.uint64) if amounts.dtype == np.int64 else amounts.astype(np.uint64)


def _shared(amounts: list[SupportsIndex], people: list[int]) -> Accounts:
    if len(people) != len(amounts):
        raise PeopleMissing(f"{len(amounts)} amounts, but people for {len(people)}")
    accounts = []
    for position, (amount, count) in enumerate(zip(amounts, people, strict=True)):
        if count < 1:
            raise PeopleMissing(f"account {position} stands for {count} people, not 1 or more")
        accounts.append((checked_amount(position, amount, count), count))
    both = sorted(accounts, key=lambda one: Fraction(*one))
    return Accounts([amount for amount, _ in both], [count for _, count in both])


def checked_amount(position: int, amount: SupportsIndex, people: int = 1) -> int:
    """What so many people get together, as an integer.

    Raises NotBaseUnits, NegativeAmount, AmountTooLarge.
    """
    try:
        units = operator.index(amount)
    except TypeError:
        raise NotBaseUnits(position, amount) from None
    if units < 0:
        raise NegativeAmount(position, units)
    if units > AMOUNT_MAX * people:
        raise AmountTooLarge(position, units, people)
    return units


def amounts_by_payee(payments: Iterable[tuple[Payee, int]]) -> dict[Payee, int]:
    """One amount for each payee, from pairs that must name every payee once.

    Raises DuplicatePayee: two amounts of one payee may be two payments or one payment twice, and
    only who made the list knows.
    """
    amounts: dict[Payee, int] = {}
    for payee, amount in payments:
        if payee in amounts:
            raise DuplicatePayee(str(payee))
        amounts[payee] = amount
    return amounts


@dataclass(frozen=True)
class CarriedDebts(Generic[Payee]):
    """Nets of a period, parted: `amounts` to be measured, `debts` (above zero) to carry over."""

    amounts: dict[Payee, int]
    debts: dict[Payee, int]

    @property
    def debtors(self) -> int:
        return len(self.debts)

    @property
    def owed(self) -> int:
        """What all debtors owe together, in base units."""
        return sum(self.debts.values())


def carry_debts(nets: Mapping[Payee, int]) -> CarriedDebts[Payee]:
    """Part the nets of one period: who is below zero is left out, and owes that next period.

    Publish `debtors` and `owed` beside every measure of `amounts`.
    """
    amounts = {payee: net for payee, net in nets.items() if net >= 0}
    return CarriedDebts(amounts, {payee: -net for payee, net in nets.items() if net < 0})
