"""Time as people read it, and an axis of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_TICKS: Final = (
    (1, "1 s"),
    (10, "10 s"),
    (MINUTE, "1 min"),
    (10 * MINUTE, "10 min"),
    (HOUR, "1 h"),
    (6 * HOUR, "6 h"),
    (DAY, "1 d"),
    (3 * DAY, "3 d"),
    (10 * DAY, "10 d"),
    (30 * DAY, "30 d"),
    (100 * DAY, "100 d"),
    (365 * DAY, "1 a"),
)


def shown_duration(seconds: float) -> str:
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {letter}"
    return f"{seconds:.3g} s"


def time_ticks(seconds: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """From the tick before the quickest to the tick after the slowest: never fewer than two."""
    low, high = max(min(seconds, default=1), 1), max(max(seconds, default=DAY), 2)
    first = max(i for i, (at, _) in enumerate(_TICKS) if at <= low)
    last = next((i for i, (at, _) in enumerate(_TICKS) if at > high), len(_TICKS) - 1)
    return _TICKS[first : last + 1]


def time_axis(axes: Axes, seconds: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """A logarithmic axis with our ticks, which it gives back."""
    shown = time_ticks(seconds)
    axes.set_xscale("log")
    axes.set_xlim(shown[0][0], max(shown[-1][0], *seconds, 2) if seconds else shown[-1][0])
    axes.set_xticks([at for at, _ in shown], [text for _, text in shown])
    axes.minorticks_off()
    return shown
