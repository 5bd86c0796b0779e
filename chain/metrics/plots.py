"""The two pictures: how equally money is spread, and how fast it arrives. SVG text, repeatable.

The same input gives the same bytes: no date, fixed ids, letters as paths (so no reader's fonts
change the picture). A part that was simulated says so across the top.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from chain.metrics.inequality import lorenz_curve, measure
from chain.metrics.latency import MEDIAN, P90, Milestone, Timeline, percentile, settlement_curve

# Every file of ours has these same ids inside, whatever machine drew it.
_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "antiphon",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# matplotlib has one style for the whole process, and a server draws in several threads.
_DRAWING: Final = threading.Lock()
_SIZE_INCHES: Final = (6.4, 4.8)
# What one line of the label above a picture holds.
_LABEL_CHARACTERS: Final = 78
_INK, _FAINT, _BLUE, _ORANGE = "#1f2933", "#9aa5b1", "#1b6ca8", "#c4581a"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TICKS: Final = (
    (1, "1 s"),
    (10, "10 s"),
    (_MINUTE, "1 min"),
    (10 * _MINUTE, "10 min"),
    (_HOUR, "1 h"),
    (6 * _HOUR, "6 h"),
    (_DAY, "1 d"),
    (3 * _DAY, "3 d"),
    (10 * _DAY, "10 d"),
    (30 * _DAY, "30 d"),
    (100 * _DAY, "100 d"),
    (365 * _DAY, "1 a"),
)
# How far a curve goes on level past its last step, so that it reaches the picture's edge.
_BEYOND: Final = 1_000
# Beyond so many points a curve on paper looks the same.
_POINTS_MAX: Final = 2_000


def lorenz_svg(registered: Sequence[int], simulated: str = "") -> str:
    """The Lorenz curve of amounts per registered payee, and of the paid ones where they differ.

    `simulated` says what is simulated, e.g. "SIMULATED: demand"; empty for real data. Raises
    NegativeAmount. Without money the picture says so.
    """
    with _DRAWING, mpl.rc_context(_STYLE):
        figure, axes = _canvas("Lorenz curve of payouts", simulated)
        axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1, label="everybody equal")
        paid = [amount for amount in registered if amount]
        _draw_lorenz(axes, registered, "registered payees", _BLUE, fill=True)
        if len(paid) != len(registered):
            _draw_lorenz(axes, paid, "paid payees only", _ORANGE, fill=False)
        if not paid:
            _say(axes, "nothing was paid")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of payees, poorest first")
        axes.set_ylabel("share of all money")
        axes.legend(loc="upper left", frameon=False)
        return _as_svg(figure)


def settlement_svg(timelines: Sequence[Timeline], simulated: str = "") -> str:
    """The share of uses and of value that reached their payees, over seconds since the use.

    Uses whose clocks disagree are left out and named in the picture, as is what has not arrived.
    """
    sound = [timeline for timeline in timelines if not timeline.is_skewed]
    durations = [timeline.between(Milestone.USED, Milestone.PAID) for timeline in sound]
    weights = {"uses": [1] * len(sound), "value": [timeline.value for timeline in sound]}
    with _DRAWING, mpl.rc_context(_STYLE):
        figure, axes = _canvas("Time from use to payee", simulated)
        for name, colour, line in (("uses", _BLUE, "-"), ("value", _ORANGE, "--")):
            _draw_settlement(axes, durations, weights[name], f"by {name}", colour, line)
        _time_axis(axes, [seconds for seconds in durations if seconds is not None])
        waiting = sum(1 for seconds in durations if seconds is None)
        skewed = len(timelines) - len(sound)
        note = f"{len(timelines)} uses, {waiting} not in hand yet, {skewed} with disagreeing clocks"
        axes.set(ylim=(0, 1.02), ylabel="share in hand")
        axes.set_xlabel(f"time since the use (logarithmic)\n{note}")
        if not sound:
            _say(axes, "nothing to measure")
        elif waiting < len(durations):
            axes.legend(loc="best", frameon=False)
        return _as_svg(figure)


def _canvas(title: str, simulated: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    figure.suptitle(title, x=0.02, ha="left", color=_INK, fontweight="bold")
    if simulated:
        # Under the title, never beside it: what is simulated may take a whole line to say.
        label = textwrap.fill(simulated, _LABEL_CHARACTERS)
        axes.set_title(label, loc="left", color=_ORANGE, fontweight="bold", fontsize=9)
    return figure, axes


def _draw_lorenz(axes: Axes, amounts: Sequence[int], name: str, colour: str, *, fill: bool) -> None:
    points = lorenz_curve(amounts, _POINTS_MAX)
    gini = measure(amounts).gini
    if gini is None:
        return
    across, up = [float(x) for x, _ in points], [float(y) for _, y in points]
    label = f"{name}: n = {len(amounts)}, Gini {float(gini):.3f}"
    axes.plot(across, up, color=colour, linewidth=2, label=label)
    if fill:
        axes.fill_between(across, up, across, color=colour, alpha=0.12, linewidth=0)


def _draw_settlement(
    axes: Axes,
    durations: Sequence[int | None],
    weights: Sequence[int],
    name: str,
    colour: str,
    line: str,
) -> None:
    steps = settlement_curve(durations, weights)
    if not steps:
        return
    marks = [
        f"{label} {_shown_duration(seconds)}" if seconds is not None else f"{label} not reached"
        for label, share in (("median", MEDIAN), ("p90", P90))
        for seconds in [percentile(durations, weights, share).seconds]
    ]
    across = [max(float(seconds), 1.0) for seconds, _ in _thinned(steps)]
    up = [float(share) for _, share in _thinned(steps)]
    # The curve starts at nothing and goes on level to the edge of the picture.
    axes.step(
        [across[0], *across, across[-1] * _BEYOND],
        [0.0, *up, up[-1]],
        where="post",
        color=colour,
        linestyle=line,
        linewidth=2,
        label=f"{name}: {', '.join(marks)}",
    )


def _time_axis(axes: Axes, seconds: Sequence[int]) -> None:
    axes.set_xscale("log")
    low, high = max(min(seconds, default=1), 1), max(max(seconds, default=_DAY), 2)
    # From the tick before the quickest to the tick after the slowest: never fewer than two.
    first = max(i for i, (at, _) in enumerate(_TICKS) if at <= low)
    last = next((i for i, (at, _) in enumerate(_TICKS) if at > high), len(_TICKS) - 1)
    shown = _TICKS[first : last + 1]
    axes.set_xlim(shown[0][0], max(shown[-1][0], high))
    axes.set_xticks([at for at, _ in shown], [text for _, text in shown])
    axes.minorticks_off()


def _shown_duration(seconds: int) -> str:
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {letter}"
    return f"{seconds} s"


def _thinned(points: Sequence[tuple[Any, Fraction]]) -> list[tuple[Any, Fraction]]:
    """At most `_POINTS_MAX` of the points, evenly, with the first and the last among them."""
    if len(points) <= _POINTS_MAX:
        return list(points)
    last = len(points) - 1
    return [points[i * last // (_POINTS_MAX - 1)] for i in range(_POINTS_MAX)]


def _say(axes: Axes, text: str) -> None:
    axes.text(0.6, 0.25, text, transform=axes.transAxes, ha="center", color=_INK, fontsize=14)


def _as_svg(figure: Figure) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
