"""How much of an inequality lies between groups, and how much inside each."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Final

from matplotlib.axes import Axes

from chain.metrics.inequality import Decomposition
from chain.metrics.plots.canvas import (
    FAINT,
    GROUP_COLOURS,
    INK,
    PAPER,
    as_svg,
    canvas,
    drawing,
    say,
)

# More groups than colours are laid together.
_GROUPS_MAX: Final = len(GROUP_COLOURS)
_NAME_CHARACTERS: Final = 18
_OVER: Final = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}


def decomposition_svg(by: Mapping[str, Decomposition | None], simulated: str = "") -> str:
    """Theil's T split by each grouping: a bar of between, then within each group."""
    found = {name: parts for name, parts in by.items() if parts and parts.theil.whole.value > 0}
    with drawing():
        figure, panels = canvas(
            "Inequality between groups and within them (Theil's T)",
            simulated,
            columns=(1,) * max(len(found), 1),
            width=10.0 if len(found) > 1 else 7.2,
        )
        if not found:
            panels[0].set_axis_off()
            say(panels[0], "nothing was paid, or everybody was paid the same")
        for axes, (name, parts) in zip(panels, found.items(), strict=False):
            _draw(axes, name, parts)
        return as_svg(figure)


def _draw(axes: Axes, name: str, parts: Decomposition) -> None:
    whole = parts.theil.whole.value
    rows = [(f"between\n{_plural(name)}", parts.theil.between.value, FAINT)]
    shown = parts.groups[:_GROUPS_MAX]
    for term, colour in zip(shown, GROUP_COLOURS, strict=False):
        name_in_lines = textwrap.fill(term.group, _NAME_CHARACTERS)
        rows.append((f"within\n{name_in_lines}", term.theil.value, colour))
    others = parts.groups[_GROUPS_MAX:]
    if others:
        rows.append((f"within {len(others)}\nothers", sum(t.theil.value for t in others), FAINT))
    start = 0.0
    for place, (_, value, colour) in enumerate(rows):
        axes.barh(place, value, left=start, color=colour, height=0.66)
        percent = 100 * value / whole
        axes.annotate(
            f"{value:.4f} ({percent:.0f} %)",
            (start + value, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            bbox=_OVER,
        )
        start += value
    axes.axvline(whole, color=INK, linewidth=1, linestyle=":")
    axes.set(xlim=(0, 1.42 * whole), xlabel=f"Theil's T by {name}: {whole:.4f} nats")
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.invert_yaxis()


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
