"""Intervals: the closed form is the jackknife done by leaving payees out; how often it covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from chain.metrics.inequality import measure
from chain.metrics.inequality.coverage import Law, simulate_coverage
from chain.metrics.inequality.intervals import Unreliable, superpopulation_intervals

AMOUNTS = st.lists(st.integers(0, 10**6) | st.integers(0, 2**80), min_size=3, max_size=25).filter(
    lambda amounts: sum(map(bool, amounts)) > 1
)


@given(AMOUNTS)
def test_the_closed_form_leaves_each_payee_out_in_turn(amounts: list[int]) -> None:
    n = len(amounts)
    found = superpopulation_intervals(amounts)
    rest = [measure(amounts[:k] + amounts[k + 1 :]) for k in range(n)]
    for name in ("gini_corrected", "theil", "jain"):
        interval = getattr(found, name)
        left_out = np.array([_value(getattr(one, name)) for one in rest])
        whole = _value(getattr(measure(amounts), name))
        error = math.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())

        assert interval.estimate == pytest.approx(whole, rel=1e-9, abs=1e-9)
        assert interval.standard_error == pytest.approx(error, rel=1e-6, abs=1e-9)
        reach = student.ppf(0.975, n - 1) * error
        middle = n * whole - (n - 1) * left_out.mean()
        most = math.inf if name == "theil" else 1
        assert interval.low == pytest.approx(min(max(middle - reach, 0), most), abs=1e-6)
        assert interval.high == pytest.approx(min(max(middle + reach, 0), most), abs=1e-6)


def _value(number: object) -> float:
    return number.value if hasattr(number, "value") else float(number)  # type: ignore[arg-type]


@pytest.mark.parametrize("amounts", [[], [1], [3, 4], [0, 0, 0], [0, 5, 0]])
def test_too_little_to_leave_anybody_out_has_no_interval(amounts: list[int]) -> None:
    plain = superpopulation_intervals(amounts).to_plain()

    assert (plain["gini_corrected"], plain["theil"], plain["jain"]) == (None, None, None)
    assert plain["of"] == "superpopulation"
    assert plain["unreliable"] == [str(Unreliable.FEW_PAYEES)]


def test_few_payees_and_heavy_tails_are_called_unreliable() -> None:
    random = np.random.default_rng(0)
    light, heavy = (random.lognormal(12, sigma, 400).astype(np.int64) for sigma in (0.7, 1.8))

    assert superpopulation_intervals(light).unreliable == ()
    assert superpopulation_intervals(heavy).unreliable == (Unreliable.HEAVY_TAIL,)
    assert superpopulation_intervals(heavy[:20]).unreliable == (
        Unreliable.FEW_PAYEES,
        Unreliable.HEAVY_TAIL,
    )


def test_equal_payees_have_an_interval_of_no_width() -> None:
    gini = superpopulation_intervals([5] * 40).gini_corrected

    assert gini is not None
    assert (gini.low, gini.estimate) == (0, 0)
    assert gini.high == pytest.approx(0, abs=1e-12)


# Simulated: 300 groups each, seed 1. A light tail is covered as said, a heavy one is not.


def test_a_light_tail_is_covered_about_as_often_as_it_says() -> None:
    found = simulate_coverage(Law.GAMMA, 1.77, payees=100, samples=300, seed=1)

    for name in ("gini_corrected", "theil", "jain"):
        assert found.covered[name].part >= 0.9 * 300, name


def test_a_heavy_tail_is_covered_less_often_which_is_why_it_is_called_unreliable() -> None:
    found = simulate_coverage(Law.LOGNORMAL, 1.8, payees=50, samples=300, seed=1)

    assert found.covered["gini_corrected"].part < 0.9 * 300
    assert found.to_plain()["SIMULATED"] is True


@pytest.mark.parametrize(("parameter", "payees", "samples"), [(0, 9, 9), (1, 2, 9), (1, 9, 0)])
def test_what_cannot_be_simulated_is_refused(parameter: float, payees: int, samples: int) -> None:
    with pytest.raises(ValueError, match="3 payees or more"):
        simulate_coverage(Law.GAMMA, parameter, payees, samples, seed=1)
