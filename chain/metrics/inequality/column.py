"""Amounts of 64 bits in a numpy column: the same sums, some hundred times faster.

Two ways: the compiled pass of `paid_sums.c`, and numpy on limbs of 22 bits. The first is used only
after it agreed with the second, anew in every process; where it is not, the log says why.
"""

from __future__ import annotations

import ctypes
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.columns.native import NotBuilt
from chain.metrics.inequality.compiled import PAID_SUMS
from chain.metrics.inequality.sums import MeanSums, PaidSums, Roundings, certified_means

Column64 = NDArray[np.uint64]
Floats = NDArray[np.float64]

_TERMS: Final = 6
_LANES: Final = 8
_LIMB_BITS: Final = 22
_LIMBS: Final = 3

_log = logging.getLogger(__name__)


class PartSums(NamedTuple):
    """Of some amounts: their sum, that of rank (from 1) times amount, of squares; and for each of
    the six terms of MeanSums numbers that add up to its sum."""

    total: int
    ranked: int
    squares: int
    terms: list[list[float]]


@dataclass(frozen=True)
class Way:
    """One way to sum at most `rows_max` ascending amounts above zero, given 1 / their mean."""

    name: str
    rows_max: int
    roundings: Roundings
    sums: Callable[[Column64, float], PartSums]


@dataclass(frozen=True)
class Column:
    """Amounts of one person each, ascending."""

    amounts: Column64

    @property
    def payees(self) -> int:
        return len(self.amounts)

    def of_poorest(self, people: Fraction) -> Fraction:
        """What that many of the poorest get together; of the last one his part."""
        whole = math.floor(people)
        income = Fraction(_total(self.amounts[:whole]))
        return income if people == whole else income + (people - whole) * int(self.amounts[whole])

    def without(self, poorest: int) -> Column:
        """The same without that many of the poorest."""
        return Column(self.amounts[poorest:])

    def incomes_below(self, ranks: Sequence[int]) -> list[int]:
        """What the poorest `rank` get together, for each of the ascending ranks."""
        incomes, income, below = [], 0, 0
        for rank in ranks:
            income += _total(self.amounts[below:rank])
            incomes.append(income)
            below = rank
        return incomes

    def paid_sums(self) -> PaidSums | None:
        """Sum over those with money; None when there are none."""
        # A plain 1 would be compared as a float, after copying the column to floats.
        unpaid = np.searchsorted(self.amounts, np.uint64(1))
        return paid_sums(self.amounts[unpaid:], best())


def paid_sums(amounts: Column64, way: Way) -> PaidSums | None:
    """Sum ascending amounts above zero, in as many parts as that way needs."""
    n, total = len(amounts), _total(amounts)
    if n == 0:
        return None
    ranked, squares = 0, 0
    terms: list[list[float]] = [[] for _ in range(_TERMS)]
    for start in range(0, n, way.rows_max):
        part = way.sums(amounts[start : start + way.rows_max], n / total)
        ranked += part.ranked + start * part.total
        squares += part.squares
        for every, some in zip(terms, part.terms, strict=True):
            every += some
    means = certified_means(n, MeanSums(*map(math.fsum, terms)), way.roundings)
    return PaidSums(n, total, 2 * ranked - (n + 1) * total, Fraction(squares), *means)


def _total(ascending: Column64) -> int:
    if len(ascending) == 0 or len(ascending) * int(ascending[-1]) < 2**64:
        return int(ascending.sum())
    return (int((ascending >> 32).sum()) << 32) + int((ascending & 0xFFFFFFFF).sum())


# --- numpy -------------------------------------------------------------------------------------


