"""Which stage of the way takes how long: means of what was paid, which add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

from chain.metrics.latency import Milestone
from chain.metrics.period import Lane
from chain.metrics.plots.canvas import BLUE, FAINT, INK, ORANGE, as_svg, canvas, drawing, say
from chain.metrics.plots.durations import DAY, HOUR, MINUTE, shown_duration
from chain.metrics.report import StageSums

STAGES_IN_WORDS: Final = {
    Milestone.DETECTED: "used → detected",
    Milestone.REPORTED: "→ reported",
    Milestone.CLOSED: "→ epoch closed",
    Milestone.FINAL: "→ on chain",
    Milestone.CLAIMABLE: "→ claimable",
    Milestone.PAID: "→ paid",
}
_COLOURS: Final = {Lane.DIRECT: BLUE, Lane.EPOCH: ORANGE}


def stages_svg(sums: Sequence[StageSums], simulated: str = "") -> str:
    """A waterfall for each lane: every stage begins where the one before ended."""
    found = [one for one in sums if one.paid]
    with drawing():
        figure, panels = canvas(
            "Where the time goes, from a use to its payee",
            simulated,
            columns=(1,) * max(len(found), 1),
            width=10.4 if len(found) > 1 else 7.2,
        )
        if not found:
            panels[0].set_axis_off()
            say(panels[0], "nothing was paid yet")
        for axes, one in zip(panels, found, strict=False):
            _draw(axes, one)
        return as_svg(figure)


def _draw(axes: Axes, sums: StageSums) -> None:
    mean = sums.whole / sums.paid
    unit, letter = next(
        ((u, n) for u, n in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")) if mean >= 2 * u),
        (1, "seconds"),
    )
    start = 0.0
    for row, (_, seconds) in enumerate(sums.stages):
        length = seconds / sums.paid
        axes.barh(row, length / unit, left=start / unit, color=_COLOURS[sums.lane], height=0.66)
        start += length
        axes.text(start / unit, row, f" {shown_duration(length)}", va="center", fontsize=9)
        if row + 1 < len(sums.stages):
            axes.plot([start / unit] * 2, [row, row + 1], color=FAINT, linewidth=0.8, zorder=0)
    axes.axvline(mean / unit, color=INK, linewidth=1, linestyle=":")
    names = [STAGES_IN_WORDS[milestone] for milestone, _ in sums.stages]
    axes.set(xlim=(0, 1.25 * mean / unit if mean else 1))
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"{letter}, mean of {sums.paid:,} paid uses: {shown_duration(mean)}")
    axes.set_title(f"{sums.lane.value} lane", loc="left", fontsize=10)
