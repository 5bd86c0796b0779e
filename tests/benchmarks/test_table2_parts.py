"""The simulated table's parts on a real node: balances, schedules, what the page says of them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.table2 import equity, latency
from benchmarks.table2.dividing import UNIT_PRICE, Divider, floor_rule, some_payees
from benchmarks.table2.latency import drawn_arms
from benchmarks.table2.on_chain import pay_pools
from benchmarks.table2.scheduled import Scheduled
from benchmarks.table2.world import running_world
from chain.metrics.latency import Milestone
from chain.metrics.table2.latency_arms import Schedule
from chain.metrics.table2.pools import REFERENCE_SHAPE, draw_pools
from oracle.operator import Calculator


def say_nothing(_text: str) -> None:
    pass


@pytest.mark.parametrize("floor_bps", [0, 3_000])
def test_balances_are_those_of_the_settlement_code_unit_for_unit(floor_bps: int) -> None:
    pools = draw_pools(5, REFERENCE_SHAPE, 0.9, 4).traced.tolist()
    paid = pay_pools(pools, floor_bps, Calculator.BOTH, say_nothing)
    assert len(paid) == (2 if floor_bps else 4), "two epochs of notice come before a rule"
    for pool in paid:
        assert pool.received == pool.computed
        assert sum(pool.received) > 0
    if not floor_bps:
        assert paid[0].received == tuple(UNIT_PRICE * uses for uses in pools[0])


def test_a_floor_pays_everybody_who_earned_its_part() -> None:
    divider = Divider(some_payees(3), floor_rule(3_000))
    paid = divider.divide([10, 30, 0])
    pool = 40 * UNIT_PRICE
    assert paid == [pool * 3 // 20 + pool * 7 // 40, pool * 3 // 20 + pool * 21 // 40, 0]


def test_every_time_but_use_and_report_is_the_chains() -> None:
    schedule = Schedule("every minute, three to object", 60, 180)
    used, reported = [0, 10, 70, 130], [5, 59, 80, 290]
    with running_world(2, window_seconds=180, calculator=Calculator.COLUMNS) as world:
        timelines = Scheduled(world, schedule, say_nothing).settle(
            np.array(used), np.array(reported)
        )
    origin = timelines[0].times[Milestone.USED]
    assert [t.times[Milestone.DETECTED] - origin for t in timelines] == reported
    for timeline, close in zip(timelines, [60, 60, 120, 300], strict=True):
        _, _, filed, sealed, mined, claimable, paid = timeline.times
        assert close <= filed - origin <= close + 30
        assert filed <= sealed <= mined <= sealed + 30
        assert claimable == mined + 180
        assert claimable <= paid <= claimable + 60


def test_ten_minutes_do_not_fit_two_hours_of_window() -> None:
    assert "the contract holds no more" in latency.refusal_of_too_quick()["refusal"]


def test_what_is_never_matched_keeps_percentiles_from_being_reached() -> None:
    found = drawn_arms(1, 4_000)["industry"]["streaming, 2026"]
    assert found["unmatched"] == pytest.approx(0.4, abs=0.03)
    assert found["over_all"][2:] == [None, None]
    assert found["over_all"][1] > found["settled_alone"][1]


def test_tracing_alone_takes_from_nobody() -> None:
    cells = equity.factorial("wide", 1, 40, say_nothing)["cells"]
    by_place = {(cell["tracing"], cell["rule"]): cell for cell in cells}
    assert by_place[1.0, "pro-rata"]["loss_max"] == 0
    assert 0.1 < by_place[0.99, "floor .3"]["loss_p95"] < 0.25
    assert by_place[0.99, "floor .3"]["jain"] > by_place[0.99, "pro-rata"]["jain"]
