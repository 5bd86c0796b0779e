"""A statement for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from api.cli.tables import table_of
from chain.statements.rows import LINE, rows_of
from chain.statements.sums import WITHHELD

Plain = dict[str, Any]


def statement_view(document: Plain) -> Group:
    """Head, account and every line with its sentence."""
    account, period, about = document["account"], document["period"], document["for"]
    whose = about.get("payee") or f"community {about['community_id']}"
    symbol = document["currency"]["symbol"]
    sums = table_of("account", symbol)
    for name in ("opening", "earned", "withheld", "paid", "closing"):
        sums.add_row(name, account[name]["text"])
    for state in WITHHELD:
        sums.add_row(f"  {state}, at the end", account["states"][state]["closing"]["text"])
    rows = table_of("date", "what, and why", "earned", "withheld", "paid")
    for row in rows_of(document):
        if row.entry:
            words = row.line["why"] if row.kind == LINE else row.entry["words"]
            rows.add_row(row.time[:10], Text(words), row.earned, row.withheld, row.paid)
    blocks = f"blocks {period['from_block']} to {period['to_block']} (not included)"
    head = Text(f"Statement of {whose}, {blocks}")
    tail = Text(f"digest {document['digest']}")
    return Group(head, sums, "", rows, *map(Text, document["notices"]), tail)
