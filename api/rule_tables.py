"""A comparison of sharing rules as rows of text: for a terminal, a spreadsheet, a page."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from api.comparing import RuleComparison
from api.rule_words import sentences
from chain.ledger.identifiers import Address
from chain.metrics.rule_comparison import Change, RuleRow
from chain.metrics.rule_pictures import rules_lorenz_svg, slope_svg

_FOLDER = Path(__file__).parent / "http"
COLUMNS = (
    "rule",
    "moved",
    "of the pool",
    "Gini",
    "Theil",
    "Jain",
    "more",
    "less",
    "largest loss",
    "largest loss of one's own",
)


@dataclass(frozen=True)
class Rows:
    """A table; the first column names its row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Cell:
    """An amount, and whether it is more than by the splits: gain, loss or neither."""

    text: str
    way: str


@dataclass(frozen=True)
class PayeeCells:
    payee: Address
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class PayeeRows:
    columns: tuple[str, ...]
    rows: tuple[PayeeCells, ...]


def rule_rows(comparison: RuleComparison) -> Rows:
    return Rows(COLUMNS, tuple(_rule_row(comparison, row) for row in comparison.rows))


def payee_rows(comparison: RuleComparison) -> PayeeRows:
    """Whoever has most by the splits comes first; what waits in suspense is the last row."""
    text, rows = comparison.history.currency.text, comparison.rows
    ways = [_ways(row) for row in rows]
    order = sorted(rows[0].units, key=lambda payee: -rows[0].units[payee])
    shown = [
        PayeeCells(
            payee,
            comparison.label(payee),
            tuple(
                Cell(text(row.units[payee]), way.get(payee, ""))
                for row, way in zip(rows, ways, strict=True)
            ),
        )
        for payee in order
    ]
    if any(row.suspense for row in rows):
        cells = tuple(Cell(text(row.suspense), "") for row in rows)
        shown.append(PayeeCells(Address(""), "in suspense", cells))
    return PayeeRows(("payee", *(row.rule for row in rows)), tuple(shown))


def payees_csv(comparison: RuleComparison) -> str:
    """One line a payee, one column a rule; amounts in coins."""
    table, written = payee_rows(comparison), io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(["payee", "name", *table.columns[1:]])
    for row in table.rows:
        lines.writerow([row.payee, _harmless(row.label), *(cell.text for cell in row.cells)])
    return written.getvalue()


def page(comparison: RuleComparison, simulated: str = "") -> str:
    """The whole comparison as one HTML file that loads nothing."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, trim_blocks=True
    )
    return environment.get_template("rules.html").render(
        comparison=comparison,
        simulated=simulated,
        style=(_FOLDER / "static" / "antiphon.css").read_text("utf-8"),
        summary=sentences(comparison),
        table=rule_rows(comparison),
        payees=payee_rows(comparison),
        slopes=slope_svg(comparison.rows, comparison.label, simulated),
        lorenz=rules_lorenz_svg(comparison.rows, simulated),
    )


def _rule_row(comparison: RuleComparison, row: RuleRow) -> tuple[str, ...]:
    measured, text = row.inequality.registered, comparison.history.currency.text
    theil = measured.theil
    return (
        row.rule,
        text(row.moved),
        _percent(row.moved_share),
        _number(measured.gini),
        "not defined" if theil is None else f"{theil.value:.4f}",
        _number(measured.jain),
        str(len(row.gained)),
        str(len(row.lost)),
        _loss(comparison, row.largest_loss, in_coins=True),
        _loss(comparison, row.largest_share_lost, in_coins=False),
    )


def _loss(comparison: RuleComparison, change: Change | None, *, in_coins: bool) -> str:
    if change is None:
        return "none"
    amount = comparison.history.currency.text(-change.difference)
    shown = amount if in_coins else _percent(change.share and -change.share)
    return f"{shown} ({comparison.label(change.payee)})"


def _ways(row: RuleRow) -> dict[Address, str]:
    gained = {change.payee: "gain" for change in row.gained}
    return gained | {change.payee: "loss" for change in row.lost}


def _number(value: Fraction | None) -> str:
    return "not defined" if value is None else f"{float(value):.4f}"


def _percent(value: Fraction | None) -> str:
    return "not defined" if value is None else f"{100 * float(value):.2f} %"


def _harmless(text: str) -> str:
    """A name that a spreadsheet would take for a formula, as text."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
