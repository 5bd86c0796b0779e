"""Inequality that is kept while amounts come and go, without measuring all of them anew.

Every sum is a whole number, so taking an amount away undoes adding it to the last bit, in whatever
order. x ln x is kept to 2^-80, from logarithms of 30 digits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import mul
from typing import Final

from chain.metrics.errors import AmountAbsent
from chain.metrics.inequality.amounts import checked_amount
from chain.metrics.inequality.certified import ROUNDING, Certified

_BLOCK_MAX: Final = 256
_ENTROPY_BITS: Final = 80
# Amounts have at most 78 digits, and so many more stand behind the point.
_DECIMAL: Final = Context(prec=140)
_LOGARITHM: Final = Context(prec=30)


@dataclass(frozen=True)
class RunningMeasures:
    """What is measured of the amounts held now; None without money, as everywhere.

    `gini` and `jain` exact, `theil` in nats.
    """

    payees: int
    paid_payees: int
    total: int
    gini: Fraction | None
    jain: Fraction | None
    theil: Certified | None


class RunningInequality:
    """Amounts in base units that come, go and change, and their inequality at any moment.

    Adding or taking away costs the logarithm of how many there are, and measuring nothing that
    grows: amounts lie in order in blocks, and a Fenwick tree over the blocks says how many are
    below an amount, and their sum.
    """

    def __init__(self, amounts: Iterable[int] = ()) -> None:
        self._blocks = _Blocks()
        self._payees = self._unpaid = self._total = self._squares = 0
        # Over pairs: the sum of their differences. Over all: the sum of x ln x, scaled.
        self._differences = self._entropy = 0
        for amount in amounts:
            self.add(amount)

    def add(self, amount: int) -> None:
        """One more payee. Raises NotBaseUnits, NegativeAmount, AmountTooLarge."""
        units = checked_amount(self._payees, amount)
        self._differences += self._differences_to(units)
        self._blocks.change(units, 1)
        self._count(units, 1)

    def remove(self, amount: int) -> None:
        """One payee less who had that amount. Raises AmountAbsent when nobody has."""
        self._blocks.change(amount, -1)
        self._count(amount, -1)
        self._differences -= self._differences_to(amount)

    def replace(self, old: int, new: int) -> None:
        """A payee's amount changes, or nothing does: raises AmountAbsent, and what `add` raises."""
        units = checked_amount(self._payees, new)
        self.remove(old)
        self.add(units)

    def measured(self) -> RunningMeasures:
        """The measures of what is held now."""
        n, total, paid = self._payees, self._total, self._payees - self._unpaid
        if total == 0:
            return RunningMeasures(n, 0, 0, None, None, None)
        return RunningMeasures(
            payees=n,
            paid_payees=paid,
            total=total,
            gini=Fraction(self._differences, n * total),
            jain=Fraction(total * total, n * self._squares),
            theil=self._theil(),
        )

    def _count(self, amount: int, sign: int) -> None:
        self._payees += sign
        self._unpaid += sign * (amount == 0)
        self._total += sign * amount
        self._squares += sign * amount * amount
        self._entropy += sign * _entropy_of(amount)

    def _differences_to(self, amount: int) -> int:
        """Sum of |amount - x| over all amounts x."""
        count, income = self._blocks.below(amount)
        above, above_income = self._payees - count, self._total - income
        return count * amount - income + above_income - above * amount

    def _theil(self) -> Certified:
        """ln n + (sum of x ln x) / S - ln S, in decimals; their error is far below the rounding.

        Each x ln x is rounded to 2^-81 and its logarithm to 30 digits: over S, at most n 2^-81 / S
        and 1e-27, and n is at most S where everybody is paid one unit or more.
        """
        n, total = Decimal(self._payees), Decimal(self._total)
        entropy = _DECIMAL.divide(
            Decimal(self._entropy), _DECIMAL.multiply(total, 2**_ENTROPY_BITS)
        )
        logarithms = _DECIMAL.subtract(_LOGARITHM.ln(n), _LOGARITHM.ln(total))
        value = max(float(_DECIMAL.add(entropy, logarithms)), 0.0)
        return Certified(value, 1.01 * ROUNDING * value + 2.0**-_ENTROPY_BITS)


