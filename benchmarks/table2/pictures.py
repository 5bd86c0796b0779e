"""Pictures of the simulated table: equity, settlement times, tracing by rule. Repeatable SVG."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks.table2.layout import CURVE, RULES, TRACING
from chain.metrics.table2.published import EQUITY, PUBLISHED, Arm

_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "antiphon",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_INK, _FAINT, _BLUE, _ORANGE, _GREEN = "#1f2933", "#9aa5b1", "#1b6ca8", "#c4581a", "#2a7d4f"
_TITLES: Final = {"jain": "Jain's index", "theil": "Theil's T", "gini": "Gini"}
_TIMES: Final = ((1 / 24, "1 h"), (0.25, "6 h"), (1, "1 d"), (3, "3 d"), (10, "10 d"),
                 (30, "30 d"), (100, "100 d"), (365, "1 a"))  # fmt: skip


def equity_svg(arms: dict[str, Any], label: str) -> str:
    """Published and simulated means with one standard deviation either way, row by row. `label` is
    two lines: what was simulated, and by what command."""
    columns = arms["reference"]["arms"]

    def draw(figure: Figure) -> None:
        for place, (axes, metric) in enumerate(zip(figure.subplots(1, 3), EQUITY, strict=True)):
            for offset, colour, marker, name in ((-0.12, _FAINT, "s", "published"),
                                                 (0.12, _BLUE, "o", "simulated")):  # fmt: skip
                spreads = [_spread(columns, arm, metric, name) for arm in PUBLISHED]
                axes.errorbar(np.arange(3) + offset, [m for m, _ in spreads],
                              yerr=[s for _, s in spreads], fmt=marker, color=colour, capsize=4,
                              markersize=7, linewidth=2, label=name)  # fmt: skip
            axes.set_xticks(range(3), ["archive /\nmanual", "uncond.\nAI", "smart\ncontracts"])
            axes.set(xlim=(-0.5, 2.5), ylim=(0, None), title=_TITLES[metric])
            if place == 2:
                axes.legend(frameon=False, loc="upper right")

    return _drawn(draw, "Equity rows of Table 2: mean ± SD over pools", label, (9.0, 4.4))


def latency_svg(reports: dict[str, Any], label: str) -> str:
    """Shares settled over time since the use: the arms, today's practice, and our schedules."""
    drawn, paper, own = reports["drawn"], reports["paper"], reports["own"]
    curves = [
        (f"{arm} (drawn)", values["curve"], _FAINT, line)
        for (arm, values), line in zip(drawn["arms"].items(), ("-", "--"), strict=True)
    ]
    curves += [
        (f"{name}, settled alone (drawn)", values["curve"], _ORANGE, line)
        for (name, values), line in zip(drawn["industry"].items(), ("-", "--"), strict=True)
    ]
    curves.append((f"{Arm.OURS}, the paper's pace (contracts)", paper["curve"], _BLUE, "-"))
    curves += [
        (f"ours: {name} (contracts)", values["own_curve"], _GREEN, line)
        for (name, values), line in zip(own["schedules"].items(), ("-", "--"), strict=True)
    ]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, days, colour, line in curves:
            axes.plot(days, CURVE, color=colour, linestyle=line, linewidth=2, label=name)
        for arm in PUBLISHED.values():
            axes.plot(arm.settlement_days, (0.25, 0.5, 0.75, 0.9), "s", color=_INK, markersize=4)
        axes.plot([], [], "s", color=_INK, markersize=4, label="published quantiles")
        axes.set_xscale("log")
        axes.set_xticks([at for at, _ in _TIMES], [text for _, text in _TIMES])
        axes.minorticks_off()
        axes.set(ylim=(0, 1), xlim=(1 / 26, 1_000), xlabel="time since the use (logarithmic)")
        axes.set_ylabel("share of settled uses")
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return _drawn(draw, "How long settlement takes", label, (10.0, 4.8))


def rules_svg(factorial: dict[str, Any], label: str) -> str:
    """Jain's index by tracing and rule, with the largest loss of one payee under it."""
    cells = {(c["tracing"], c["rule"]): c for c in factorial["wide"]["cells"]}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        values = np.array([[cells[t, rule]["jain"] for rule in RULES] for t in TRACING])
        shown = axes.imshow(values, cmap="YlGnBu", vmin=0.6, vmax=1.0, aspect="auto")
        for row, tracing in enumerate(TRACING):
            for column, rule in enumerate(RULES):
                _write_cell(
                    axes, row, column, cells[tracing, rule], dark=values[row, column] > 0.85
                )
        axes.set_xticks(range(len(RULES)), list(RULES))
        axes.set_yticks(range(len(TRACING)), [f"{100 * t:g} %" for t in TRACING])
        axes.set_xlabel(
            "rule that divides the pool; in 95 % of pools no payee loses more than this"
        )
        axes.set_ylabel("share of items traced")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        figure.colorbar(shown, ax=axes, label="Jain's index")

    return _drawn(draw, "What tracing does, and what the rule does", label, (9.0, 5.2))


def _write_cell(axes: Axes, row: int, column: int, cell: dict[str, Any], *, dark: bool) -> None:
    colour = "white" if dark else _INK
    axes.text(column, row - 0.18, f"J {cell['jain']:.3f}", ha="center", va="center", color=colour,
              fontweight="bold")  # fmt: skip
    second = f"T {cell['theil']:.3f}  G {cell['gini']:.3f}"
    axes.text(column, row + 0.08, second, ha="center", va="center", color=colour, fontsize=8)
    loss = "nobody loses" if cell["loss_max"] <= 0 else f"one loses {100 * cell['loss_p95']:.0f} %"
    axes.text(column, row + 0.31, loss, ha="center", va="center", color=colour, fontsize=8)


def _spread(columns: dict[str, Any], arm: Arm, metric: str, which: str) -> tuple[float, float]:
    if which == "published":
        spread = PUBLISHED[arm].equity()[metric]
        return spread.mean, spread.sd
    row = next(row for row in columns[arm.value]["rows"] if row["metric"] == metric)
    return row["mean"], row["sd"]


def _drawn(
    draw: Callable[[Figure], None], title: str, label: str, size: tuple[float, float]
) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        # Room for two lines under the title: what was simulated, and by what command.
        figure.suptitle(f"{title}\n\n", x=0.02, ha="left", color=_INK, fontweight="bold")
        figure.text(0.02, 0.945, label, color=_ORANGE, fontweight="bold", fontsize=8, va="top")
        draw(figure)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
        return target.getvalue()
