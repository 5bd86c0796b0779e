"""How fast money arrives, what has not arrived yet included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from chain.metrics.latency import MEDIAN, P90, Milestone, SurvivalCurve, Timeline
from chain.metrics.latency.report import sound_timelines, waits
from chain.metrics.plots.canvas import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    as_svg,
    canvas,
    drawing,
    say,
)
from chain.metrics.plots.durations import shown_duration, time_axis

_POINTS_MAX: Final = 1_000
_COLOURS: Final = (BLUE, ORANGE)
_HEIGHT: Final = 5.0


def settlement_svg(ways: Mapping[str, Sequence[Timeline]], as_of: int, simulated: str = "") -> str:
    """The share of uses whose money arrived, over the time since the use: a curve for each way.

    Estimated as Kaplan and Meier do, with its 95 % band and a mark where a use still waits; dashed,
    all uses by value. Uses whose clocks disagree are left out and counted in the picture.
    """
    sound = {name: sound_timelines(given, as_of) for name, given in ways.items() if given}
    every = [timeline for found in sound.values() for timeline in found]
    curves = {
        name: waits(found, Milestone.USED, Milestone.PAID, as_of) for name, found in sound.items()
    }
    with drawing():
        figure, (axes,) = canvas("Time from a use to its payee", simulated, height=_HEIGHT)
        if not every:
            say(axes, "nothing to measure")
            return as_svg(figure)
        waited = [s.seconds for curve in curves.values() for s in curve.steps]
        waited += [curve.follow_up for curve in curves.values() if curve.follow_up is not None]
        ticks = time_axis(axes, waited)
        for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
            _draw(axes, curve, f"{name}: {_marks(curve)}", colour)
        by_value = waits(every, Milestone.USED, Milestone.PAID, as_of, by_value=True)
        if by_value.steps:
            across, up = _points(by_value)
            label = f"all, by value: {_marks(by_value)}"
            axes.step(across, up, where="post", color=FAINT, linestyle="--", label=label)
        axes.set(ylim=(0, 1.03), ylabel="share in hand")
        axes.set_xlabel(_at_risk(curves, ticks), fontsize=8, color=INK, family="DejaVu Sans Mono")
        given = sum(len(found) for found in ways.values())
        skewed = f", {given - len(every)} left out: their clocks disagree" * (given > len(every))
        axes.set_title(f"{given:,} uses{skewed}", loc="left", fontsize=9)
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.32), frameon=False, fontsize=9)
        return as_svg(figure)


def _draw(axes: Axes, curve: SurvivalCurve, label: str, colour: str) -> None:
    across, up = _points(curve)
    axes.step(across, up, where="post", color=colour, linewidth=2, label=label)
    band = _thinned([s for s in curve.steps if s.low is not None and s.high is not None])
    axes.fill_between(
        [max(step.seconds, 1) for step in band],
        [1 - (step.high or 0) for step in band],
        [1 - (step.low or 0) for step in band],
        step="post",
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    marks = _thinned(curve.censored)
    at = [1 - (curve.waiting_after(seconds) or 0.0) for seconds, _ in marks]
    where = [max(seconds, 1) for seconds, _ in marks]
    axes.plot(where, at, linestyle="", marker="|", markersize=9, color=colour)


def _points(curve: SurvivalCurve) -> tuple[list[float], list[float]]:
    """The share arrived, from nothing to the longest wait seen."""
    steps = _thinned(curve.steps)
    across = [max(float(step.seconds), 1.0) for step in steps]
    up = [1 - step.waiting for step in steps]
    first, last = (across[0] if across else 1.0), float(max(curve.follow_up or 1, 1))
    return [first, *across, last], [0.0, *up, up[-1] if up else 0.0]


def _marks(curve: SurvivalCurve) -> str:
    said = []
    for name, share in (("median", MEDIAN), ("p90", P90)):
        seconds = curve.percentile(share).seconds
        said.append(f"{name} {'not reached' if seconds is None else shown_duration(seconds)}")
    return ", ".join(said)


def _at_risk(curves: Mapping[str, SurvivalCurve], ticks: Sequence[tuple[int, str]]) -> str:
    """How many had waited so long, for each way: what a curve rests on."""
    width = max(len(name) for name in curves)
    lines = ["time since the use (logarithmic); waiting that long, of each:"]
    for name, curve in curves.items():
        counts = "  ".join(f"{text}: {curve.at_risk(at):,}" for at, text in ticks)
        lines.append(f"{name:>{width}}  {counts}")
    return "\n".join(lines)


def _thinned(points: Sequence[Any]) -> list[Any]:
    """At most `_POINTS_MAX` of the points, evenly, with the first and the last among them."""
    if len(points) <= _POINTS_MAX:
        return list(points)
    last = len(points) - 1
    return [points[i * last // (_POINTS_MAX - 1)] for i in range(_POINTS_MAX)]
