"""Where an exam's files were lost on the way to their payees, and which went to the wrong ones."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes

from chain.metrics.plots.canvas import (
    BLUE,
    FAINT,
    ORANGE,
    as_svg,
    canvas,
    drawing,
    say,
)
from chain.metrics.traceability import Step, Traceability

STEPS_IN_WORDS: Final = {
    Step.DETECT: "a mark is found",
    Step.DECODE: "its payload is read",
    Step.RESOLVE: "one generation, the true one",
    Step.VERIFY_LOG: "its log is verified",
    Step.LICENCE: "licence live, right tier",
    Step.WORKS: "every work resolves",
    Step.PAYEES: "split whole, payees payable",
}
_WIDTH: Final = 9.6


def funnel_svg(measured: Traceability, simulated: str = "") -> str:
    """The marked files that each step let through, and false attributions of all files."""
    with drawing():
        figure, (left, right) = canvas(
            "From a found file to its payees",
            simulated,
            columns=(2.6, 1),
            width=_WIDTH,
        )
        if measured.marked + measured.unmarked == 0:
            for axes in (left, right):
                axes.set_axis_off()
            say(left, "no file with known truth was traced")
            return as_svg(figure)
        _draw_steps(left, measured)
        _draw_false(right, measured)
        return as_svg(figure)


def _draw_steps(axes: Axes, measured: Traceability) -> None:
    names = ["marked files", *(STEPS_IN_WORDS[step] for step, _ in measured.funnel)]
    counts = [measured.marked, *(count for _, count in measured.funnel)]
    whole = max(measured.marked, 1)
    rows = range(len(names))
    axes.barh(rows, [100] * len(names), color=FAINT, alpha=0.18, height=0.72)
    axes.barh(rows, [100 * c / whole for c in counts], color=BLUE, height=0.72)
    for row, count in enumerate(counts):
        lost = counts[row - 1] - count if row else 0
        said = f"{count}" + (f"   ({lost} lost here)" if lost else "")
        axes.text(102, row, said, va="center", fontsize=9)
    axes.set(xlim=(0, 135), xlabel="% of marked files", yticks=list(rows), yticklabels=names)
    axes.set_xticks(range(0, 101, 20))
    axes.invert_yaxis()


def _draw_false(axes: Axes, measured: Traceability) -> None:
    false = measured.false_attribution
    assert false.rate is not None and false.low is not None and false.high is not None
    rate = 100 * float(false.rate)
    axes.bar([0], [rate], color=ORANGE, width=0.5)
    axes.errorbar(
        [0],
        [rate],
        [[rate - 100 * false.low], [100 * false.high - rate]],
        color=ORANGE,
        capsize=8,
    )
    axes.set(xlim=(-0.8, 0.8), ylim=(0, min(100, max(105 * false.high, 1))), xticks=[])
    axes.set_ylabel("% of all files")
    axes.set_title("false attribution", loc="left", fontsize=10)
    axes.set_xlabel(f"{false.part} of {false.whole} files\n95 %: up to {100 * false.high:.1f} %")
