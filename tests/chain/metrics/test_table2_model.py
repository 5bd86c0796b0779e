"""The model behind the simulated table, and how it is compared: against closed forms by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chain.metrics.table2.comparison import (
    PoolEquity,
    Row,
    equity_of,
    equity_rows,
    spread_of,
    worst_sd_factor,
    worst_z,
)
from chain.metrics.table2.latency_arms import (
    archive_days,
    cross_border_days,
    own_delays,
    paper_delays,
    unconditioned_days,
)
from chain.metrics.table2.pools import REFERENCE_SHAPE, WIDE_SHAPE, draw_pools
from chain.metrics.table2.published import PUBLISHED, QUANTILES, Arm, Spread

POOLS = 4_000


@pytest.fixture(scope="module")
def rows() -> dict[Arm, tuple[Row, ...]]:
    found = {}
    for arm, published in PUBLISHED.items():
        pools = draw_pools(1, REFERENCE_SHAPE, published.traceability, POOLS)
        measured = [equity_of(uses) for uses in pools.traced.tolist()]
        found[arm] = equity_rows(measured, published)
    return found


def test_every_mean_lies_within_nine_tenths_of_its_published_spread(
    rows: dict[Arm, tuple[Row, ...]],
) -> None:
    assert worst_z(row for arm in rows.values() for row in arm) <= 0.9


def test_every_spread_is_the_published_one_within_a_factor(
    rows: dict[Arm, tuple[Row, ...]],
) -> None:
    assert worst_sd_factor(row for arm in rows.values() for row in arm) <= 1.4


def test_a_pool_has_the_variation_that_the_model_predicts() -> None:
    """CV^2 of a payee's traced uses = b + (1 + b)(1 - p) / (p * m) * share of one more item.

    For symmetric Dirichlet weights w over k items of concentration a, E[sum w^2] = (a + 1) /
    (k a + 1) = 1 / m; payees' uses vary by b = 1 / shape.
    """
    tracing = 0.5
    pools = draw_pools(3, WIDE_SHAPE, tracing, 20_000)
    b = 1 / WIDE_SHAPE.entitlement_shape
    items, a = WIDE_SHAPE.items, WIDE_SHAPE.concentration
    squares = (a + 1) / (items * a + 1)
    expected = b + (1 + b) * squares * (1 - tracing) / tracing
    payees = pools.traced.astype(float).ravel()
    assert payees.mean() == pytest.approx(WIDE_SHAPE.mean_uses * tracing, rel=0.01)
    assert payees.var() / payees.mean() ** 2 == pytest.approx(expected, rel=0.02)


def test_a_seed_gives_the_same_pools_and_the_same_debts_whatever_is_traced() -> None:
    first, again = (draw_pools(7, REFERENCE_SHAPE, 0.9, 50) for _ in range(2))
    assert np.array_equal(first.traced, again.traced)
    other = draw_pools(7, REFERENCE_SHAPE, 1.0, 50)
    assert np.array_equal(first.owed, other.owed)
    assert np.array_equal(other.owed, other.traced)
    assert (first.traced <= first.owed).all()


@pytest.mark.parametrize("tracing", [0.0, -0.1, 1.01])
def test_a_traceability_that_is_no_share_is_refused(tracing: float) -> None:
    with pytest.raises(ValueError, match="share above 0"):
        draw_pools(1, REFERENCE_SHAPE, tracing, 3)


def test_a_pool_without_pay_has_no_equity() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        equity_of([0, 0, 0])


def test_comparison_by_hand() -> None:
    row = Row("gini", Spread(0.5, 0.02), Spread(0.4, 0.04))
    assert row.z == pytest.approx(2.5)
    assert row.sd_ratio == pytest.approx(0.5)
    assert worst_sd_factor([row]) == pytest.approx(2.0)
    assert equity_of([1, 1, 2, 0]) == PoolEquity(
        16 / 24, pytest.approx(math.log(4) - 1.5 * math.log(2)), 0.375
    )
    assert spread_of([1.0, 3.0]) == Spread(2.0, math.sqrt(2))


@pytest.mark.parametrize(
    ("draw", "arm"), [(archive_days, Arm.ARCHIVE), (unconditioned_days, Arm.UNCONDITIONED)]
)
def test_drawn_arms_meet_the_published_quantiles(draw, arm: Arm) -> None:
    days = draw(np.random.default_rng(1), 1_000_000)
    found = np.quantile(days, QUANTILES)
    assert found == pytest.approx(PUBLISHED[arm].settlement_days, rel=0.005)


def test_the_paper_schedule_meets_the_published_quantiles_with_its_own_waiting() -> None:
    random = np.random.default_rng(1)
    waiting = 0.5 + random.random(1_000_000) * 121_179 / 86_400
    days = waiting + paper_delays(random, 1_000_000) / 86_400
    assert np.quantile(days, QUANTILES) == pytest.approx(
        PUBLISHED[Arm.OURS].settlement_days, rel=0.005
    )


def test_across_borders_lies_near_the_schedule_it_is_drawn_from() -> None:
    days = cross_border_days(np.random.default_rng(1), 400_000)
    found = np.quantile(days, [0.1, 0.25, 0.5, 0.75, 0.9])
    assert found == pytest.approx([186, 239, 305, 408, 531], rel=0.06)


def test_a_hundredth_is_disputed_for_three_days_on_average() -> None:
    delays = own_delays(np.random.default_rng(1), 1_000_000) / 86_400
    assert (delays > 0.1).mean() == pytest.approx(0.01, rel=0.05)
    assert delays[delays > 0.1].mean() == pytest.approx(3.1, rel=0.03)
    assert np.median(delays) == pytest.approx(2 / 1440, rel=0.03)
