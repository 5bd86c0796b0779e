"""How equally money is spread, and what a rule changed about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from chain.metrics.inequality import lorenz_curve, measure
from chain.metrics.plots.canvas import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    WIDTH_INCHES,
    as_svg,
    canvas,
    drawing,
    say,
)

# Beyond so many points a curve on paper looks the same.
_POINTS_MAX: Final = 2_000
_PANEL_INCHES: Final = 5.2
_ABOVE: Final[dict[str, Any]] = {"loc": "lower left", "bbox_to_anchor": (0, 1.0)}


def lorenz_svg(
    registered: Sequence[int],
    simulated: str = "",
    *,
    change: Mapping[str, Sequence[int]] | None = None,
) -> str:
    """The Lorenz curve of amounts per registered payee, and of the paid ones where they differ.

    `change` are the same payees' amounts before and after a rule, by what to call them; beside the
    first picture. `simulated` says what is simulated, e.g. "SIMULATED: demand"; empty for real
    data. Raises NegativeAmount. Without money the picture says so.
    """
    with drawing():
        width = WIDTH_INCHES if change is None else 2 * _PANEL_INCHES
        columns = (1,) if change is None else (1, 1)
        figure, panels = canvas("Lorenz curve of payouts", simulated, columns=columns, width=width)
        paid = [amount for amount in registered if amount]
        _frame(panels[0], "what was paid" if change else "")
        _draw(panels[0], registered, "registered payees", BLUE, "-", fill=True)
        if len(paid) != len(registered):
            _draw(panels[0], paid, "paid payees only", ORANGE, "--")
        if not paid:
            say(panels[0], "nothing was paid")
        panels[0].legend(**_ABOVE)
        if change is not None:
            _frame(panels[1], "what the epochs brought")
            for (name, amounts), (colour, line) in zip(
                change.items(), ((ORANGE, "--"), (GREEN, "-")), strict=False
            ):
                _draw(panels[1], amounts, name, colour, line)
            panels[1].legend(**_ABOVE)
        return as_svg(figure)


def _frame(axes: Axes, title: str) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, label="everybody equal")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of payees, poorest first")
    axes.set_ylabel("share of all money")
    if title:
        axes.set_xlabel(f"share of payees, poorest first ({title})")


def _draw(
    axes: Axes,
    amounts: Sequence[int],
    name: str,
    colour: str,
    line: str,
    *,
    fill: bool = False,
) -> None:
    points = lorenz_curve(amounts, _POINTS_MAX)
    gini = measure(amounts).gini
    if gini is None:
        return
    across, up = [float(x) for x, _ in points], [float(y) for _, y in points]
    label = f"{name}: n = {len(amounts)}, Gini {float(gini):.3f}"
    axes.plot(across, up, color=colour, linewidth=2, linestyle=line, label=label)
    if fill:
        axes.fill_between(across, up, across, color=colour, alpha=0.12, linewidth=0)
