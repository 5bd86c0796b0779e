"""Shares of the money from the poorest up: the Lorenz curve, and Palma's ratio from two of them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate
from typing import Final

from chain.metrics.inequality.amounts import Accounts, checked_accounts

# Below it a tenth of the payees is less than two of them.
PALMA_PAYEES_MIN: Final = 20
_TOP: Final = Fraction(1, 10)
_BOTTOM: Final = Fraction(2, 5)


def lorenz_curve(
    amounts: Iterable[int], points_max: int | None = None
) -> tuple[tuple[Fraction, Fraction], ...]:
    """The points (share of payees, their share of the money), poorest first, from (0, 0) to (1, 1).

    At most `points_max` (2 or more) of them, evenly spaced; all n + 1 without it. Empty when there
    are no payees or no money. Raises MetricRefused for amounts that cannot be measured.
    """
    ordered = checked_accounts(amounts).amounts
    incomes = [0, *accumulate(ordered)]
    n, total = len(ordered), incomes[-1]
    if total == 0:
        return ()
    steps = n if points_max is None else min(n, points_max - 1)
    ranks = [step * n // steps for step in range(steps + 1)]
    return tuple((Fraction(rank, n), Fraction(incomes[rank], total)) for rank in ranks)


def palma(accounts: Accounts) -> Fraction | None:
    """What the best-paid tenth gets over what the worst-paid two fifths get.

    A cut through a payee takes that part of it. None below PALMA_PAYEES_MIN people, and where the
    two fifths get nothing: the ratio is beyond all numbers.
    """
    n, total = sum(accounts.people), sum(accounts.amounts)
    if n < PALMA_PAYEES_MIN:
        return None
    bottom = _of_poorest(accounts, _BOTTOM * n)
    return (total - _of_poorest(accounts, (1 - _TOP) * n)) / bottom if bottom else None


def _of_poorest(accounts: Accounts, people: Fraction) -> Fraction:
    """What that many of the poorest people get together."""
    income, left = 0, people
    for amount, count in zip(accounts.amounts, accounts.people, strict=True):
        if count > left:
            return income + left / count * amount
        income += amount
        left -= count
    return Fraction(income)
