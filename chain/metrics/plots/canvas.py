"""What all pictures have in common: SVG text, repeatable, readable on light and on dark.

The same input gives the same bytes: no date, fixed ids, letters as paths (so no reader's fonts
change the picture). Colours are written out, for paper and for programs that know no style sheets;
a style sheet inside turns them around where somebody reads on a dark screen. A part that was
simulated says so across the top.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, FAINT, PAPER = "#1f2933", "#8a96a3", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE, BROWN = "#1b6ca8", "#c4581a", "#2f7d4f", "#7a4fa3", "#8a6d3b"
GROUP_COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, BROWN)
_ON_DARK: Final = {
    INK: "#e6e9ec",
    FAINT: "#7d8894",
    PAPER: "#15191d",
    BLUE: "#6cb4ea",
    ORANGE: "#f0925a",
    GREEN: "#6fc492",
    PURPLE: "#b998dd",
    BROWN: "#cdb078",
}
# Every file of ours has these same ids inside, whatever machine drew it.
_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "antiphon",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": PAPER,
    "figure.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
}
# matplotlib has one style for the whole process, and a server draws in several threads.
_DRAWING: Final = threading.Lock()
_HEIGHT_INCHES: Final = 4.4
WIDTH_INCHES: Final = 7.2
# What one inch of the label above a picture holds.
_LABEL_CHARACTERS_PER_INCH: Final = 13


@contextmanager
def drawing() -> Iterator[None]:
    """Our style, and nobody else drawing meanwhile."""
    with _DRAWING, mpl.rc_context(_STYLE):
        yield


def canvas(
    title: str,
    simulated: str,
    *,
    columns: int = 1,
    width: float = WIDTH_INCHES,
    height: float = _HEIGHT_INCHES,
    ratios: tuple[float, ...] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with its title, what is simulated under it, and panels side by side."""
    lines = textwrap.wrap(
        simulated,
        int(width * _LABEL_CHARACTERS_PER_INCH),
        break_on_hyphens=False,
        break_long_words=False,
    )
    figure = Figure(figsize=(width, height + 0.2 * len(lines)), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(1, columns, squeeze=False, width_ratios=ratios)
    heading = figure.suptitle(title, x=0.015, ha="left", fontweight="bold", fontsize=12)
    if lines:
        # One text with the title, so that no panel is laid over it.
        heading.set_text("\n".join([title, *lines]))
        heading.set_fontsize(10)
        heading.set_color(ORANGE)
    return figure, list(panels[0])


def say(axes: Axes, text: str) -> None:
    """A sentence where there is nothing to draw."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=12)


def as_svg(figure: Figure) -> str:
    """The figure as text, its colours turned around on dark screens."""
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None}, facecolor=PAPER)
    before, tag, after = target.getvalue().partition("</defs>")
    rules = "".join(
        f'[style*="{kind}: {light}"]{{{kind}:{dark}!important}}'
        for light, dark in _ON_DARK.items()
        for kind in ("fill", "stroke")
    )
    sheet = f"<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>"
    return before + tag + sheet + after
