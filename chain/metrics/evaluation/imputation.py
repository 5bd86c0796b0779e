"""The effect of a change that communities began at different times, by imputation.

What would have been without the change is unit plus period, fitted where it did not apply yet;
the effect is what was, less that, averaged over the cells it applied to. The usual regression with
unit and period effects and one coefficient compares units that began with others that began
earlier, and with effects that grow it can come out with the wrong sign. This compares only with
what was not changed yet; it takes units to have gone along side by side without the change.
Source: Borusyak, Jaravel and Spiess, Revisiting event-study designs, 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.metrics.errors import NotIdentified
from chain.metrics.evaluation.panel import Panel

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
    """The mean effect over `cells` cells of units and periods; `left_out` more had nothing to be
    compared with. `by_age`: mean effect in the first period of the change, the second, …"""

    mean: float
    cells: int
    left_out: int
    by_age: tuple[float, ...]


def imputed_effect(panel: Panel, usable_only: bool = False) -> Effect:
    """The mean effect on the cells that the change applied to.

    Raises NotIdentified where such a cell cannot be compared: its unit has no period before, or in
    its period nobody is left without the change. With `usable_only` those are left out and counted,
    and it is raised only when none remain.
    """
    usable = _usable(panel, usable_only)
    effects = panel.outcomes - imputed(panel.outcomes, ~panel.treated)
    age = np.arange(len(panel.periods)) - panel.starts[:, None]
    by_age = tuple(float(effects[usable & (age == k)].mean()) for k in np.unique(age[usable]))
    return Effect(
        mean=float(effects[usable].mean()),
        cells=int(usable.sum()),
        left_out=int(panel.treated.sum() - usable.sum()),
        by_age=by_age,
    )


def mean_effect(panel: Panel, starts: NDArray[np.int64], outcomes: Floats) -> float:
    """The mean effect on usable cells, had the units begun at `starts`."""
    moved = Panel(panel.units, panel.periods, outcomes, starts)
    usable = _usable(moved, usable_only=True)
    return float((outcomes - imputed(outcomes, ~moved.treated))[usable].mean())


def imputed(outcomes: Floats, untreated: Mask) -> Floats:
    """Unit plus period (units, periods), fitted by least squares to the untreated cells."""
    units, periods = outcomes.shape
    seen = untreated.astype(np.float64)
    normal = np.block([[np.diag(seen.sum(1)), seen], [seen.T, np.diag(seen.sum(0))]])
    known = np.where(untreated, outcomes, 0.0)
    right = np.concatenate([known.sum(1), known.sum(0)])
    # One level can move between units and periods: any solution gives the same sums.
    solved: Any = np.linalg.lstsq(normal, right, rcond=None)[0]
    fitted: Floats = solved[:units, None] + solved[None, units : units + periods]
    return fitted


def _usable(panel: Panel, usable_only: bool) -> Mask:
    """The treated cells whose unit and period are tied by untreated cells."""
    treated = panel.treated
    if not treated.any():
        raise NotIdentified("the change applied to nobody")
    usable = treated & _tied(~treated)
    lost = int((treated & ~usable).sum())
    if usable_only and usable.any():
        return usable
    if lost:
        unit, period = np.argwhere(treated & ~usable)[0]
        raise NotIdentified(
            f"{lost} of {int(treated.sum())} cells have nothing to be compared with, such as "
            f"{panel.units[unit]} in {panel.periods[period]}: its unit is never seen before the "
            "change, or nobody is without it in that period"
        )
    return usable


def _tied(untreated: Mask) -> Mask:
    """Whether each unit and period are in one connected part of the untreated cells."""
    reached: Mask = untreated.copy()
    while True:
        # From a unit to a period directly, or by way of another period and another unit.
        paths: NDArray[np.int64] = (
            reached.astype(int) @ untreated.T.astype(int) @ reached.astype(int)
        )
        farther: Mask = paths > 0
        if np.array_equal(farther, reached):
            return reached
        reached = farther
