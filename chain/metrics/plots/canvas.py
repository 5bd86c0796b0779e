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
from matplotlib.layout_engine import ConstrainedLayoutEngine

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
    "legend.frameon": False,
    "legend.fontsize": 9,
}
# matplotlib has one style for the whole process, and a server draws in several threads.
_DRAWING: Final = threading.Lock()
_HEIGHT_INCHES: Final = 4.4
WIDTH_INCHES: Final = 7.2
# What one inch of the label above a picture holds.
_LABEL_CHARACTERS_PER_INCH: Final = 11.5
_MARGIN_INCHES: Final = 0.1
_TITLE_INCHES: Final = 0.4
_LINE_INCHES: Final = 0.19


@contextmanager
def drawing() -> Iterator[None]:
    """Our style, and nobody else drawing meanwhile."""
    with _DRAWING, mpl.rc_context(_STYLE):
        yield


def canvas(
    title: str,
    simulated: str,
    *,
    width: float = WIDTH_INCHES,
    height: float = _HEIGHT_INCHES,
    columns: tuple[float, ...] = (1,),
    rows: tuple[float, ...] = (1,),
) -> tuple[Figure, list[Axes]]:
    """A figure with its title, what is simulated under it, and panels by their relative sizes."""
    lines = textwrap.wrap(
        simulated,
        int(width * _LABEL_CHARACTERS_PER_INCH),
        break_on_hyphens=False,
        break_long_words=False,
    )
    head = _TITLE_INCHES + _LINE_INCHES * len(lines)
    whole = height + head
    # The panels keep out of the head.
    engine = ConstrainedLayoutEngine(rect=(0, 0, 1, height / whole), w_pad=_MARGIN_INCHES)
    figure = Figure(figsize=(width, whole), layout=engine)
    FigureCanvasSVG(figure)
    panels = figure.subplots(
        len(rows), len(columns), squeeze=False, width_ratios=columns, height_ratios=rows
    )
    down = 1 - _MARGIN_INCHES / whole
    at = _MARGIN_INCHES / width
    figure.text(at, down, title, va="top", fontweight="bold", fontsize=12, in_layout=False)
    for number, line in enumerate(lines):
        below = down - (_TITLE_INCHES - _MARGIN_INCHES + number * _LINE_INCHES) / whole
        figure.text(
            at,
            below,
            line,
            va="top",
            color=ORANGE,
            fontweight="bold",
            fontsize=9,
            in_layout=False,
        )
    return figure, list(panels.flat)


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
