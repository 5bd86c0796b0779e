"""The sums from which everything is measured, over those who were paid anything.

Who was paid nothing adds to none of them, so both denominators follow from one pass. This is the
reference: integers without bound, and floats summed exactly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from chain.metrics.inequality.amounts import Accounts
from chain.metrics.inequality.certified import ROUNDING, Certified

_SLACK: Final = 1.01


@dataclass(frozen=True)
class PaidSums:
    """Over n people with x each, ascending, S their sum, y = n x / S; n is at least 1.

    `differences`: sum of |x - x'| over pairs of people, each pair once.
    `squares`: sum of x^2.
    `theil`, `mld`: means of y ln y and of -ln y.
    `root_gap`: 1 - mean of the root of y. `reciprocal_gap`: mean of 1/y, minus 1.
    """

    payees: int
    total: int
    differences: int
    squares: Fraction
    theil: Certified
    mld: Certified
    root_gap: Certified
    reciprocal_gap: Certified


def sums_of_paid(accounts: Accounts) -> PaidSums | None:
    """Sum over the accounts with money; None when there are none."""
    unpaid = sum(1 for amount in accounts.amounts if amount == 0)
    amounts, people = accounts.amounts[unpaid:], accounts.people[unpaid:]
    if not amounts:
        return None
    n, total = sum(people), sum(amounts)
    differences, counted = 0, 0
    squares_by_people: dict[int, int] = defaultdict(int)
    for amount, count in zip(amounts, people, strict=True):
        # Of an account's people as many of the others have less as were counted, bar ties.
        differences += (2 * counted + count - n) * amount
        counted += count
        squares_by_people[count] += amount * amount
    squares = sum((Fraction(sum_, count) for count, sum_ in squares_by_people.items()), Fraction())
    return PaidSums(n, total, differences, squares, *_means(amounts, people, n, total))


def _means(
    amounts: list[int], people: list[int], n: int, total: int
) -> tuple[Certified, Certified, Certified, Certified]:
    """The four means, each of terms that are never below zero, so that nothing cancels.

    As the mean of y is 1: y ln y has the mean of y ln y - y + 1; -ln y that of y - 1 - ln y; 1 -
    root(y) half that of (1 - root(y))^2; and 1/y - 1 that of (1 - y)^2 / y.

    Errors, with u = 2^-53: y is one correctly rounded quotient of integers (u), a logarithm is
    good to one ulp, a root to half of one. A term is then off by at most 7u |y ln y| + 3u y + 2u;
    2u y + 2u |ln y| + 2u + u t; 3u |1 - root(y)| root(y) + 3u t; 2u |1 - y| + 5u t, second order
    left to the slack, t being the term. Times its people it has two roundings more; sums are exact
    (fsum) before one rounding, and the division by n adds one more.
    """
    theils, logs, roots, reciprocals = [], [], [], []
    theil_sizes, log_sizes = [], []
    for amount, count in zip(amounts, people, strict=True):
        y = n * amount / (count * total)
        ln_y, root = math.log(y), math.sqrt(y)
        theils.append(count * (y * ln_y - y + 1.0))
        logs.append(count * (y - 1.0 - ln_y))
        roots.append(count * (1.0 - root) ** 2)
        reciprocals.append(count * ((1.0 - y) ** 2 / y))
        theil_sizes.append(count * abs(y * ln_y))
        log_sizes.append(count * abs(ln_y))
    return certified_means(
        n,
        MeanSums(
            math.fsum(theils),
            math.fsum(logs),
            math.fsum(roots),
            math.fsum(reciprocals),
            math.fsum(theil_sizes),
            math.fsum(log_sizes),
        ),
    )


@dataclass(frozen=True)
class MeanSums:
    """Sums of the terms of `_means`, and of |y ln y| and |ln y|, by which errors are bounded."""

    theil: float
    log: float
    root: float
    reciprocal: float
    theil_size: float
    log_size: float


def certified_means(n: int, sums: MeanSums) -> tuple[Certified, Certified, Certified, Certified]:
    """Means of the four terms with their bounds; a true value is never below zero."""
    theil, log, gap = sums.theil / n, sums.log / n, sums.root / (2 * n)
    reciprocal = sums.reciprocal / n
    unit = ROUNDING * _SLACK
    return (
        Certified(max(theil, 0.0), unit * (11 * sums.theil_size / n + 6)),
        Certified(max(log, 0.0), unit * (2 * sums.log_size / n + 5 * log + 5)),
        Certified(gap, unit * (9 * gap + 2)),
        Certified(reciprocal, unit * (9 * reciprocal + 5)),
    )