@lru_cache(maxsize=2**16)
def _entropy_of(amount: int) -> int:
    """x ln x in units of 2^-80, to the nearest."""
    if amount < 2:
        return 0
    scaled = _DECIMAL.multiply(Decimal(amount << _ENTROPY_BITS), _LOGARITHM.ln(Decimal(amount)))
    return int(scaled.to_integral_value(context=_DECIMAL))


@dataclass
class _Block:
    """Distinct amounts in ascending order, and how many have each."""

    amounts: list[int]
    counts: list[int]

    def before(self, place: int) -> tuple[int, int]:
        """How many have the first `place` amounts, and what they have together."""
        counts = self.counts[:place]
        return sum(counts), sum(map(mul, self.amounts, counts))


class _Blocks:
    """Amounts in ascending order, in blocks that are split when they grow too long."""

    def __init__(self) -> None:
        self._blocks = [_Block([], [])]
        # The largest amount of each block when it was last split; the last takes all above.
        self._tops: list[int] = []
        self._counts, self._sums = _Fenwick([0]), _Fenwick([0])

    def change(self, amount: int, by: int) -> None:
        """One more or one less of an amount. Raises AmountAbsent for one less of none."""
        index = bisect_left(self._tops, amount)
        block = self._blocks[index]
        place = bisect_left(block.amounts, amount)
        if place == len(block.amounts) or block.amounts[place] != amount:
            if by < 0:
                raise AmountAbsent(amount)
            block.amounts.insert(place, amount)
            block.counts.insert(place, 0)
        block.counts[place] += by
        if block.counts[place] == 0:
            del block.amounts[place], block.counts[place]
        self._counts.add(index, by)
        self._sums.add(index, by * amount)
        if len(block.amounts) > _BLOCK_MAX:
            self._split(index)

    def below(self, amount: int) -> tuple[int, int]:
        """How many have less than that amount, and what they have together."""
        index = bisect_left(self._tops, amount)
        block = self._blocks[index]
        count, income = block.before(bisect_left(block.amounts, amount))
        return self._counts.before(index) + count, self._sums.before(index) + income

    def _split(self, index: int) -> None:
        block = self._blocks[index]
        half = len(block.amounts) // 2
        lower = _Block(block.amounts[:half], block.counts[:half])
        upper = _Block(block.amounts[half:], block.counts[half:])
        self._blocks[index : index + 1] = [lower, upper]
        self._tops.insert(index, lower.amounts[-1])
        count, income = lower.before(half)
        for tree, of_lower in ((self._counts, count), (self._sums, income)):
            items = tree.items()
            items[index : index + 1] = [of_lower, items[index] - of_lower]
            tree.fill(items)


class _Fenwick:
    """Sums of a list's beginnings that stay right while its items change (Fenwick 1994)."""

    def __init__(self, items: list[int]) -> None:
        self._parts: list[int] = []
        self.fill(items)

    def fill(self, items: list[int]) -> None:
        """Begin anew with these items."""
        until = [0, *accumulate(items)]
        self._parts = [until[k] - until[k - (k & -k)] for k in range(len(until))]

    def items(self) -> list[int]:
        until = [self.before(index) for index in range(len(self._parts))]
        return [after - before for before, after in pairwise(until)]

    def add(self, index: int, change: int) -> None:
        k = index + 1
        while k < len(self._parts):
            self._parts[k] += change
            k += k & -k

    def before(self, index: int) -> int:
        """Sum of the first `index` items."""
        income = 0
        while index:
            income += self._parts[index]
            index -= index & -index
        return income
