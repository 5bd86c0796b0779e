"""Inequality is exact: against brute force over pairs, closed forms, and 50-digit logarithms."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import NegativeAmount
from chain.metrics.inequality import lorenz_curve, measure, measure_both

# How long a case takes says nothing on a busy machine.
AMOUNTS = st.lists(st.integers(0, 2**70) | st.integers(0, 9), min_size=1, max_size=30).filter(any)


def brute_gini(amounts: list[int]) -> Fraction:
    """Mean absolute difference of all pairs, over twice the mean: O(n^2), nothing sorted."""
    n = len(amounts)
    differences = sum(abs(a - b) for a in amounts for b in amounts)
    return Fraction(differences, 2 * n * sum(amounts))


def precise_theil(amounts: list[int]) -> mpmath.mpf:
    with mpmath.workdps(50):
        mean = mpmath.mpf(sum(amounts)) / len(amounts)
        ratios = [mpmath.mpf(a) / mean for a in amounts if a]
        return mpmath.fsum(y * mpmath.log(y) for y in ratios) / len(amounts)


# --- by hand -----------------------------------------------------------------------------------


def test_four_payees_by_hand() -> None:
    # Amounts 1 2 3 4: differences of pairs sum to 20, so Gini is 20 / (2 * 4 * 10) = 1/4.
    # Squares sum to 30: Jain is 100 / (4 * 30) = 5/6, HHI 30/100, 10/3 effective payees.
    measured = measure([3, 1, 4, 2])

    assert (measured.payees, measured.paid_payees, measured.total) == (4, 4, 10)
    assert (measured.gini, measured.gini_corrected) == (Fraction(1, 4), Fraction(1, 3))
    assert (measured.jain, measured.hhi) == (Fraction(5, 6), Fraction(3, 10))
    assert measured.effective_payees == Fraction(10, 3)
    assert measured.theil is not None
    # y = 0.4, 0.8, 1.2, 1.6 times their logarithms, over four.
    by_hand = math.fsum([0.4 * math.log(0.4), 0.8 * math.log(0.8)])
    by_hand += math.fsum([1.2 * math.log(1.2), 1.6 * math.log(1.6)])
    assert measured.theil.value == pytest.approx(by_hand / 4, abs=1e-15)


def test_equal_payees_are_equal() -> None:
    measured = measure([7] * 12)

    assert (measured.gini, measured.jain, measured.effective_payees) == (0, 1, 12)
    assert measured.theil is not None and measured.theil.value == 0.0


def test_one_who_has_all_is_the_limit() -> None:
    measured = measure([0, 0, 0, 5])

    assert (measured.gini, measured.gini_corrected) == (Fraction(3, 4), 1)
    assert (measured.jain, measured.effective_payees) == (Fraction(1, 4), 1)
    assert measured.theil is not None
    assert abs(measured.theil.value - math.log(4)) <= measured.theil.error


def test_one_payee_alone_is_equal_and_has_no_corrected_gini() -> None:
    measured = measure([9])

    assert (measured.gini, measured.jain, measured.effective_payees) == (0, 1, 1)
    assert measured.gini_corrected is None
    assert measured.theil is not None and measured.theil.value == 0.0


@pytest.mark.parametrize("amounts", [[], [0], [0, 0, 0]])
def test_nothing_has_no_inequality(amounts: list[int]) -> None:
    measured = measure(amounts)

    assert (measured.payees, measured.paid_payees, measured.total) == (len(amounts), 0, 0)
    assert {
        measured.gini,
        measured.gini_corrected,
        measured.theil,
        measured.jain,
        measured.hhi,
        measured.effective_payees,
    } == {None}
    assert lorenz_curve(amounts) == ()


@pytest.mark.parametrize("measurement", [measure, measure_both, lorenz_curve])
def test_debts_are_refused_with_their_place(measurement: object) -> None:
    with pytest.raises(NegativeAmount) as refusal:
        measurement([5, -1, 3])  # type: ignore[operator]

    assert (refusal.value.position, refusal.value.amount) == (1, -1)


def test_amounts_that_overflow_64_bits_are_measured() -> None:
    # 500 payees with 10^16 and 500 with 3 * 10^16: half the payees have 1/4 of the money.
    assert measure([10**16] * 500 + [3 * 10**16] * 500).gini == Fraction(1, 4)


# --- against independent computation -----------------------------------------------------------


@given(AMOUNTS)
def test_gini_is_the_mean_difference_of_all_pairs(amounts: list[int]) -> None:
    assert measure(amounts).gini == brute_gini(amounts)


@given(AMOUNTS)
def test_theil_lies_within_its_certified_error(amounts: list[int]) -> None:
    theil = measure(amounts).theil

    assert theil is not None
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(theil.value) - precise_theil(amounts)) <= theil.error
    assert theil.error < 1e-14


@given(AMOUNTS)
def test_the_measures_agree_with_one_another(amounts: list[int]) -> None:
    measured = measure(amounts)
    n = measured.payees

    assert measured.jain is not None and measured.hhi is not None and measured.gini is not None
    assert measured.effective_payees == n * measured.jain == 1 / measured.hhi
    assert Fraction(1, n) <= measured.jain <= 1
    assert 0 <= measured.gini <= 1 - Fraction(1, n)
    assert measured.theil is not None
    # Jensen: T <= -ln J.
    assert measured.theil.value - measured.theil.error <= -math.log(measured.jain) + 1e-9


@given(AMOUNTS, st.integers(1, 10**6), st.randoms(use_true_random=False))
def test_neither_order_nor_currency_matters(amounts: list[int], factor: int, rng: object) -> None:
    changed = [amount * factor for amount in amounts]
    rng.shuffle(changed)  # type: ignore[attr-defined]
    one, other = measure(amounts), measure(changed)

    assert (one.gini, one.jain, one.hhi) == (other.gini, other.jain, other.hhi)


@given(AMOUNTS)
def test_both_denominators_are_tied_by_the_paid_share(amounts: list[int]) -> None:
    pair = measure_both(amounts)
    paid_share = Fraction(pair.registered.paid_payees, pair.registered.payees)

    assert pair.paid.payees == pair.registered.paid_payees
    assert pair.paid.gini is not None and pair.paid.jain is not None
    assert pair.registered.gini == 1 - paid_share * (1 - pair.paid.gini)
    assert pair.registered.jain == paid_share * pair.paid.jain


@given(AMOUNTS)
def test_the_lorenz_curve_encloses_half_of_gini(amounts: list[int]) -> None:
    points = lorenz_curve(amounts)

    assert (points[0], points[-1]) == ((0, 0), (1, 1))
    pairs = list(pairwise(points))
    area = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairs)
    assert measure(amounts).gini == 1 - 2 * area
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs]
    assert slopes == sorted(slopes)


def test_a_thinned_curve_keeps_its_ends() -> None:
    whole, thinned = lorenz_curve(range(10)), lorenz_curve(range(10), points_max=3)

    assert thinned == (whole[0], whole[5], whole[10])
    assert lorenz_curve(range(10), points_max=99) == whole


@given(st.integers(2, 400))
def test_evenly_spaced_amounts_have_their_closed_form(n: int) -> None:
    # For 1..n: Gini = (n - 1) / 3n, and sum of squares n(n+1)(2n+1)/6 gives Jain 3(n+1)/2(2n+1).
    measured = measure(range(1, n + 1))

    assert measured.gini == Fraction(n - 1, 3 * n)
    assert measured.jain == Fraction(3 * (n + 1), 2 * (2 * n + 1))