def _sums_by_limbs(amounts: Column64, scale: float) -> PartSums:
    """With 2^16 rows, a rank of 17 bits times a limb of 22, or two limbs, add up within 64 bits."""
    ranks = np.arange(1, len(amounts) + 1, dtype=np.uint64)
    limbs = [amounts >> (_LIMB_BITS * k) & (2**_LIMB_BITS - 1) for k in range(_LIMBS)]
    total = sum(int(limb.sum()) << (_LIMB_BITS * k) for k, limb in enumerate(limbs))
    ranked = sum(int(ranks @ limb) << (_LIMB_BITS * k) for k, limb in enumerate(limbs))
    squares = sum(
        int(one @ other) << (_LIMB_BITS * (j + k))
        for j, one in enumerate(limbs)
        for k, other in enumerate(limbs)
    )
    y = amounts.astype(np.float64) * scale
    ln_y = np.log(y)
    y_ln_y = y * ln_y
    terms = (
        y_ln_y - y + 1.0,
        y - 1.0 - ln_y,
        (1.0 - np.sqrt(y)) ** 2,
        (1.0 - y) ** 2 / y,
        np.abs(y_ln_y),
        np.abs(ln_y),
    )
    return PartSums(total, ranked, squares, [[float(term.sum())] for term in terms])


# A ratio: amount, scale and product. A logarithm: 4 ulp. A sum of 2^16: numpy adds in pairs, after
# 16 of each eighth of 128.
BY_LIMBS: Final = Way("numpy", 2**16, Roundings(ratio=3, log=8, sum=32), _sums_by_limbs)


# --- compiled ----------------------------------------------------------------------------------


def compiled(library: ctypes.CDLL) -> Way:
    """The compiled pass. Its logarithm is wrong by less than 7 roundings (of its argument s two, of
    the series and its product little more than two, of two sums), its sums by less than two."""

    def sums(amounts: Column64, scale: float) -> PartSums:
        column = np.ascontiguousarray(amounts)
        whole, floats = np.zeros(7, np.uint64), np.zeros((_TERMS, 2 * _LANES))
        library.antiphon_paid_sums(
            column.ctypes.data, len(column), scale, whole.ctypes.data, floats.ctypes.data
        )
        words = [int(word) for word in whole]
        total, ranked, squares = (words[k] + (words[k + 1] << 64) for k in (0, 2, 4))
        return PartSums(total, ranked, squares + (words[6] << 128), floats.tolist())

    return Way("compiled", 2**30, Roundings(ratio=3, log=8, sum=2), sums)


def disagreement(candidate: Way) -> str:
    """Where a way differs from numpy's; empty when it does not."""
    random = np.random.default_rng(0)
    probes: dict[str, NDArray[Any]] = {
        "one amount": np.ones(1),
        "small amounts": random.integers(1, 10, 1003),
        "a heavy tail": random.lognormal(20, 3, 4097).astype(np.uint64) + 1,
        "64 bits": random.integers(2**63, 2**64, 1001, dtype=np.uint64),
        "all sizes": np.uint64(1) << np.arange(64, dtype=np.uint64),
    }
    for name, probe in probes.items():
        column = np.sort(probe.astype(np.uint64))
        ours, theirs = paid_sums(column, candidate), paid_sums(column, BY_LIMBS)
        assert ours is not None and theirs is not None
        if (ours.differences, ours.squares) != (theirs.differences, theirs.squares):
            return f"the whole sums of {name}"
        for term in ("theil", "mld", "root_gap", "reciprocal_gap"):
            one, other = getattr(ours, term), getattr(theirs, term)
            if not abs(one.value - other.value) <= one.error + other.error:
                return f"{term} of {name}"
    return ""


def choose(find: Callable[[], Way]) -> Way:
    """What `find` gives, if it is to be had and right; else numpy's, and the log says why."""
    try:
        candidate = find()
    except NotBuilt as reason:
        _log.warning("summing amounts with numpy: %s", reason)
        return BY_LIMBS
    wrong = disagreement(candidate)
    if wrong:
        _log.error("summing amounts with numpy: the compiled pass is wrong about %s", wrong)
        return BY_LIMBS
    return candidate


@cache
def best() -> Way:
    """The way that is used here, chosen when it is first needed."""
    return choose(lambda: compiled(PAID_SUMS.load()))
