"""The report as files: JSON, CSV, HTML, pictures, and the record that all of them come from."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from api.report_page import report_page
from chain.metrics.plots import draw_all
from chain.metrics.report import ValueChainReport
from chain.metrics.report_json import plain_report
from chain.metrics.report_tables import ReportTable, report_tables

# A cell that begins with one of these is a formula to a spreadsheet; a quote before it is text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_report(report: ValueChainReport, folder: Path) -> Path:
    """Every form of the report into a folder; the path of its page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_bytes(report.record.to_json() + b"\n")
    (folder / "report.json").write_text(report_json(report))
    write_tables(report, folder / "tables")
    drawn = draw_all(report)
    for name, svg in drawn.items():
        (folder / f"{name}.svg").write_text(svg)
    page = folder / "report.html"
    page.write_text(report_page(report, drawn))
    return page


def report_json(report: ValueChainReport) -> str:
    return json.dumps(plain_report(report), indent=2, ensure_ascii=False) + "\n"


def write_tables(report: ValueChainReport, folder: Path) -> list[Path]:
    """One CSV file for each table that has rows; what lay there under those names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in report_tables(report).items():
        path = folder / f"{name}.csv"
        path.write_text(csv_of(table, report.label), newline="")
        written.append(path)
    return written


def csv_of(table: ReportTable, label: str) -> str:
    """The table as RFC 4180 text; what is simulated is a column, so that no row loses it."""
    target = io.StringIO()
    writer = csv.writer(target)
    extra = ["simulated"] if label else []
    writer.writerow([*table.columns, *extra])
    for row in table.rows:
        writer.writerow([*map(_as_text, row), *([label] if label else [])])
    return target.getvalue()


def _as_text(cell: str) -> str:
    is_number = cell.lstrip("+-").replace(".", "").replace(" %", "").replace(",", "").isdigit()
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not is_number else cell
