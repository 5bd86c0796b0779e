"""Columns of 64 bits come to what integers without bound come to, by every way to sum them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.columns.native import NotBuilt
from chain.metrics.errors import NegativeAmount, NotBaseUnits
from chain.metrics.inequality import lorenz_curve, measure, measure_both
from chain.metrics.inequality.accounts import Accounts
from chain.metrics.inequality.amounts import in_order
from chain.metrics.inequality.column import (
    BY_LIMBS,
    Column,
    PartSums,
    Way,
    choose,
    compiled,
    disagreement,
    paid_sums,
)
from chain.metrics.inequality.compiled import PAID_SUMS
from chain.metrics.inequality.sums import PaidSums

AMOUNTS = st.lists(
    st.integers(1, 2**64 - 1) | st.integers(1, 9) | st.integers(2**52, 2**54),
    min_size=1,
    max_size=40,
)


def ways() -> list[Way]:
    """Every way that is to be had, each also in parts so small that most columns need several."""
    found = [BY_LIMBS]
    try:
        found.append(compiled(PAID_SUMS.load()))
    except NotBuilt as reason:
        logging.getLogger(__name__).warning("the compiled pass is not tested: %s", reason)
    return found + [replace(way, name=f"{way.name}, in parts", rows_max=3) for way in found]


def reference(amounts: list[int]) -> PaidSums:
    sums = Accounts(sorted(amounts), [1] * len(amounts)).paid_sums()
    assert sums is not None
    return sums


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.name)
@given(amounts=AMOUNTS)
def test_every_way_sums_as_integers_without_bound_do(way: Way, amounts: list[int]) -> None:
    ours, theirs = paid_sums(np.sort(np.array(amounts, np.uint64)), way), reference(amounts)

    assert ours is not None
    assert (ours.payees, ours.total) == (theirs.payees, theirs.total)
    assert (ours.differences, ours.squares) == (theirs.differences, theirs.squares)
    for term in ("theil", "mld", "root_gap", "reciprocal_gap"):
        one, other = getattr(ours, term), getattr(theirs, term)
        assert abs(one.value - other.value) <= one.error + other.error, term


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.name)
@given(amounts=AMOUNTS)
def test_each_float_of_a_column_lies_within_its_error(way: Way, amounts: list[int]) -> None:
    sums = paid_sums(np.sort(np.array(amounts, np.uint64)), way)

    assert sums is not None
    with mpmath.workdps(60):
        mean = mpmath.mpf(sum(amounts)) / len(amounts)
        y = [amount / mean for amount in amounts]
        true = {
            "theil": [one * mpmath.log(one) for one in y],
            "mld": [-mpmath.log(one) for one in y],
            "root_gap": [1 - mpmath.sqrt(one) for one in y],
            "reciprocal_gap": [1 / one - 1 for one in y],
        }
        for name, terms in true.items():
            found = getattr(sums, name)
            assert abs(found.value - mpmath.fsum(terms) / len(terms)) <= found.error, name


@pytest.mark.parametrize("way", ways()[: len(ways()) // 2], ids=lambda way: way.name)
@pytest.mark.parametrize("seed", range(3))
def test_theil_of_many_payees_is_good_to_fourteen_digits(way: Way, seed: int) -> None:
    random = np.random.default_rng(seed)
    column = np.sort(random.lognormal(12, 1.8, 50_001).astype(np.uint64) + 1)
    sums, total = paid_sums(column, way), int(column.sum())

    assert sums is not None
    with mpmath.workdps(40):
        entropy = mpmath.fsum(int(x) * mpmath.log(int(x)) for x in column) / total
        true = entropy - mpmath.log(mpmath.mpf(total) / len(column))
        assert abs(sums.theil.value - true) < 1e-14
    assert sums.theil.error < 2e-14


def test_the_sums_that_overflow_elsewhere_are_right() -> None:
    # 500 payees with 10^16 and 500 with 3 * 10^16: n times the sum has more than 64 bits, and
    # half of the payees have a quarter of the money.
    amounts = np.array([10**16] * 500 + [3 * 10**16] * 500)

    assert measure(amounts).gini == Fraction(1, 4)
    assert measure(amounts).jain == Fraction(4, 5)


def test_the_largest_column_of_its_size_is_exact() -> None:
    # Ranks and squares both pass 2^128 and the total 2^64.
    n, top = 70_000, 2**64 - 1
    found = measure(np.full(n, top, np.uint64))

    assert (found.gini, found.jain, found.total) == (0, 1, n * top)
    assert found.theil is not None and found.theil.value <= found.theil.error


@given(st.lists(st.integers(0, 2**63 - 1), max_size=50))
def test_lists_and_arrays_and_big_integers_are_measured_alike(amounts: list[int]) -> None:
    listed, array = measure(amounts), measure(np.array(amounts, np.int64))
    # The same money in a smaller unit, beyond 64 bits.
    bigger = measure(amount << 70 for amount in amounts)

    assert listed == array
    for name in ("payees", "paid_payees", "gini", "jain", "palma", "effective_payees", "missing"):
        assert getattr(bigger, name) == getattr(listed, name), name
    assert lorenz_curve(amounts) == lorenz_curve([amount << 70 for amount in amounts])
    assert measure_both(amounts).registered == listed


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_integers_of_every_width_are_amounts(dtype: type) -> None:
    assert measure(np.array([3, 1, 4, 2], dtype)).gini == Fraction(1, 4)


def test_an_array_is_left_as_it_was() -> None:
    amounts = np.array([3, 1, 2])

    measure(amounts)

    assert amounts.tolist() == [3, 1, 2]


def test_a_debt_in_an_array_is_refused_with_its_place() -> None:
    with pytest.raises(NegativeAmount) as refusal:
        measure(np.array([5, 3, -1, -9]))

    assert (refusal.value.position, refusal.value.amount) == (2, -1)


@pytest.mark.parametrize("amounts", [np.ones((2, 2), np.int64), np.array([1.5, 2.0])])
def test_arrays_of_anything_else_are_refused(amounts: np.ndarray) -> None:
    with pytest.raises(NotBaseUnits, match="amount 0"):
        measure(amounts)


def test_what_fits_64_bits_is_a_column_and_what_does_not_is_none() -> None:
    assert isinstance(in_order([2**64 - 1, 0]), Column)
    assert isinstance(in_order([2**64, 0]), Accounts)
    assert isinstance(in_order([1, 2], [1, 1]), Accounts)


# --- the checked choice ------------------------------------------------------------------------


def spoiled(change: Callable[[PartSums], PartSums]) -> Way:
    return replace(BY_LIMBS, name="spoiled", sums=lambda *given: change(BY_LIMBS.sums(*given)))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda part: part._replace(squares=part.squares + 1), "the whole sums of one amount"),
        (
            lambda part: part._replace(ranked=part.ranked % 2**64 + (part.ranked >> 65 << 65)),
            "the whole sums of 64 bits",
        ),
        (
            lambda part: part._replace(terms=[[math.fsum(t) + 1e-6] for t in part.terms]),
            "theil of one amount",
        ),
    ],
)
def test_a_pass_that_errs_is_not_used(
    change: Callable[[PartSums], PartSums], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert choose(lambda: spoiled(change)) is BY_LIMBS

    assert f"wrong about {where}" in caplog.text


def test_without_a_library_numpy_sums_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def absent() -> Way:
        raise NotBuilt("no C compiler is installed")

    with caplog.at_level(logging.WARNING):
        assert choose(absent) is BY_LIMBS

    assert "no C compiler is installed" in caplog.text
    assert disagreement(BY_LIMBS) == ""
