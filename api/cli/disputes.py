"""antiphon disputes: which shares are held because somebody disputed them, and until when.

Example: antiphon disputes list --standing
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from api.cli.printing import Api, AsJson, refuse, show

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

app = typer.Typer(help=__doc__, no_args_is_help=True)

Plain = dict[str, Any]


@app.command("list")
def list_disputes(
    work: Annotated[int | None, typer.Option(min=1, help="About this work.")] = None,
    payee: Annotated[str, typer.Option(help="About this account's share.")] = "",
    state: Annotated[
        str, typer.Option(help="OPEN, ANSWERED, UPHELD, DISMISSED, LAPSED or RELEASED.")
    ] = "",
    standing: Annotated[
        bool | None,
        typer.Option("--standing/--over", help="Those still to be decided or holding a share."),
    ] = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Disputes in the order in which they were brought; all when nothing is asked for.

    Example: antiphon disputes list --work 5 --standing
    """
    from api.cli.remote import get_pages

    asked = {"work_id": work, "payee": payee, "state": state.upper(), "standing": standing}
    given = {name: value for name, value in asked.items() if value not in (None, "")}
    show(get_pages(api, "/v1/disputes", "disputes", **given), as_json, _disputes_table)


@app.command("show")
def show_dispute(
    dispute: Annotated[str, typer.Argument(help="Its number or its id, as the list has them.")],
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """One dispute: what is held, the evidence, the bonds, and who may do what until when.

    Example: antiphon disputes show 3
    """
    from api.cli.remote import get

    if dispute.isascii() and dispute.isdigit():
        after = max(int(dispute) - 1, 0)
        listed = get(api, f"/v1/disputes?limit=1&after={after}")["disputes"]
        if not listed or listed[0]["number"] != int(dispute):
            refuse(f"there is no dispute {dispute}. Next: antiphon disputes list")
        dispute = listed[0]["dispute_id"]
    show(get(api, f"/v1/disputes/{quote(dispute, safe='')}"), as_json, _dispute_tables)


def _disputes_table(answer: Plain) -> Table:
    from api.cli.tables import table_of

    rows = table_of("number", "work", "payee", "where it stands", "frozen until", "id")
    for each in answer["disputes"]:
        until = each["frozen_until"] if each["frozen"] else "free"
        rows.add_row(
            str(each["number"]),
            str(each["work_id"]),
            each["payee"],
            each["words"]["state"],
            until,
            each["dispute_id"],
        )
    return rows


def _dispute_tables(answer: Plain) -> Group:
    from rich.console import Group
    from rich.markup import escape

    from api.cli.tables import table_of, title_of
    from chain.ledger.money import Currency

    head = f"dispute {answer['number']}, work {answer['work_id']}: {title_of(answer)}"
    said = [head, answer["words"]["headline"], *([answer["ruled"]] if answer["ruled"] else [])]
    held = table_of("frozen, base units", "direct lane", "epoch lane")
    for amount in answer["frozen_amounts"]:
        epoch = amount["epoch_lane"] or f"not known here: {amount['untold']}"
        held.add_row(amount["currency"]["symbol"], amount["direct_lane"], epoch)
    may = table_of("who", "may", "from", "until")
    for step in answer["steps"]:
        who = step["who"] + (f" {step['account']}" if step["account"] else "")
        may.add_row(who, f"{step['step']}: {step['means']}", step["from"], step["until"] or "")
    evidence = table_of("evidence of", "content id", "on")
    for given in answer["evidence"]:
        evidence.add_row(given["party"], given["cid"], given["place"]["time"])
    bonds = answer["bonds"]
    currency = Currency(**bonds["currency"])
    bond = f"bond: {currency.text(int(bonds['each']))} {currency.symbol}. {bonds['rule']}"
    owed = table_of("of the bonds", currency.symbol)
    for each in bonds["owed"]:
        owed.add_row(each["account"], currency.text(int(each["amount"])))
    tables = [table for table in (held, may, evidence) if table.row_count]
    return Group(*map(escape, said), *tables, escape(bond), *([owed] if owed.row_count else []))
