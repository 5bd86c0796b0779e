"""One outcome of each community in each period, and from which period a change applied."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from chain.metrics.errors import PanelRefused

Floats = NDArray[np.float64]

_COLUMNS: Final = ("unit", "period", "outcome", "from")


@dataclass(frozen=True)
class Panel:
    """`outcomes` (units, periods), every cell filled; `starts` (units,) the index of the first
    period in which the change applied to a unit, the number of periods where it never did.

    A unit that begins stays begun. Raises PanelRefused for other shapes and values.
    """

    units: tuple[str, ...]
    periods: tuple[str, ...]
    outcomes: Floats
    starts: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = (len(self.units), len(self.periods))
        if self.outcomes.shape != shape or self.starts.shape != shape[:1]:
            raise PanelRefused(f"outcomes and starts do not fit units and periods, {shape}")
        if not np.isfinite(self.outcomes).all():
            raise PanelRefused("an outcome is no finite number")
        if ((self.starts < 0) | (self.starts > shape[1])).any():
            raise PanelRefused("a unit begins outside the periods")

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Which cells (units, periods) the change applied to."""
        mask: NDArray[np.bool_] = np.arange(len(self.periods)) >= self.starts[:, None]
        return mask


def panel_of_csv(text: str) -> Panel:
    """A panel from lines unit,period,outcome,from: `from` is the period in which the unit began,
    empty where it never did; periods are taken in the order of their names (2027-01, 2027-02, …).

    Raises PanelRefused with the line or the cell that is wrong.
    """
    rows = csv.DictReader(io.StringIO(text))
    absent = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if absent:
        raise PanelRefused(f"the first line names no column {', '.join(absent)}")
    cells: dict[tuple[str, str], float] = {}
    began: dict[str, str] = {}
    for row in rows:
        unit, period = row["unit"], row["period"]
        if (unit, period) in cells:
            raise PanelRefused(f"line {rows.line_num}: {unit} has {period} twice")
        cells[unit, period] = _number(row["outcome"], rows.line_num)
        start = (row["from"] or "").strip()
        if began.setdefault(unit, start) != start:
            raise PanelRefused(f"line {rows.line_num}: {unit} begins in two different periods")
    units = sorted(began)
    periods = sorted({period for _, period in cells})
    for unit in units:
        for period in periods:
            if (unit, period) not in cells:
                raise PanelRefused(f"{unit} has no outcome in {period}: every unit needs every one")
    # A unit that began between two periods is changed from the next one on.
    starts = [
        sum(period < began[unit] for period in periods) if began[unit] else len(periods)
        for unit in units
    ]
    outcomes = np.array([[cells[unit, period] for period in periods] for unit in units])
    shaped: Any = outcomes.reshape(len(units), len(periods))
    return Panel(tuple(units), tuple(periods), shaped, np.array(starts, np.int64))


def _number(text: str | None, line: int) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PanelRefused(f"line {line}: outcome is {text!r}, which is no finite number")
    return number
