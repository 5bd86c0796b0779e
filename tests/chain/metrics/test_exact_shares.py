"""Shares carry exact intervals: against published values, closed forms and summed tails."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.metrics.binomial import Share, share_of
from chain.metrics.errors import CountsContradict
from chain.metrics.failure import failure_rate


def tail_from(k: int, n: int, p: float) -> float:
    """Chance of k or more successes, summed term by term in exact fractions."""
    exact = Fraction(p)
    terms = (comb(n, i) * exact**i * (1 - exact) ** (n - i) for i in range(k, n + 1))
    return float(sum(terms))


def test_38_failures_in_10_000_are_a_quarter_to_half_a_percent() -> None:
    measured = failure_rate(38, 10_000)

    assert measured.rate == Fraction(38, 10_000)
    assert measured.low is not None and measured.high is not None
    assert (round(measured.low, 4), round(measured.high, 4)) == (0.0027, 0.0052)


@pytest.mark.parametrize("n", [1, 29, 787, 3_000])
def test_no_success_and_nothing_but_success_have_closed_forms(n: int) -> None:
    none, every = share_of("x", 0, n), share_of("x", n, n)

    assert (none.rate, none.low) == (0, 0.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-9)
    assert (every.rate, every.high) == (1, 1.0)
    assert every.low == pytest.approx(0.025 ** (1 / n), rel=1e-9)


@settings(max_examples=60)
@given(st.integers(1, 60), st.data())
def test_each_limit_leaves_a_fortieth_in_its_tail(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    measured = share_of("x", k, n)

    assert measured.low is not None and measured.high is not None
    assert measured.low <= k / n <= measured.high
    if k > 0:
        assert tail_from(k, n, measured.low) == pytest.approx(0.025, rel=1e-6)
    if k < n:
        assert 1 - tail_from(k + 1, n, measured.high) == pytest.approx(0.025, rel=1e-6)


def test_without_trials_there_is_no_rate() -> None:
    assert failure_rate(0, 0) == Share(0, 0, None, None, None)


@pytest.mark.parametrize(("part", "whole"), [(2, 1), (-1, 1), (1, 0)])
def test_more_failures_than_transactions_are_refused(part: int, whole: int) -> None:
    with pytest.raises(CountsContradict) as refusal:
        failure_rate(part, whole)

    assert (refusal.value.part, refusal.value.whole) == (part, whole)
