"""Shares of the money from the poorest up: the Lorenz curve, and Palma's ratio from two of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from chain.metrics.inequality.amounts import Amounts, Ordered, in_order

# Below it a tenth of the payees is less than two of them.
PALMA_PAYEES_MIN: Final = 20
_TOP: Final = Fraction(1, 10)
_BOTTOM: Final = Fraction(2, 5)


def lorenz_curve(
    amounts: Amounts, points_max: int | None = None
) -> tuple[tuple[Fraction, Fraction], ...]:
    """The points (share of payees, their share of the money), poorest first, from (0, 0) to (1, 1).

    At most `points_max` (2 or more) of them, evenly spaced; all n + 1 without it. Empty when there
    are no payees or no money. Raises MetricRefused for amounts that cannot be measured.
    """
    ordered = in_order(amounts)
    n = ordered.payees
    steps = n if points_max is None else min(n, points_max - 1)
    ranks = [step * n // steps for step in range(steps + 1)] if n else []
    incomes = ordered.incomes_below(ranks)
    if not any(incomes):
        return ()
    total = incomes[-1]
    return tuple((Fraction(r, n), Fraction(i, total)) for r, i in zip(ranks, incomes, strict=True))


def palma(ordered: Ordered, total: int) -> Fraction | None:
    """What the best-paid tenth of `total` gets over what the worst-paid two fifths get.

    A cut through a payee takes that part of it. None below PALMA_PAYEES_MIN people, and where the
    two fifths get nothing: the ratio is beyond all numbers.
    """
    n = ordered.payees
    if n < PALMA_PAYEES_MIN:
        return None
    bottom = ordered.of_poorest(_BOTTOM * n)
    top = total - ordered.of_poorest((1 - _TOP) * n)
    return top / bottom if bottom else None
