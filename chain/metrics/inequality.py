"""How unequally money reaches payees: exact, from whole base units, with a policy for nothing.

Gini, Jain, HHI and the effective number of payees are fractions, not floats; Theil's T comes with a
bound on its error. Amounts are the payees of a census, so nothing here estimates a population.
No payees, or no money, measure None: neither equality nor inequality is true of nothing.
Sources: Gini 1912; Theil 1967; Jain, Chiu and Hawe 1984; Shorrocks 1980.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from chain.metrics.errors import NegativeAmount

# Half the distance from 1 to the next double: the relative error of one rounded operation.
_ROUNDING: Final = 2.0**-53
_BOUND_PER_TERM: Final = 9.0
_BOUND_FLAT: Final = 6.0
_BOUND_SLACK: Final = 1.01


@dataclass(frozen=True)
class Certified:
    """A real number known to within `error`, above and below `value`."""

    value: float
    error: float


@dataclass(frozen=True)
class Inequality:
    """One population of payees, measured. `total` in base units; `theil` in nats.

    `gini_corrected` is Gini times n / (n - 1), None for one payee; everything is None when there
    are no payees or no money.
    """

    payees: int
    paid_payees: int
    total: int
    gini: Fraction | None
    gini_corrected: Fraction | None
    theil: Certified | None
    jain: Fraction | None
    hhi: Fraction | None
    effective_payees: Fraction | None


@dataclass(frozen=True)
class InequalityPair:
    """Both denominators: who is counted can decide the answer, so neither is shown alone."""

    registered: Inequality
    paid: Inequality


def measure(amounts: Iterable[int]) -> Inequality:
    """Measure amounts in base units, one per payee, in any order; zeros count as payees.

    Raises NegativeAmount for the first amount below zero.
    """
    ordered = _checked(amounts)
    n, total = len(ordered), sum(ordered)
    paid_payees = sum(1 for amount in ordered if amount)
    if total == 0:
        return Inequality(n, paid_payees, 0, None, None, None, None, None, None)
    ranked = sum(rank * amount for rank, amount in enumerate(ordered, start=1))
    squares = sum(amount * amount for amount in ordered)
    gini = Fraction(2 * ranked - (n + 1) * total, n * total)
    hhi = Fraction(squares, total * total)
    return Inequality(
        payees=n,
        paid_payees=paid_payees,
        total=total,
        gini=gini,
        gini_corrected=gini * n / (n - 1) if n > 1 else None,
        theil=_theil(ordered, total),
        jain=1 / (n * hhi),
        hhi=hhi,
        effective_payees=1 / hhi,
    )


def measure_both(registered: Iterable[int]) -> InequalityPair:
    """Measure all registered payees, and those alone that were paid anything."""
    amounts = _checked(registered)
    return InequalityPair(measure(amounts), measure(amount for amount in amounts if amount))


def lorenz_curve(
    amounts: Iterable[int], points_max: int | None = None
) -> tuple[tuple[Fraction, Fraction], ...]:
    """The points (share of payees, their share of the money), poorest first, from (0, 0) to (1, 1).

    At most `points_max` (2 or more) of them, evenly spaced; all n + 1 without it. Empty when there
    are no payees or no money. Raises NegativeAmount.
    """
    ordered = _checked(amounts)
    incomes = [0, *accumulate(ordered)]
    n, total = len(ordered), incomes[-1]
    if total == 0:
        return ()
    steps = n if points_max is None else min(n, points_max - 1)
    ranks = [step * n // steps for step in range(steps + 1)]
    return tuple((Fraction(rank, n), Fraction(incomes[rank], total)) for rank in ranks)


def _checked(amounts: Iterable[int]) -> list[int]:
    listed = list(amounts)
    for position, amount in enumerate(listed):
        if amount < 0:
            raise NegativeAmount(position, amount)
    return sorted(listed)


def _theil(amounts: Sequence[int], total: int) -> Certified:
    """T = mean of y ln y with y = n x / S, as the mean of y ln y - y + 1, whose terms are >= 0.

    The ys sum to n, so the two are equal, and no large terms cancel. Each y is one correctly
    rounded quotient of integers (relative error u = 2^-53); with a logarithm good to one ulp, a
    term is off by at most 7u |y ln y| + 3u y + 2u, second order included. The sum is exact before
    its one rounding (fsum), and the division by n adds one more.
    """
    n = len(amounts)
    terms, magnitudes = [], []
    for amount in amounts:
        y = n * amount / total
        y_ln_y = y * math.log(y) if amount else 0.0
        terms.append(y_ln_y - y + 1.0)
        magnitudes.append(abs(y_ln_y))
    magnitude = math.fsum(magnitudes) / n
    error = _ROUNDING * (_BOUND_PER_TERM * magnitude + _BOUND_FLAT) * _BOUND_SLACK
    # The true value is never below zero, so neither is what is shown.
    return Certified(max(math.fsum(terms) / n, 0.0), error)
