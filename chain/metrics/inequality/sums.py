"""The sums from which everything is measured, over those who were paid anything.

Who was paid nothing adds to none of them, so both denominators follow from one pass.

Four of them are means of real numbers, each taken over terms that are never below zero, so that
nothing cancels. As the mean of y is 1: y ln y has the mean of y ln y - y + 1; -ln y that of y - 1 -
ln y; 1 - root(y) half that of (1 - root(y))^2; and 1/y - 1 that of (1 - y)^2 / y.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

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


@dataclass(frozen=True)
class MeanSums:
    """Sums of the terms of the four means, and of |y ln y| and |ln y|, which bound their errors."""

    theil: float
    log: float
    root: float
    reciprocal: float
    theil_size: float
    log_size: float


@dataclass(frozen=True)
class Roundings:
    """How many roundings, of at most 2^-53 each, a way of summing puts into y, into a logarithm of
    given y, and into a sum of terms that are not below zero."""

    ratio: int
    log: int
    sum: int


def certified_means(
    n: int, sums: MeanSums, by: Roundings
) -> tuple[Certified, Certified, Certified, Certified]:
    """The means of n terms with their bounds: theil, mld, root_gap, reciprocal_gap of PaidSums.

    With u = 2^-53 and a, b, s the roundings of y, logarithm and sum, a term t is off by at most
    a times |y dt/dy| u and the roundings of its own operations:
    (a + b + 2) |y ln y| + y + t;  (a + 1) |y - 1| + b |ln y| + t;
    (a + 2) root(y) |1 - root(y)| + 3 t;  a (y + 1/y) + 4 t.
    Times its people a term has two roundings more, a sum s, the division by n one; y has the mean
    1, |y - 1| at most 2, and 2 root(y) |1 - root(y)| is at most y + t. Second order is the slack's.
    """
    theil, log, gap = sums.theil / n, sums.log / n, sums.root / (2 * n)
    reciprocal = sums.reciprocal / n
    a, b, s = by.ratio, by.log, by.sum
    unit = ROUNDING * _SLACK
    return (
        Certified(theil, unit * ((a + b + s + 6) * sums.theil_size / n + 1)),
        Certified(log, unit * (b * sums.log_size / n + (s + 4) * log + 2 * a + 2)),
        Certified(gap, unit * ((a + s + 8) * gap + (a + 2) / 4)),
        Certified(reciprocal, unit * ((a + s + 7) * reciprocal + 2 * a)),
    )
