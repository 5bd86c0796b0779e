"""antiphon statement: what a creator or a community earned in a period, why, and whether it is so.

Example: antiphon statement payee 0x… --period 2026-10 --out october.pdf
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

import typer

from api.cli.printing import Api, AsJson, print_json, refuse, show

app = typer.Typer(help=__doc__, no_args_is_help=True)

FAILED_VERIFICATION: Final = 3
FORMS: Final = ("json", "csv", "tsv", "pdf")

Period = Annotated[
    list[str] | None,
    typer.Option(
        "--period",
        help="2026-10, or 2026-10-01..2026-11-01, or blocks 120..480; what ends it is not "
        "included. Several times for several; the whole chain when left out.",
    ),
]
Token = Annotated[str, typer.Option(help="The currency; the deployment's when left out.")]
Format = Annotated[str, typer.Option("--format", help="json, csv, tsv or pdf, into --out.")]
Out = Annotated[Path | None, typer.Option(help="Where to write the file; not over another one.")]
Bom = Annotated[bool, typer.Option("--bom", help="For spreadsheets that garble a CSV's letters.")]
After = Annotated[
    Path | None,
    typer.Option(
        help="The published statement before, as JSON: what it said wrong is put right here."
    ),
]


@app.command()
def payee(
    account: Annotated[str, typer.Argument(help="The creator's address.")],
    period: Period = None,
    token: Token = "",
    form: Format = "",
    out: Out = None,
    bom: Bom = False,
    after: After = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """What one account earned, what is withheld and what was paid, line by line.

    Example: antiphon statement payee 0x… --period 2026-10 --out october.pdf
    """
    subject = f"/v1/payees/{quote(account, safe='')}"
    _give(api, subject, period or [], token, form, out, bom, after, as_json)


@app.command()
def community(
    community_id: Annotated[int, typer.Argument(min=1, help="The community's number.")],
    period: Period = None,
    token: Token = "",
    form: Format = "",
    out: Out = None,
    bom: Bom = False,
    after: After = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """What a community's works earned, by payee; nothing of what its payees earn elsewhere.

    Example: antiphon statement community 1 --period 2026-10 --out october.csv
    """
    subject = f"/v1/communities/{community_id}"
    _give(api, subject, period or [], token, form, out, bom, after, as_json)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A statement as JSON.")],
    after: After = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Add a statement up, and make it again from the chain. Exit 3 when something differs.

    Example: antiphon statement verify october.json
    """
    from chain.statements.comparing import added_up, differences

    document = _read(file)
    summed, found = added_up(document)
    about, period = document["for"], document["period"]
    subject = _subject(about)
    again = _one(api, subject, _blocks(period), document["currency"]["token"])
    if after is not None:
        again = _after(api, subject, _read(after), again)
    elif document["corrects"]:
        refuse(
            f"{file}: it puts right the statement {document['corrects']}. Next: give that one "
            "with --after"
        )
    compared, more = differences(document, again)
    found += more
    answer = {
        "file": str(file),
        "block": again["period"]["closing"],
        "sums": summed,
        "compared": compared,
        "differences": [
            {"place": d.place, "expected": str(d.expected), "found": str(d.found)} for d in found
        ],
    }
    if as_json:
        print_json(answer)
    else:
        for difference in found:
            typer.echo(str(difference))
        verdict = "is NOT" if found else "is"
        typer.echo(f"{file} {verdict} what the chain says: {summed} sums, {compared} figures")
    if found:
        raise typer.Exit(FAILED_VERIFICATION)


def _give(
    api: str,
    subject: str,
    periods: list[str],
    token: str,
    form: str,
    out: Path | None,
    bom: bool,
    after: Path | None,
    as_json: bool,
) -> None:
    from api.cli.remote import get
    from api.cli.statement_tables import statement_view

    form = form or (out.suffix.removeprefix(".").lower() if out else "")
    if form and form not in FORMS:
        refuse(f"{form[:20]!r} is no form of a statement. Next: --format json, csv, tsv or pdf")
    if out is not None and out.exists():
        refuse(f"{out}: it is there already, and a statement is never changed. Next: name another")
    if form and len(periods) > 1:
        refuse("one file holds one statement. Next: ask for one period at a time")
    if form and out is None:
        refuse("the file needs a name. Next: --out FILE")
    asked = [("period", period) for period in periods] + ([("token", token)] if token else [])
    statements = get(api, f"{subject}/statements?{urlencode(asked)}")["statements"]
    if after is not None:
        statements[0] = _after(api, subject, _read(after), statements[0])
    if out is not None:
        from chain.statements.errors import StatementRefused
        from chain.statements.formats import Form, written

        try:
            data = written(statements[0], Form(form or "json"), with_bom=bom)
        except StatementRefused as error:
            refuse(str(error))
        out.write_bytes(data)
        note = f"{out}: {statements[0]['account']['closing']['text']} payable after the period"
        typer.echo(f"{note}. Next: keep the JSON form too, antiphon statement verify takes it")
    elif as_json:
        print_json({"statements": statements})
    else:
        for statement in statements:
            show(statement, False, statement_view)


def _read(file: Path) -> dict[str, Any]:
    from chain.statements.comparing import read_statement
    from chain.statements.errors import NoStatement

    if not file.is_file():
        refuse(f"{file}: no such file")
    try:
        return read_statement(file.read_bytes())
    except NoStatement as error:
        refuse(f"{file}: {error}")


def _subject(about: dict[str, Any]) -> str:
    if "payee" in about:
        return f"/v1/payees/{quote(str(about['payee']), safe='')}"
    return f"/v1/communities/{quote(str(about.get('community_id')), safe='')}"


def _blocks(period: dict[str, Any]) -> str:
    return f"{period['from_block']}..{period['to_block']}"


def _one(api: str, subject: str, period: str, token: str) -> dict[str, Any]:
    from api.cli.remote import get

    asked = urlencode([("period", period), ("token", token)])
    found: dict[str, Any] = get(api, f"{subject}/statements?{asked}")["statements"][0]
    return found


def _after(
    api: str, subject: str, published: dict[str, Any], statement: dict[str, Any]
) -> dict[str, Any]:
    """The statement that follows a published one and puts it right."""
    from chain.statements.amending import amended
    from chain.statements.errors import StatementsApart

    again = _one(api, subject, _blocks(published["period"]), published["currency"]["token"])
    try:
        return amended(published, again, statement)
    except StatementsApart as error:
        refuse(str(error))
