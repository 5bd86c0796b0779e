"""Amounts of any size, and accounts of several people: the reference, by integers without bound."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from chain.metrics.inequality.sums import MeanSums, PaidSums, Roundings, certified_means

# A ratio is one correctly rounded quotient of integers, a logarithm is good to one ulp, and sums
# are exact (fsum) before they are rounded once.
_ROUNDINGS: Final = Roundings(ratio=1, log=2, sum=1)


@dataclass(frozen=True)
class Accounts:
    """Amounts and the people each is shared by, ascending by what one of the people gets."""

    amounts: list[int]
    people: list[int]

    @property
    def payees(self) -> int:
        return sum(self.people)

    def of_poorest(self, people: Fraction) -> Fraction:
        """What that many of the poorest people get together; of the last account its part."""
        income, left = 0, people
        for amount, count in zip(self.amounts, self.people, strict=True):
            if count > left:
                return income + left / count * amount
            income += amount
            left -= count
        return Fraction(income)

    def without(self, poorest: int) -> Accounts:
        """The same without that many of the poorest accounts."""
        return Accounts(self.amounts[poorest:], self.people[poorest:])

    def incomes_below(self, ranks: Sequence[int]) -> list[int]:
        """What the poorest `rank` accounts get together, for each rank."""
        incomes = [0, *accumulate(self.amounts)]
        return [incomes[rank] for rank in ranks]

    def paid_sums(self) -> PaidSums | None:
        """Sum over the accounts with money; None when there are none."""
        unpaid = sum(1 for amount in self.amounts if amount == 0)
        amounts, people = self.amounts[unpaid:], self.people[unpaid:]
        if not amounts:
            return None
        n, total = sum(people), sum(amounts)
        differences, counted = 0, 0
        squares_by_people: dict[int, int] = defaultdict(int)
        for amount, count in zip(amounts, people, strict=True):
            # Of those outside an account, `counted` have no more than its people, the rest no less.
            differences += (2 * counted + count - n) * amount
            counted += count
            squares_by_people[count] += amount * amount
        parts = [Fraction(squares, count) for count, squares in squares_by_people.items()]
        means = certified_means(n, _mean_sums(amounts, people, n, total), _ROUNDINGS)
        return PaidSums(n, total, differences, sum(parts, Fraction()), *means)


def _mean_sums(amounts: list[int], people: list[int], n: int, total: int) -> MeanSums:
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
    terms = (theils, logs, roots, reciprocals, theil_sizes, log_sizes)
    return MeanSums(*map(math.fsum, terms))
