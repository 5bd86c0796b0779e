"""Latency keeps in the count what has not arrived; expectations are worked by hand."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import TimelineBroken
from chain.metrics.latency import (
    MEDIAN,
    P90,
    LatencyReport,
    Milestone,
    Percentile,
    Reach,
    Timeline,
    latency_report,
    percentile,
)

NOT_REACHED = Percentile(Reach.NOT_REACHED)


def reached(seconds: int) -> Percentile:
    return Percentile(Reach.REACHED, seconds)


# Long after everything: what has not arrived is censored at an age above all waits.
REPORT_DAY = 10**6


def report_at(timelines: list[Timeline], as_of: int = REPORT_DAY) -> LatencyReport:
    return latency_report(timelines, as_of)


def paid_after(seconds: int, value: int = 1) -> Timeline:
    return Timeline(value, (100, 101, 102, 103, 104, 105, 100 + seconds))


WAITING = Timeline(1, (100, 101, 102))


# --- percentiles -------------------------------------------------------------------------------


def test_a_percentile_is_the_smallest_time_with_that_share_arrived() -> None:
    tens = list(range(1, 11))

    assert percentile(tens, [1] * 10, MEDIAN) == reached(5)
    assert percentile(tens, [1] * 10, P90) == reached(9)
    assert percentile([*tens, 11], [1] * 11, MEDIAN) == reached(6)
    assert percentile([*tens, 11], [1] * 11, P90) == reached(10)
    assert percentile([7], [1], P90) == reached(7)


def test_what_has_not_arrived_counts_as_longest() -> None:
    # Of ten, six arrived: the median is the fifth, the ninth does not exist yet.
    durations = [1, 2, 3, 4, 5, 6, None, None, None, None]

    assert percentile(durations, [1] * 10, MEDIAN) == reached(5)
    assert percentile(durations, [1] * 10, P90) == NOT_REACHED
    # The six that arrived would by themselves claim a p90 of 6 seconds.
    assert percentile(durations[:6], [1] * 6, P90) == reached(6)


def test_value_outweighs_number() -> None:
    # Nine small uses in a second, a large one after a day: most uses are quick, most money is not.
    durations, values = [1] * 9 + [86_400], [1] * 9 + [91]

    assert percentile(durations, [1] * 10, P90) == reached(1)
    assert percentile(durations, values, MEDIAN) == reached(86_400)


def test_without_anything_there_is_no_percentile() -> None:
    assert percentile([], [], MEDIAN) == Percentile(Reach.NO_DATA)
    assert percentile([5], [0], MEDIAN) == Percentile(Reach.NO_DATA)


@given(st.lists(st.integers(0, 10**7), min_size=1))
def test_with_everything_arrived_the_median_is_the_low_median(durations: list[int]) -> None:
    measured = percentile(durations, [1] * len(durations), MEDIAN)

    assert measured == reached(statistics.median_low(durations))


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 50), st.integers(1, 9)), min_size=1),
    st.sampled_from([MEDIAN, P90, Fraction(1, 4), Fraction(1)]),
)
def test_weights_are_the_same_as_repetition(items: list, share: Fraction) -> None:
    repeated = [seconds for seconds, weight in items for _ in range(weight)]

    weighted = percentile([s for s, _ in items], [w for _, w in items], share)

    assert weighted == percentile(repeated, [1] * len(repeated), share)


@given(st.lists(st.integers(0, 50), min_size=1), st.data())
def test_arrivals_never_raise_a_percentile(durations: list[int], data: st.DataObject) -> None:
    hidden = data.draw(st.sets(st.integers(0, len(durations) - 1)))
    seen = [None if i in hidden else seconds for i, seconds in enumerate(durations)]
    ones = [1] * len(durations)

    early, final = (percentile(d, ones, MEDIAN) for d in (seen, durations))

    assert final.seconds is not None
    assert early == NOT_REACHED or (early.seconds or 0) >= final.seconds


# --- timelines ---------------------------------------------------------------------------------


def test_stages_of_a_paid_use_add_up_to_its_latency() -> None:
    use = Timeline(5, (0, 3, 10, 60, 72, 3_672, 3_700))

    report = report_at([use])

    stages = [latency.median.estimate.seconds for _, latency in report.stages]
    assert stages == [3, 7, 50, 12, 3_600, 28]
    assert report.in_hand.median.estimate == reached(sum(stages)) == reached(3_700)  # type: ignore[arg-type]
    assert report.available.median.estimate == reached(3_672)
    assert [milestone for milestone, _ in report.stages] == list(Milestone)[1:]


def test_a_use_counts_only_in_the_stages_it_entered() -> None:
    report = report_at([paid_after(10), WAITING])
    by_stage = dict(report.stages)

    assert (report.in_hand.entered, report.in_hand.arrived) == (2, 1)
    assert (by_stage[Milestone.REPORTED].entered, by_stage[Milestone.REPORTED].arrived) == (2, 2)
    assert (by_stage[Milestone.CLOSED].entered, by_stage[Milestone.CLOSED].arrived) == (2, 1)
    assert (by_stage[Milestone.FINAL].entered, by_stage[Milestone.FINAL].arrived) == (1, 1)
    for marked in (report.in_hand.median, report.in_hand.p90):
        assert marked.estimate == marked.bound
    assert (report.in_hand.median.bound, report.in_hand.p90.bound) == (reached(10), NOT_REACHED)


def test_disagreeing_clocks_are_counted_and_left_out() -> None:
    backwards = Timeline(1, (100, 99, 102, 103, 104, 105, 106))

    report = report_at([paid_after(10), backwards])

    assert backwards.is_skewed
    assert (report.uses, report.skewed, report.in_hand.entered) == (2, 1, 1)
    assert report.in_hand.p90.estimate == reached(10)


def test_uses_weigh_equally_or_by_value() -> None:
    report = report_at([paid_after(10, value=1), paid_after(20, value=1), paid_after(30, 98)])

    in_hand = report.in_hand
    assert (in_hand.median.estimate, in_hand.median_by_value.estimate) == (reached(20), reached(30))
    assert in_hand.median_by_value.interval is None, "money that moves together proves less"


def test_no_uses_make_a_report_without_data() -> None:
    report = report_at([])

    assert (report.uses, report.in_hand.entered) == (0, 0)
    assert report.in_hand.median.estimate == Percentile(Reach.NO_DATA)
    assert report.available.p90_by_value.bound == Percentile(Reach.NO_DATA)
    assert (report.in_hand.plateau, report.in_hand.follow_up) == (None, None)


def test_a_time_after_the_report_is_a_clock_that_disagrees() -> None:
    report = report_at([paid_after(10), Timeline(1, (200,))], as_of=150)

    assert (report.uses, report.skewed, report.in_hand.entered) == (2, 1, 1)


def test_what_waits_is_censored_at_its_age_in_every_stage() -> None:
    # Closed at 103 and waiting since: 47 seconds in its stage, 50 since the use.
    report = report_at([Timeline(1, (100, 101, 102, 103))], as_of=150)

    assert (report.in_hand.plateau, report.in_hand.follow_up) == (1.0, 50)
    assert dict(report.stages)[Milestone.FINAL].follow_up == 47
    assert dict(report.stages)[Milestone.PAID].follow_up is None


def test_available_and_in_hand_are_told_apart() -> None:
    claimable = Timeline(1, (100, 100, 100, 100, 100, 160))

    report = report_at([claimable], as_of=500)

    assert report.available.median.estimate == reached(60)
    assert report.in_hand.median.estimate == NOT_REACHED


def test_what_a_payees_account_refuses_is_not_expected_like_others() -> None:
    # Nine paid after 10 s each. A tenth, 4 s old, merely waits: it may be as quick as they were.
    uses = [paid_after(10) for _ in range(9)]
    young = (107, 107, 107, 107, 107, 107)

    waiting, refused = (
        report_at([*uses, Timeline(1, young, is_refused=told)], as_of=111).in_hand
        for told in (False, True)
    )

    assert (waiting.plateau, refused.plateau) == (0, pytest.approx(0.1))
    assert refused.p90.estimate == reached(10)
    assert waiting.follow_up == refused.follow_up == 10


def test_a_use_is_paid_or_refused_not_both() -> None:
    with pytest.raises(TimelineBroken, match="paid or refused"):
        Timeline(1, (0, 0, 0, 0, 0, 0, 0), is_refused=True)


@pytest.mark.parametrize("times", [(), tuple(range(8))])
def test_a_use_has_one_to_seven_times(times: tuple[int, ...]) -> None:
    with pytest.raises(TimelineBroken, match="1 to 7 times"):
        Timeline(1, times)


def test_a_use_is_not_worth_less_than_nothing() -> None:
    with pytest.raises(TimelineBroken, match="worth -1"):
        Timeline(-1, (1,))
