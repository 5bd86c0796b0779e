"""How far simulated pools are from published rows, in published standard deviations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from chain.metrics.inequality import measure
from chain.metrics.table2.published import EQUITY, PublishedArm, Spread


@dataclass(frozen=True, slots=True)
class PoolEquity:
    """The equity of one pool over all its payees, paid or not, of exact fractions."""

    jain: float
    theil: float
    gini: float


def equity_of(amounts: Sequence[int]) -> PoolEquity:
    """Measure one pool's payouts in base units. Raises ValueError where nothing was paid."""
    found = measure(amounts)
    if found.jain is None or found.theil is None or found.gini is None:
        raise ValueError("a pool in which nobody was paid has no equity; leave it out, aloud")
    return PoolEquity(float(found.jain), found.theil.value, float(found.gini))


def spread_of(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of two pools or more."""
    return Spread(fmean(values), stdev(values))


@dataclass(frozen=True)
class Row:
    """One metric of one arm, simulated and published."""

    metric: str
    simulated: Spread
    published: Spread

    @property
    def z(self) -> float:
        """The distance of the means, in published standard deviations."""
        return (self.simulated.mean - self.published.mean) / self.published.sd

    @property
    def sd_ratio(self) -> float:
        """Simulated over published standard deviation."""
        return self.simulated.sd / self.published.sd


def equity_rows(pools: Sequence[PoolEquity], published: PublishedArm) -> tuple[Row, ...]:
    """The three equity rows of an arm."""
    return tuple(
        Row(metric, spread_of([getattr(pool, metric) for pool in pools]), spread)
        for metric, spread in ((name, published.equity()[name]) for name in EQUITY)
    )


def worst_z(rows: Iterable[Row]) -> float:
    """The largest distance of a mean, without its sign."""
    return max(abs(row.z) for row in rows)


def worst_sd_factor(rows: Iterable[Row]) -> float:
    """The largest factor between standard deviations, whichever is the larger."""
    return math.exp(max(abs(math.log(row.sd_ratio)) for row in rows))
