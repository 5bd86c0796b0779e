"""A summary of any number of amounts in some kilobytes, with proven bounds on both sides.

Amounts fall into buckets: an octave is divided into 2^bits of equal width. A bucket keeps how many
amounts it has and their sum, both exactly; so summaries of parts add up to that of the whole, in
any order, and what they say of Gini, Theil and Jain holds for every set of amounts that could lie
in those buckets. Least unequal is a bucket whose amounts are all its mean, most unequal one whose
amounts all lie at its two ends.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.metrics.errors import SketchesDiffer
from chain.metrics.inequality.amounts import Amounts, checked_amount, checked_column
from chain.metrics.inequality.certified import ROUNDING
from chain.metrics.inequality.measures import measure

BITS: Final = 6
BITS_MAX: Final = 16
# Halves of 32 bits of so many amounts add up exactly in a float.
_ROWS: Final = 2**20


class Bucket(NamedTuple):
    """Of the amounts from `low` to `high`, both included: how many payees, and their sum."""

    low: int
    high: int
    payees: int
    total: int


@dataclass(frozen=True)
class SketchBounds:
    """What is certain of the amounts summarised; `payees`, `paid_payees`, `total` exactly.

    Pairs are (at least, at most); Theil in nats. None without money.
    """

    payees: int
    paid_payees: int
    total: int
    gini: tuple[Fraction, Fraction] | None
    jain: tuple[Fraction, Fraction] | None
    theil: tuple[float, float] | None


class InequalitySketch:
    """A summary that amounts are added to, one by one or as columns, and that merges with others.

    More bits, narrower bounds: each two make Gini's about sixteen times narrower and the summary
    four times larger.
    """

    def __init__(self, bits: int = BITS) -> None:
        if not 0 <= bits <= BITS_MAX:
            raise ValueError(f"{bits} bits, not 0 to {BITS_MAX}")
        self.bits = bits
        self._counts: dict[int, int] = defaultdict(int)
        self._totals: dict[int, int] = defaultdict(int)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InequalitySketch):
            return NotImplemented
        return (self.bits, list(self.stored())) == (other.bits, list(other.stored()))

    def add(self, amounts: Amounts) -> None:
        """Add amounts in base units; a numpy array of integers goes by columns.

        Raises NotBaseUnits, NegativeAmount, AmountTooLarge; what came before the culprit in a list
        is added by then, of an array nothing.
        """
        if isinstance(amounts, np.ndarray) and amounts.dtype.kind in "iu":
            column = checked_column(amounts)
            for start in range(0, len(column), _ROWS):
                self._add_column(column[start : start + _ROWS])
            return
        for position, amount in enumerate(amounts):
            units = checked_amount(position, amount)
            index = self._index(units)
            self._counts[index] += 1
            self._totals[index] += units

    def merge(self, other: InequalitySketch) -> None:
        """Add what another summary has. Raises SketchesDiffer for one of other bits."""
        if other.bits != self.bits:
            raise SketchesDiffer(self.bits, other.bits)
        for index, count in other._counts.items():
            self._counts[index] += count
            self._totals[index] += other._totals[index]

    def add_bucket(self, index: int, count: int, total: int) -> None:
        """Add what a stored bucket has. Raises ValueError where no amounts could."""
        low, high = self._ends(index)
        if count < 1 or not count * low <= total <= count * high:
            raise ValueError(f"{count} amounts from {low} to {high} cannot sum to {total}")
        self._counts[index] += count
        self._totals[index] += total

    def stored(self) -> Iterator[tuple[int, int, int]]:
        """Index, count and total of every bucket that has amounts, ascending."""
        for index in sorted(self._counts):
            yield index, self._counts[index], self._totals[index]

    def buckets(self) -> Iterator[Bucket]:
        """Every bucket that has amounts, ascending."""
        for index, count, total in self.stored():
            yield Bucket(*self._ends(index), count, total)

    def bounds(self) -> SketchBounds:
        """What is certain of the amounts."""
        buckets = list(self.buckets())
        totals = [bucket.total for bucket in buckets]
        # Each bucket shared equally inside: the least inequality there can be.
        least = measure(totals, [bucket.payees for bucket in buckets])
        n, total = least.payees, least.total
        if least.gini is None or least.hhi is None or least.theil is None:
            return SketchBounds(n, 0, 0, None, None, None)
        squares = least.hhi * total**2 + sum(_squares_beyond(bucket) for bucket in buckets)
        theil_beyond = _theil_beyond(buckets, total)
        return SketchBounds(
            payees=n,
            paid_payees=least.paid_payees,
            total=total,
            gini=(least.gini, least.gini + _differences_beyond(buckets) / (n * total)),
            jain=(total**2 / (n * squares), 1 / (n * least.hhi)),
            theil=(
                max(least.theil.value - least.theil.error, 0.0),
                least.theil.value + least.theil.error + theil_beyond,
            ),
        )

    def _index(self, amount: int) -> int:
        """0 for nothing; then octave by octave, from 1."""
        if amount == 0:
            return 0
        octave = amount.bit_length() - 1
        within = amount - (1 << octave)
        shift = octave - self.bits
        return 1 + (octave << self.bits) + (within >> shift if shift > 0 else within << -shift)

    def _ends(self, index: int) -> tuple[int, int]:
        """The least and the largest whole amount of a bucket."""
        if index == 0:
            return 0, 0
        octave, step = divmod(index - 1, 1 << self.bits)
        shift = octave - self.bits
        low = (1 << octave) + (step << shift if shift > 0 else step >> -shift)
        return low, low + (1 << max(shift, 0)) - 1

    def _add_column(self, amounts: NDArray[np.uint64]) -> None:
        indices = self._indices(amounts)
        low, high = amounts & 0xFFFFFFFF, amounts >> 32
        counts = np.bincount(indices)
        lows, highs = (np.bincount(indices, weights=half) for half in (low, high))
        for index in np.flatnonzero(counts):
            self._counts[int(index)] += int(counts[index])
            self._totals[int(index)] += int(lows[index]) + (int(highs[index]) << 32)

    def _indices(self, amounts: NDArray[np.uint64]) -> NDArray[np.int64]:
        one = np.uint64(1)
        octaves = np.maximum(np.frexp(amounts.astype(np.float64))[1] - 1, 0).astype(np.uint64)
        # Above 2^53 a float may have been rounded up into the next octave; 2^64 is no 64-bit shift.
        octaves = np.minimum(octaves, 63)
        octaves -= (amounts < (one << octaves)) & (octaves > 0)
        within = amounts - (one << octaves)
        steps = np.where(
            octaves > self.bits,
            within >> (np.maximum(octaves, self.bits) - np.uint64(self.bits)),
            within << (np.uint64(self.bits) - np.minimum(octaves, self.bits)),
        )
        indices: NDArray[Any] = one + (octaves << np.uint64(self.bits)) + steps
        return np.where(amounts == 0, 0, indices).astype(np.int64)


def _differences_beyond(buckets: Iterable[Bucket]) -> Fraction:
    """By how much the sum of differences over pairs can be above that of equal buckets.

    Between ends a < b with mean m, the mean difference is at most 2 (m - a)(b - m) / (b - a).
    """
    by_width: dict[int, int] = defaultdict(int)
    for low, high, count, total in buckets:
        by_width[high - low] += (total - count * low) * (count * high - total)
    return sum((Fraction(part, width) for width, part in by_width.items() if width), Fraction())


def _squares_beyond(bucket: Bucket) -> Fraction:
    """By how much a bucket's sum of squares can be above that of its mean: its chord's height."""
    low, high, count, total = bucket
    return total * (low + high) - count * low * high - Fraction(total * total, count)


def _theil_beyond(buckets: Iterable[Bucket], total: int) -> float:
    """By how much T can be above that of equal buckets: the height of the chord of x ln x, over S.

    With r = b / a and t = m / a it is a ((t - 1) / (r - 1) r ln r - t ln t): no logarithm of a is
    left, so nothing large cancels. Rounded upwards by 16 roundings of the larger part.
    """
    heights = []
    for low, high, count, income in buckets:
        if low in (0, high):
            continue
        r, t = high / low, income / (count * low)
        part = float(Fraction(income - count * low, count * (high - low)))
        chord = part * r * math.log(r)
        height = max(chord - t * math.log(t), 0.0) + 16 * ROUNDING * (chord + t - 1)
        heights.append(height * float(Fraction(count * low, total)))
    return math.fsum(heights) * (1 + 4 * ROUNDING)
