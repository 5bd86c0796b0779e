"""The equity rows, what tracing and rules each do to them, and the same through the contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, quantiles
from typing import Any, Final

from benchmarks.table2.dividing import UNIT_PRICE, Divider, some_payees
from benchmarks.table2.layout import RULES, SHAPES, TRACING
from benchmarks.table2.on_chain import PaidPool, pay_pools
from chain.metrics.table2.comparison import (
    PoolEquity,
    Row,
    equity_of,
    equity_rows,
    spread_of,
    worst_sd_factor,
    worst_z,
)
from chain.metrics.table2.pools import Pools, PoolShape, draw_pools
from chain.metrics.table2.published import EQUITY, PUBLISHED
from oracle.operator import Calculator

Progress = Callable[[str], None]
# What runs through the contracts: a shape, a traceability, a floor in basis points, and how each
# operator computes before it signs.
ON_CHAIN: Final = {
    "arm C": ("reference", 0.968, 0, Calculator.COLUMNS),
    "tracing .99, floor .3": ("wide", 0.99, 3_000, Calculator.BOTH),
}


def arms(seed: int, pools: int, progress: Progress) -> dict[str, Any]:
    """Every arm with its own traceability, the same rule in all, on both shapes."""
    found: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        divider = Divider(some_payees(shape.payees))
        rows: list[Row] = []
        columns = {}
        for arm, published in PUBLISHED.items():
            drawn = draw_pools(seed, shape, published.traceability, pools)
            paid = [divider.divide(uses) for uses in drawn.traced.tolist()]
            compared = equity_rows([equity_of(amounts) for amounts in paid], published)
            rows += compared
            columns[arm.value] = {
                "pools": len(paid),
                "rows": [
                    {
                        "metric": row.metric,
                        "mean": row.simulated.mean,
                        "sd": row.simulated.sd,
                        "z": row.z,
                        "sd_ratio": row.sd_ratio,
                    }
                    for row in compared
                ],
                **_beside(drawn, paid),
            }
            progress(f"{name} shape, {arm}: {len(paid):,} pools divided")
        found[name] = {
            "shape": _plain(shape),
            "arms": columns,
            "worst_z": worst_z(rows),
            "worst_sd_factor": worst_sd_factor(rows),
        }
    return found


def factorial(name: str, seed: int, pools: int, progress: Progress) -> dict[str, Any]:
    """Tracing by rule on one shape: equity, and the largest loss of a payee against proportion."""
    shape, cells = SHAPES[name], []
    for tracing in TRACING:
        uses = draw_pools(seed, shape, tracing, pools).traced.tolist()
        for rule, announced in RULES.items():
            divider = Divider(some_payees(shape.payees), announced)
            paid = [divider.divide(row) for row in uses]
            cells.append({"tracing": tracing, "rule": rule, **_means(paid), **_losses(uses, paid)})
        progress(f"{name} shape, tracing {tracing}: {len(RULES)} rules, {len(uses):,} pools each")
    return {"shape": _plain(shape), "pools": pools, "cells": cells}


def through_contracts(
    name: str, seed: int, pools: range, drawn: int, progress: Progress
) -> dict[str, Any]:
    """Some of the `drawn` pools of the table through contracts and oracle, on a node of their own;
    where a rule is announced, the pools of its notice come first and are not counted."""
    shape, tracing, floor_bps, calculator = ON_CHAIN[name]
    uses = draw_pools(seed, SHAPES[shape], tracing, drawn).traced.tolist()
    paid = pay_pools(uses[pools.start : pools.stop], floor_bps, calculator, progress)
    return {
        "tracing": tracing,
        "floor_bps": floor_bps,
        "shape": shape,
        "calculator": calculator,
        "received": [pool.received for pool in paid],
        "computed": [pool.computed for pool in paid],
    }


def agreement(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How balances compare with the settlement's code, and their own equity, over runs of one
    kind."""
    pools = [
        PaidPool(tuple(received), tuple(computed))
        for run in runs
        for received, computed in zip(run["received"], run["computed"], strict=True)
    ]
    return _agreement(pools)


def _agreement(paid: Sequence[PaidPool]) -> dict[str, Any]:
    """How the balances compare with the settlement's code, and their own equity."""
    received = [equity_of(pool.received) for pool in paid]
    computed = [equity_of(pool.computed) for pool in paid]
    return {
        "pools": len(paid),
        "payments": sum(map(bool, (amount for pool in paid for amount in pool.received))),
        "base_units": sum(map(sum, (pool.received for pool in paid))),
        "units_apart": sum(
            abs(a - b) for pool in paid for a, b in zip(pool.received, pool.computed, strict=True)
        ),
        "pools_of_equal_metrics": sum(a == b for a, b in zip(received, computed, strict=True)),
        "rows": _spreads(received),
    }


def _spreads(pools: Sequence[PoolEquity]) -> list[dict[str, Any]]:
    return [
        {"metric": metric, **vars(spread_of([getattr(pool, metric) for pool in pools]))}
        for metric in EQUITY
    ]


def _means(paid: Sequence[Sequence[int]]) -> dict[str, float]:
    measured = [equity_of(amounts) for amounts in paid]
    return {metric: fmean(getattr(pool, metric) for pool in measured) for metric in EQUITY}


def _losses(uses: Sequence[Sequence[int]], paid: Sequence[Sequence[int]]) -> dict[str, float]:
    """The largest share that any payee of a pool loses against proportion: mean, 95th percentile
    and most over the pools."""
    worst = [
        max(1 - amount / (count * UNIT_PRICE) for amount, count in zip(*pool, strict=True) if count)
        for pool in zip(paid, uses, strict=True)
    ]
    return {
        "loss_mean": fmean(worst),
        "loss_p95": quantiles(worst, n=20, method="inclusive")[-1],
        "loss_max": max(worst),
    }


def _beside(drawn: Pools, paid: Sequence[Sequence[int]]) -> dict[str, float]:
    """What the rows do not say: money in suspense, and payees with nothing."""
    payees = sum(map(len, paid))
    return {
        "suspense": 1 - float(drawn.traced.sum() / drawn.owed.sum()),
        "paid_nothing": sum(amounts.count(0) for amounts in paid) / payees,
    }


def _plain(shape: PoolShape) -> dict[str, float]:
    return {name: getattr(shape, name) for name in shape.__dataclass_fields__}
