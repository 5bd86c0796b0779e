"""What may be measured: whole base units, one amount per payee, none below zero."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Generic, SupportsIndex, TypeVar

from chain.metrics.errors import (
    AmountTooLarge,
    DuplicatePayee,
    NegativeAmount,
    NotBaseUnits,
    PeopleMissing,
)

Payee = TypeVar("Payee")

# What a token can hold; beyond it ratios of amounts would leave the range of floats.
AMOUNT_MAX: Final = 2**256 - 1


@dataclass(frozen=True)
class Accounts:
    """Amounts and the people each is shared by, ascending by what one of the people gets."""

    amounts: list[int]
    people: list[int]


def checked_accounts(amounts: Iterable[int], people: Iterable[int] | None = None) -> Accounts:
    """The accounts in order. Raises NotBaseUnits, NegativeAmount, AmountTooLarge, PeopleMissing."""
    listed = [_checked(position, amount) for position, amount in enumerate(amounts)]
    if people is None:
        return Accounts(sorted(listed), [1] * len(listed))
    counts = list(people)
    if len(counts) != len(listed):
        raise PeopleMissing(f"{len(listed)} amounts, but people for {len(counts)}")
    for position, count in enumerate(counts):
        if count < 1:
            raise PeopleMissing(f"account {position} stands for {count} people, not 1 or more")
    both = sorted(zip(listed, counts, strict=True), key=lambda one: Fraction(*one))
    return Accounts([amount for amount, _ in both], [count for _, count in both])


def _checked(position: int, amount: SupportsIndex) -> int:
    try:
        units = operator.index(amount)
    except TypeError:
        raise NotBaseUnits(position, amount) from None
    if units < 0:
        raise NegativeAmount(position, units)
    if units > AMOUNT_MAX:
        raise AmountTooLarge(position, units)
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
