"""Kaplan-Meier against lifelines' figures, worked examples, and the trap it is there for."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import TimelineBroken
from chain.metrics.latency import (
    MEDIAN,
    P90,
    Interval,
    IntervalMethod,
    Observation,
    Percentile,
    Reach,
    SurvivalCurve,
    Timeline,
    latency_report,
    percentile,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "survival.json").read_text())
CURVES: dict[str, Any] = VECTORS["curves"]
NOT_REACHED = Percentile(Reach.NOT_REACHED)
DAY = 86_400


def reached(seconds: int) -> Percentile:
    return Percentile(Reach.REACHED, seconds)


def curve_of(case: dict[str, Any]) -> SurvivalCurve:
    pairs = zip(case["waits"], case["arrived"], strict=True)
    return SurvivalCurve(Observation(seconds, arrived) for seconds, arrived in pairs)


# --- against lifelines -------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURVES)
def test_the_curve_and_its_band_are_lifelines(name: str) -> None:
    steps = curve_of(CURVES[name]).steps

    assert len(steps) == len(CURVES[name]["steps"])
    for step, (seconds, at_risk, arrived, waiting, low, high) in zip(
        steps, CURVES[name]["steps"], strict=True
    ):
        assert (step.seconds, step.at_risk, step.arrived) == (seconds, at_risk, arrived)
        assert step.waiting == pytest.approx(waiting, abs=1e-12)
        if step.low is not None:  # lifelines gives 0 to 0 where nobody is left; we give nothing
            assert (step.low, step.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("name", CURVES)
def test_percentiles_and_intervals_are_lifelines(name: str) -> None:
    curve = curve_of(CURVES[name])

    for share, expected in CURVES[name]["percentiles"].items():
        found = curve.percentile(Fraction(share))
        assert found.seconds == expected["seconds"], share
        interval = curve.interval(Fraction(share))
        assert interval is not None
        if curve.censored:
            assert interval.method is IntervalMethod.GREENWOOD
            low, high = expected["interval"]
            if curve.plateau == 0 and high == curve.steps[-1].seconds:
                high = None  # where nobody is left there is no variance: lifelines says 0 to 0
            assert (interval.low, interval.high) == (low, high), share


# --- by hand -----------------------------------------------------------------------------------


def test_a_curve_by_hand() -> None:
    # Waits 6, 6+, 10, 13, 16+: 4/5 after 6, times 2/3 after 10, times 1/2 after 13.
    curve = SurvivalCurve(
        Observation(*one) for one in [(6, True), (6, False), (10, True), (13, True), (16, False)]
    )

    shares = [step.waiting for step in curve.steps]
    assert shares == pytest.approx([4 / 5, 8 / 15, 4 / 15])
    assert [step.at_risk for step in curve.steps] == [5, 3, 2]
    assert (curve.percentile(MEDIAN), curve.percentile(P90)) == (reached(13), NOT_REACHED)
    assert curve.plateau == pytest.approx(4 / 15)
    assert (curve.follow_up, curve.at_risk(16), curve.at_risk(7)) == (16, 1, 3)
    assert curve.waiting_after(5) == 1.0
    assert curve.waiting_after(12) == pytest.approx(8 / 15)
    assert curve.waiting_after(17) is None, "nobody was followed so long"


def test_a_percentile_beyond_the_plateau_is_not_reached() -> None:
    # Nine of ten arrive, one never: 90 % is reached, and nothing above it.
    curve = SurvivalCurve([*(Observation(i, True) for i in range(1, 10)), Observation(99, False)])

    assert curve.plateau == pytest.approx(0.1)
    assert curve.percentile(P90) == reached(9)
    assert curve.percentile(Fraction(91, 100)) == NOT_REACHED


def test_without_censoring_two_observations_enclose_the_median() -> None:
    # Ten waits: ranks 2 and 9 enclose the median with 97.85 %, ranks 3 and 8 with 89 % only.
    curve = SurvivalCurve(Observation(i, True) for i in range(1, 11))

    assert curve.interval(MEDIAN) == Interval(2, 9, IntervalMethod.ORDER_STATISTIC)
    assert curve.interval(P90) == Interval(7, None, IntervalMethod.ORDER_STATISTIC)
    one = SurvivalCurve([Observation(5, True)])
    assert one.interval(MEDIAN) == Interval(None, None, IntervalMethod.ORDER_STATISTIC)


def test_a_median_enclosed_by_order_statistics_is_enclosed_as_often_as_promised() -> None:
    rng = np.random.default_rng(6)
    enclosed = 0
    for _ in range(400):
        waits = rng.integers(0, 10**6, 41)
        interval = SurvivalCurve(Observation(int(w), True) for w in waits).interval(MEDIAN)
        assert interval is not None and interval.low is not None and interval.high is not None
        enclosed += interval.low <= 500_000 <= interval.high

    assert enclosed >= 0.93 * 400


def test_weights_move_the_curve_and_take_its_interval() -> None:
    curve = SurvivalCurve([Observation(1, True, 1), Observation(9, True, 3)])

    assert (curve.percentile(MEDIAN), curve.interval(MEDIAN)) == (reached(9), None)
    assert curve.steps[0].low is None


def test_nothing_has_no_curve() -> None:
    for curve in (SurvivalCurve([]), SurvivalCurve([Observation(5, True, 0)])):
        assert curve.percentile(MEDIAN) == Percentile(Reach.NO_DATA)
        assert (curve.plateau, curve.follow_up, curve.interval(MEDIAN)) == (None, None, None)
        assert (curve.steps, curve.waiting_after(0)) == ((), None)


@pytest.mark.parametrize("broken", [Observation(-1, True), Observation(1, True, -1)])
def test_a_wait_is_not_below_zero(broken: Observation) -> None:
    with pytest.raises(TimelineBroken, match="weighs"):
        SurvivalCurve([broken])


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1))
def test_the_estimate_is_never_above_the_bound(pairs: list[tuple[int, bool]]) -> None:
    curve = SurvivalCurve(Observation(*pair) for pair in pairs)
    durations = [seconds if arrived else None for seconds, arrived in pairs]

    for share in (MEDIAN, P90):
        bound = percentile(durations, [1] * len(pairs), share)
        assert curve.bound(share) == bound
        estimate = curve.percentile(share)
        if bound.seconds is not None:
            assert estimate.seconds is not None and estimate.seconds <= bound.seconds
        if None not in durations:
            assert estimate == bound


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans())), st.randoms())
def test_the_order_of_the_data_changes_nothing(pairs: list[tuple[int, bool]], random: Any) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)

    one, other = (SurvivalCurve(Observation(*p) for p in data) for data in (pairs, shuffled))

    assert (one.steps, one.censored) == (other.steps, other.censored)


# --- the trap ----------------------------------------------------------------------------------


def test_settled_uses_alone_would_hide_the_slow_tail() -> None:
    """A published baseline (quartiles 16.4, 23.7, 31.2 d, p90 57.3 d) looked at after 90 days.

    Four fifths wait for a monthly batch, a fifth is an exception: SIMULATED, n = 20,000, seed 31.
    """
    rng, uses = np.random.default_rng(31), 20_000
    batch = 9.10 + rng.uniform(0, 23.36, uses) + rng.normal(0, 1.75, uses)
    exception = 57.3 * np.exp(rng.normal(0, 0.25, uses))
    waits = np.where(rng.random(uses) < 0.8, batch, exception).clip(0.1)
    used = rng.uniform(0, 90, uses)
    starts, ends = (used * DAY).astype(int).tolist(), ((used + waits) * DAY).astype(int).tolist()
    timelines = [
        Timeline(1, (start, *(5 * (start,)), end) if end <= 90 * DAY else (start,))
        for start, end in zip(starts, ends, strict=True)
    ]

    in_hand = latency_report(timelines, 90 * DAY).in_hand
    settled = sorted(t.times[6] - t.times[0] for t in timelines if len(t.times) == 7)

    truth = float(np.quantile(waits, 0.9))
    assert settled[int(0.9 * len(settled))] / DAY == pytest.approx(34.3, abs=1.5)
    assert truth == pytest.approx(57.3, abs=1.0)
    assert in_hand.p90.estimate.seconds is not None
    assert in_hand.p90.estimate.seconds / DAY == pytest.approx(truth, rel=0.04)
    interval = in_hand.p90.interval
    assert interval is not None and interval.low is not None and interval.high is not None
    assert interval.low <= truth * DAY <= interval.high
    assert in_hand.p90.bound == NOT_REACHED, "two thirds have arrived: the bound cannot say"
