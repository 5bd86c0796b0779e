"""A statement as CSV: RFC 4180, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any, Final

from chain.statements.rows import Row, Told, rows_of, share_text, split_text

COLUMNS: Final = (
    "row",
    "date",
    "what",
    "lane",
    "work",
    "title",
    "payee",
    "licences",
    "tier",
    "platform",
    "epoch",
    "uses",
    "gross",
    "share",
    "split",
    "earned",
    "withheld",
    "paid",
    "balance",
    "currency",
    "formula",
    "why",
    "paid in, block",
    "paid in, transaction",
    "paid in, log",
    "booked, block",
    "booked, transaction",
    "booked, log",
    "leaf",
    "leaf root",
    "segments",
    "name",
    "corrects",
)
BOM: Final = "\ufeff"
# With these a spreadsheet takes a cell for a formula; a number may begin with a minus.
_FORMULA: Final = tuple("=+-@\t\r\n|%")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_of(document: Mapping[str, Any], *, with_bom: bool = False) -> str:
    """The table as text; with a byte order mark for spreadsheets that would guess the encoding."""
    told, written = Told.of(document), io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in rows_of(document):
        cells = _cells(row, told)
        table.writerow([guarded(str(cells.get(column, ""))) for column in COLUMNS])
    return (BOM if with_bom else "") + written.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet runs: text that begins as a formula does gets an apostrophe."""
    if cell.startswith(_FORMULA) and _NUMBER.fullmatch(cell) is None:
        return "'" + cell
    return cell


def _cells(row: Row, told: Told) -> dict[str, Any]:
    entry, line = row.entry, row.line
    work = line.get("work_id", entry.get("work_id"))
    cells = {
        "row": row.kind,
        "date": row.time,
        "what": line.get("source") or entry.get("cause", row.kind),
        "lane": line.get("lane", ""),
        "work": work or "",
        "title": told.titles.get(work, "") if work else "",
        "payee": entry.get("payee", ""),
        "earned": row.earned,
        "withheld": row.withheld,
        "paid": row.paid,
        "balance": row.balance,
        "currency": told.currency.symbol,
        "epoch": entry.get("epoch", ""),
        "why": line.get("why") or entry.get("words", ""),
        "name": line.get("name") or entry.get("name", ""),
        "corrects": entry.get("corrects") or "",
        **_place("booked", line.get("booked") or entry.get("place")),
    }
    if line:
        cells |= {
            "licences": " ".join(map(str, line["licences"])),
            "tier": " ".join(told.tiers(line)),
            "platform": " ".join(told.holders(line)),
            "uses": line["uses"] or "",
            "gross": line["gross"] if int(line["gross_units"]) else "",
            "share": share_text(line),
            "split": split_text(line),
            "formula": line["formula"],
            **_place("paid in", line["paid_in"]),
        }
        paper = line.get("epoch")
        if paper:
            cells |= {
                "leaf": paper["leaf_index"],
                "leaf root": paper["leaf_root"],
                "segments": paper["segments"],
            }
    return cells


def _place(noun: str, place: Mapping[str, Any] | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {
        f"{noun}, block": place["block"],
        f"{noun}, transaction": place["transaction"],
        f"{noun}, log": place["log_index"],
    }
