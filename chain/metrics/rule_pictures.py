"""Two pictures of a change of sharing rule, as SVG text: each payee's share rule by rule, and the
Lorenz curve of each rule. Letters stay letters, so a reader's own fonts and screen readers work.

The same input gives the same bytes. Nothing of a name is taken for markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from chain.ledger.identifiers import Address
from chain.metrics.inequality import lorenz_curve
from chain.metrics.rule_comparison import RuleRow

_INK, _FAINT, _GRID, _GAIN, _LOSS = "#1d2429", "#51606b", "#e4dfd3", "#1b6ca8", "#c4581a"
# Distinct for the colour-blind, too: M. Okabe, K. Ito, Color Universal Design, 2008.
_HUES: Final = ("#000000", "#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES: Final = ("", "7 3", "2 3", "9 3 2 3")
_COLUMN, _LEFT, _RIGHT, _TOP, _PLOT = 118, 290, 70, 118, 400
# Room over the columns for a rule's name, in three lines.
_HEAD: Final = 48
_LINE = 17
# Lines that are named; with more payees the others are drawn, and counted in the caption.
_NAMED_MAX: Final = 14
_LABEL: Final = 30
_SQUARE: Final = 380
_POINTS_MAX: Final = 400


def slope_svg(rows: Sequence[RuleRow], label: Callable[[Address], str], simulated: str = "") -> str:
    """Each payee's share of what is paid, rule by rule. Those who gain or lose most are coloured.

    `rows` divide one pool; without money the picture says so.
    """
    shares = [_shares(row) for row in rows]
    peak = max((share for each in shares for share in each.values()), default=0.0)
    width = _LEFT + _COLUMN * max(1, len(rows) - 1) + _RIGHT
    drawn = [_title("Each payee's share of the pool, rule by rule", simulated)]
    if not peak:
        return _svg(width, _TOP + 60, [*drawn, _text(24, _TOP, "nothing was paid", 15)])
    columns = [_LEFT + _COLUMN * place for place in range(len(rows))]

    def height(share: float) -> float:
        return _TOP + _PLOT * (1 - share / peak)

    for x, row in zip(columns, rows, strict=True):
        drawn.append(f'<path d="M{x} {_TOP}V{_TOP + _PLOT}" stroke="{_GRID}"/>')
        for line, words in enumerate(textwrap.wrap(row.rule, 16)):
            above = _TOP - _HEAD + 15 * line
            drawn.append(_text(x, above, words, 12, anchor="middle", fill=_FAINT))
    order = sorted(shares[0], key=lambda payee: -shares[0][payee])
    named, colours = order[:_NAMED_MAX], _colours(rows)
    for payee in reversed(order):
        points = [(x, height(each[payee])) for x, each in zip(columns, shares, strict=True)]
        drawn.append(_line(points, colours.get(payee, _FAINT), 2.4 if payee in colours else 1.2))
    places = _apart([height(shares[0][payee]) for payee in named])
    for payee, y in zip(named, places, strict=True):
        said = f"{shortened(label(payee), _LABEL)}  {100 * shares[0][payee]:.3g} %"
        fill = colours.get(payee, _INK)
        drawn.append(_text(_LEFT - 12, y + 4, said, 12, anchor="end", fill=fill))
    last = [payee for payee in named if payee in colours]
    ends = _apart([height(shares[-1][payee]) for payee in last])
    for payee, y in zip(last, ends, strict=True):
        said = f"{100 * shares[-1][payee]:.3g} %"
        drawn.append(_text(columns[-1] + 8, y + 4, said, 12, fill=colours[payee]))
    note = "Blue: gains most under some rule. Orange: loses most under some rule."
    if len(order) > len(named):
        note += f" {len(order) - len(named)} more payees are drawn without a name."
    bottom = max(_TOP + _PLOT + 40, *(int(y) + 40 for y in places))
    drawn.append(_text(24, bottom, note, 12, fill=_FAINT))
    return _svg(width, bottom + 16, drawn)


def rules_lorenz_svg(rows: Sequence[RuleRow], simulated: str = "") -> str:
    """The Lorenz curve of each rule over all registered payees, with its Gini."""
    left, top, size = 60, _TOP - _HEAD + 14, _SQUARE
    drawn = [_title("Lorenz curve of each rule", simulated)]
    drawn.append(
        f'<path d="M{left} {top}V{top + size}H{left + size}" fill="none" stroke="{_FAINT}"/>'
        f'<path d="M{left} {top + size}L{left + size} {top}" stroke="{_GRID}" stroke-width="2"/>'
    )
    for tick in (0, 50, 100):
        x, y = left + size * tick / 100, top + size * (1 - tick / 100)
        drawn.append(_text(x, top + size + 18, f"{tick} %", 12, anchor="middle", fill=_FAINT))
        drawn.append(_text(left - 8, y + 4, f"{tick} %", 12, anchor="end", fill=_FAINT))
    drawn.append(_text(left, top + size + 38, "share of payees, poorest first", 12, fill=_FAINT))
    drawn.append(_text(left, top - 10, "share of what is paid", 12, fill=_FAINT))
    for place, row in enumerate(rows):
        hue, dash = _HUES[place % len(_HUES)], _DASHES[place % len(_DASHES)]
        points = [
            (left + size * float(x), top + size * (1 - float(y)))
            for x, y in lorenz_curve(list(row.units.values()), _POINTS_MAX)
        ]
        gini = row.inequality.registered.gini
        said = "nothing was paid" if gini is None else f"Gini {float(gini):.3f}"
        y = top + 14 + 26 * place
        drawn.append(_line([(left + size + 34, y - 4), (left + size + 66, y - 4)], hue, 2, dash))
        drawn.append(_text(left + size + 76, y, f"{row.rule}: {said}", 13))
        if points:
            drawn.append(_line(points, hue, 2, dash))
    return _svg(left + size + 360, top + size + 54, drawn)


def _shares(row: RuleRow) -> dict[Address, float]:
    paid = sum(row.units.values())
    return {payee: units / paid if paid else 0.0 for payee, units in row.units.items()}


def _colours(rows: Sequence[RuleRow]) -> Mapping[Address, str]:
    losers = {row.lost[0].payee: _LOSS for row in rows if row.lost}
    return {row.gained[0].payee: _GAIN for row in rows if row.gained} | losers


def _apart(wanted: Sequence[float]) -> list[float]:
    """Places for labels, as wanted and no two closer than a line, downwards from the first."""
    places: dict[int, float] = {}
    free = float("-inf")
    for index in sorted(range(len(wanted)), key=lambda i: wanted[i]):
        free = max(wanted[index], free)
        places[index] = free
        free += _LINE
    return [places[index] for index in range(len(wanted))]


def shortened(name: str, characters: int) -> str:
    """A name as a label."""
    return name if len(name) <= characters else f"{name[: characters - 1]}…"


def _title(words: str, simulated: str) -> str:
    label = _text(24, 50, simulated, 13, fill=_LOSS, weight=700) if simulated else ""
    return _text(24, 28, words, 17, weight=700) + label


def _text(
    x: float,
    y: float,
    words: str,
    size: int,
    *,
    anchor: str = "start",
    fill: str = _INK,
    weight: int = 400,
) -> str:
    # As a style, which a page's own rules for text do not override.
    style = f"font-size:{size}px;font-weight:{weight};text-anchor:{anchor};fill:{fill}"
    return f'<text x="{x:.1f}" y="{y:.1f}" style="{style}">{escape(words)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: float, dash: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    style = f'fill="none" stroke="{colour}" stroke-width="{width}"{dashed}'
    return f'<polyline points="{path}" {style} stroke-linejoin="round"/>'


def _svg(width: float, height: float, drawn: Sequence[str]) -> str:
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    fonts = "system-ui, 'DejaVu Sans', 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
    back = f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="{fonts}" role="img">'
    return head + back + "".join(drawn) + "</svg>"
