"""A statement as a flat file of tab-separated records, shaped as DDEX's sales reports are.

It is no DDEX message: nobody certified it, and which of its cells have a counterpart there is told
in docs/STATEMENTS.md. The first cell of a record names its kind; a line with `#` names the cells of
the kind that follows. Several values in one cell are parted by `|`. Cells that the ledger has no
source for are there and empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chain.statements.csv_table import guarded
from chain.statements.rows import LINE, Row, Told, rows_of
from chain.statements.sums import WITHHELD

_HEAD: Final = (
    "RecordType",
    "MessageVersion",
    "StatementId",
    "StatementType",
    "RecipientId",
    "PeriodStart",
    "PeriodEnd",
    "CurrencyOfReporting",
    "ChainId",
    "FromBlock",
    "ToBlock",
    "ClosingBlockHash",
    "SenderPartyId",
    "RecipientPartyId",
)
_SUMMARY: Final = (
    "RecordType",
    "OpeningBalance",
    "AmountEarned",
    "AmountWithheld",
    "AmountPaid",
    "ClosingBalance",
    "HeldFrozen",
    "HeldPending",
    "HeldDeferred",
)
_LINE: Final = (
    "RecordType",
    "LineId",
    "UsageStartDate",
    "UsageEndDate",
    "BookingDate",
    "ProprietaryWorkId",
    "ISRC",
    "ISWC",
    "Title",
    "RightsControllerId",
    "RightsControllerRole",
    "RightsControllerPercentage",
    "Licensee",
    "LicenceId",
    "CommercialModel",
    "UseType",
    "Territory",
    "TotalUsages",
    "GrossAmount",
    "ShareOfIncome",
    "AmountPayable",
    "CurrencyOfTransaction",
    "Formula",
    "TransactionHash",
    "LogIndex",
    "ReportHash",
    "LeafIndex",
    "SegmentSet",
)
_MOVE: Final = (
    "RecordType",
    "LineId",
    "Date",
    "Reason",
    "Adjustment",
    "Withheld",
    "Paid",
    "CorrectsLineId",
    "TransactionHash",
    "LogIndex",
    "Explanation",
)
_FOOT: Final = ("RecordType", "NumberOfRecords", "Digest")
VERSION: Final = "antiphon-flat/1"


def tsv_of(document: Mapping[str, Any]) -> str:
    """The records as text, each line ended by one newline."""
    told, rows = Told.of(document), list(rows_of(document))
    lines = [row for row in rows if row.kind == LINE]
    moves = [row for row in rows if row.entry and row.kind != LINE]
    records: list[str] = []
    _add(records, _HEAD, [_head(document)])
    _add(records, _SUMMARY, [_summary(document)])
    _add(records, _LINE, [_line(row, told) for row in lines])
    _add(records, _MOVE, [_move(row) for row in moves])
    count = sum(not record.startswith("#") for record in records) + 1
    foot = {"RecordType": "FOOT", "NumberOfRecords": count, "Digest": document["digest"]}
    _add(records, _FOOT, [foot])
    return "\n".join(records) + "\n"


def _add(records: list[str], columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    records.append("#" + "\t".join(columns))
    for row in rows:
        records.append("\t".join(cell(row.get(column, "")) for column in columns))


def cell(value: object) -> str:
    """One cell: no tab, line or bar of its own, and nothing a spreadsheet would run."""
    values = value if isinstance(value, list) else [value]
    parts = ("" if each is None else str(each) for each in values)
    return guarded("|".join(" ".join(part.replace("|", "/").split()) for part in parts))


def _head(document: Mapping[str, Any]) -> dict[str, Any]:
    about, period = document["for"], document["period"]
    payee = about.get("payee")
    return {
        "RecordType": "HEAD",
        "MessageVersion": VERSION,
        "StatementId": document["digest"],
        "StatementType": "RightsController" if payee else "Community",
        "RecipientId": payee or f"community::{about['community_id']}",
        "PeriodStart": period["opening"]["time"],
        "PeriodEnd": period["closing"]["time"],
        "CurrencyOfReporting": document["currency"]["symbol"],
        "ChainId": document["chain_id"],
        "FromBlock": period["from_block"],
        "ToBlock": period["to_block"],
        "ClosingBlockHash": period["closing"]["hash"],
    }


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    account = document["account"]
    names = {
        "OpeningBalance": "opening",
        "AmountEarned": "earned",
        "AmountWithheld": "withheld",
        "AmountPaid": "paid",
        "ClosingBalance": "closing",
    }
    held = {
        f"Held{state.title()}": account["states"][state]["closing"]["text"] for state in WITHHELD
    }
    figures = {column: account[name]["text"] for column, name in names.items()}
    return {"RecordType": "SUMM", **figures, **held}


def _line(row: Row, told: Told) -> dict[str, Any]:
    line, paper = row.line, row.line.get("epoch") or {}
    own = line["work_id"] == line["source_work_id"]
    return {
        "RecordType": "LINE",
        "LineId": line["name"],
        "UsageStartDate": line["paid_in"]["time"],
        "UsageEndDate": line["paid_in"]["time"],
        "BookingDate": line["booked"]["time"],
        "ProprietaryWorkId": f"{line['work_id']}",
        "Title": told.titles.get(line["work_id"], ""),
        "RightsControllerId": row.entry["payee"],
        "RightsControllerRole": "payee of the work" if own else "payee of an ancestor",
        "RightsControllerPercentage": f"{line['bps'] / 100:g}" if line["bps"] else "",
        "Licensee": told.holders(line),
        "LicenceId": line["licences"],
        "CommercialModel": line["source"],
        "UseType": told.tiers(line),
        "TotalUsages": line["uses"],
        "GrossAmount": line["gross"] if int(line["gross_units"]) else "",
        "ShareOfIncome": _decimal(int(line["share"])),
        "AmountPayable": line["amount"]["text"],
        "CurrencyOfTransaction": told.currency.symbol,
        "Formula": line["formula"],
        "TransactionHash": line["booked"]["transaction"],
        "LogIndex": line["booked"]["log_index"],
        "ReportHash": paper.get("report"),
        "LeafIndex": paper.get("leaf_index"),
        "SegmentSet": paper.get("segments"),
    }


def _decimal(share: int) -> str:
    """A share of SHARE_SCALE as a decimal fraction; empty where a rule decided."""
    whole, rest = divmod(share, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") if share else ""


def _move(row: Row) -> dict[str, Any]:
    entry, place = row.entry, row.entry["place"] or {}
    return {
        "RecordType": "MOVE",
        "LineId": entry["name"],
        "Date": row.time,
        "Reason": entry["cause"],
        "Adjustment": row.earned,
        "Withheld": row.withheld,
        "Paid": row.paid,
        "CorrectsLineId": entry["corrects"],
        "TransactionHash": place.get("transaction"),
        "LogIndex": place.get("log_index"),
        "Explanation": entry["words"],
    }
