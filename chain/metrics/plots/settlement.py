"""How fast money arrives, what has not arrived yet included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Final

from matplotlib.axes import Axes

from chain.metrics.latency import (
    MEDIAN,
    P90,
    SurvivalCurve,
    SurvivalStep,
)
from chain.metrics.plots.canvas import (
    BLUE,
    FAINT,
    ORANGE,
    as_svg,
    canvas,
    drawing,
    say,
)
from chain.metrics.plots.durations import shown_duration, time_axis

# Of the whole share: less moves no line.
_THICKNESS: Final = 0.001
_MARKS_PER_DECADE: Final = 60
# The height of a row of counts, of that of the curves.
_ROW: Final = 0.09
_COLOURS: Final = (BLUE, ORANGE)
_HEIGHT: Final = 5.0


def settlement_svg(
    ways: Mapping[str, SurvivalCurve],
    by_value: SurvivalCurve,
    simulated: str = "",
    *,
    skewed: int = 0,
) -> str:
    """The share of uses whose money arrived, over the time since the use: a curve for each way.

    Estimated as Kaplan and Meier do, with its 95 % band and a mark where a use still waits; dashed,
    all uses by value. `skewed` uses were left out, and are counted in the picture.
    """
    curves = {name: curve for name, curve in ways.items() if curve.weight}
    with drawing():
        figure, (axes, counts) = canvas(
            "Time from a use to its payee",
            simulated,
            height=_HEIGHT,
            rows=(1, _ROW * (1 + len(curves))),
        )
        counts.set_axis_off()
        if not curves:
            say(axes, "nothing to measure")
            return as_svg(figure)
        waited = [step.seconds for curve in curves.values() for step in curve.steps]
        waited += [curve.follow_up for curve in curves.values() if curve.follow_up is not None]
        ticks = time_axis(axes, waited)
        for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
            _draw(axes, curve, f"{name}: {_marks(curve)}", colour)
        if by_value.steps:
            across, up = _points(by_value)
            label = f"all, by value: {_marks(by_value)}"
            axes.step(across, up, where="post", color=FAINT, linestyle="--", label=label)
        counted = sum(curve.weight for curve in curves.values())
        left_out = f", {skewed:,} left out: their clocks disagree" if skewed else ""
        axes.set(ylim=(0, 1.03), ylabel="share in hand")
        axes.set_xlabel(f"time since the use (logarithmic); {counted:,} uses{left_out}")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0))
        _write_counts(axes, counts, curves, ticks)
        return as_svg(figure)


def _draw(axes: Axes, curve: SurvivalCurve, label: str, colour: str) -> None:
    across, up = _points(curve)
    axes.step(across, up, where="post", color=colour, linewidth=2, label=label)
    steps = _thinned_steps(curve.steps)
    band = [step for step in steps if step.low is not None and step.high is not None]
    axes.fill_between(
        [max(step.seconds, 1) for step in band],
        [1 - (step.high or 0) for step in band],
        [1 - (step.low or 0) for step in band],
        step="post",
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    marks = _thinned_marks(curve)
    at = [1 - (curve.waiting_after(seconds) or 0.0) for seconds in marks]
    where = [max(seconds, 1) for seconds in marks]
    axes.plot(where, at, linestyle="", marker="|", markersize=8, markeredgewidth=0.8, color=colour)


def _points(curve: SurvivalCurve) -> tuple[list[float], list[float]]:
    """The share arrived, from nothing to the longest wait seen."""
    steps = _thinned_steps(curve.steps)
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


def _write_counts(
    axes: Axes,
    counts: Axes,
    curves: Mapping[str, SurvivalCurve],
    ticks: Sequence[tuple[int, str]],
) -> None:
    """How many had waited so long, under each tick: what a curve rests on there."""
    counts.set_xscale("log")
    counts.set(xlim=axes.get_xlim(), ylim=(len(curves) + 0.2, -1), yticks=[])
    counts.text(
        0, -0.6, "had waited that long:", fontsize=8, transform=counts.get_yaxis_transform()
    )
    for row, ((name, curve), colour) in enumerate(zip(curves.items(), _COLOURS, strict=False)):
        counts.annotate(
            name,
            (0, row),
            (-22, 0),
            xycoords=counts.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            color=colour,
        )
        for at, _ in ticks:
            counts.text(at, row, f"{curve.at_risk(at):,}", ha="center", va="center", fontsize=8)


def _thinned_steps(steps: Sequence[SurvivalStep]) -> list[SurvivalStep]:
    """Those that move the curve by more than its line is thick, and the last."""
    kept: list[SurvivalStep] = []
    for step in steps:
        if not kept or step is steps[-1] or kept[-1].waiting - step.waiting >= _THICKNESS:
            kept.append(step)
    return kept


def _thinned_marks(curve: SurvivalCurve) -> list[int]:
    """Times at which something is censored, of those that lie on one another only one."""
    shown = {
        round(log10(max(seconds, 1)) * _MARKS_PER_DECADE): seconds for seconds, _ in curve.censored
    }
    return sorted(shown.values())
