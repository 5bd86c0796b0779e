"""Waits that a nightly run sees: half-open intervals that touch share no moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.metrics.errors import TimelineBroken
from chain.metrics.latency.batches import Arrivals, Between, batch_curve

NIGHTLY = json.loads((Path(__file__).parents[2] / "vectors" / "survival.json").read_text())[
    "batches"
]


def waiting_after(arrivals: tuple[Arrivals, ...], tick: int) -> float:
    return sum(one.share for one in arrivals if one.after >= tick)


def test_touching_batches_leave_each_morning_certain() -> None:
    nights = NIGHTLY["nights"]

    arrivals = batch_curve(Between(night - 1, night) for night in nights)

    for day, truth in NIGHTLY["truth"].items():
        assert waiting_after(arrivals, int(day)) == pytest.approx(truth, abs=1e-9)
    # The same nights read as closed intervals, as a library does: 1.0 instead of 0.76, 0.56
    # instead of 0.44. The half-open reading agrees with us where it is certain.
    closed, half_open = NIGHTLY["lifelines"]["closed, touching"], NIGHTLY["lifelines"]["half-open"]
    assert closed["1"][0] - NIGHTLY["truth"]["1"] > 0.2
    assert closed["2"][0] - NIGHTLY["truth"]["2"] > 0.1
    assert half_open["1"][0] == pytest.approx(NIGHTLY["truth"]["1"], abs=1e-9)


def test_overlapping_batches_by_hand() -> None:
    # (0, 2] and (1, 3] agree on (1, 2]: all arrivals may have been there, and most likely were.
    assert batch_curve([Between(0, 2), Between(1, 3)]) == (Arrivals(1, 2, 1.0),)


def test_what_still_waits_is_nobodys_arrival() -> None:
    # Ten runs: four ended in the first night, six wait after it. Of those, two ended in the third.
    waits = [Between(0, 1)] * 4 + [Between(2, 3)] * 2 + [Between(3, None)] * 4

    arrivals = batch_curve(waits)

    assert [(one.after, one.until) for one in arrivals] == [(0, 1), (2, 3), (3, None)]
    assert [one.share for one in arrivals] == pytest.approx([0.4, 0.2, 0.4])


def test_censoring_before_a_batch_is_shared_out_over_the_later_ones() -> None:
    # Kaplan-Meier by hand: one of four in night 1; the one lost after it leaves two for night 2.
    waits = [Between(0, 1), Between(1, None), Between(1, 2), Between(1, 2)]

    arrivals = batch_curve(waits)

    assert [one.share for one in arrivals] == pytest.approx([0.25, 0.75], abs=1e-6)


def test_no_batches_have_no_curve() -> None:
    assert batch_curve([]) == ()


@pytest.mark.parametrize(("after", "until"), [(5, 5), (5, 4), (-2, 3)])
def test_an_empty_interval_is_refused(after: int, until: int) -> None:
    with pytest.raises(TimelineBroken, match="cannot end"):
        Between(after, until)
