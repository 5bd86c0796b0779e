"""antiphon rules: what each sharing rule would have paid a community, on its own past."""

from __future__ import annotations

import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.printing import Api, AsJson, print_json, refuse

if TYPE_CHECKING:
    from rich.console import Group

    from api.comparing import RuleComparison
    from api.rule_history import CommunityHistory

app = typer.Typer(help=__doc__, no_args_is_help=True)

LABEL_CHARACTERS = 30
Community = Annotated[int, typer.Argument(min=1, help="The community's number.")]


@app.command()
def compare(
    community: Annotated[int, typer.Argument(min=0, help="Its number; 0 with --history.")] = 0,
    floor: Annotated[
        list[str] | None,
        typer.Option(help="A floor in percent, as often as you like; 10, 30 and 50 if not."),
    ] = None,
    epochs: Annotated[str, typer.Option(help="Only these, as 3-9 or 5.")] = "",
    listeners: Annotated[
        Path | None,
        typer.Option(help="CSV: listener,work,plays,fee. It stays here; names are hashed."),
    ] = None,
    names: Annotated[Path | None, typer.Option(help="CSV: payee,name. It stays here.")] = None,
    history: Annotated[
        Path | None, typer.Option(help="A file of `antiphon rules export`; nobody is asked.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Payees by rules, as CSV.")] = False,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Divide a community's own income by each sharing rule: who gains, who loses, how much.

    Example: antiphon rules compare 2 --floor 30 --names names.csv --html rules.html
    """
    from api.comparing import FLOORS_BPS, compare_history, plain_comparison
    from api.listening_files import read_listening, read_names
    from api.rule_tables import page, payees_csv
    from api.rule_words import sentences

    past = _read(history) if history else _fetch(community, api)
    if community and past.community_id != community:
        refuse(f"{history} is of community {past.community_id}. Next: leave {community} out")
    if epochs:
        past = past.of_epochs(*_span(epochs))
    floors = [_basis_points(each) for each in floor] if floor else FLOORS_BPS
    heard = read_listening(listeners, past.splits.keys(), past.currency) if listeners else None
    known = read_names(names) if names else {}
    comparison = compare_history(past, floors, heard, known)
    if html is not None:
        html.write_text(page(comparison), encoding="utf-8")
    if as_json:
        print_json(plain_comparison(comparison, sentences(comparison)))
    elif as_csv:
        sys.stdout.write(payees_csv(comparison))
    else:
        from api.demo.narrator import wide_console

        wide_console().print(_screen(comparison))
        if html is not None:
            typer.echo(f"{html} has this with pictures.")


@app.command()
def export(
    community: Community,
    file: Annotated[Path, typer.Argument(help="The JSON file to write.")],
    api: Api = "",
) -> None:
    """Write a community's past to a file, from which rules are compared with nobody asked.

    Example: antiphon rules export 2 past.json
    """
    if file.exists():
        refuse(f"{file}: it is there already. Next: name a new file.")
    past = _fetch(community, api)
    file.write_text(json.dumps(past.to_plain(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    typer.echo(
        f"{file} holds {len(past.pools)} epochs. Next: antiphon rules compare --history {file}"
    )


def _screen(comparison: RuleComparison) -> Group:
    """What a steward reads first: sentences, then the rules, then the payees."""
    from rich.console import Group
    from rich.text import Text

    from api.cli.tables import said, table_of
    from api.rule_tables import payee_rows, rule_rows
    from api.rule_words import sentences
    from chain.metrics.rule_pictures import shortened

    by_rule, by_payee = rule_rows(comparison), payee_rows(comparison)
    rules, payees = table_of(*by_rule.columns), table_of(*by_payee.columns)
    for row in by_rule.rows:
        rules.add_row(*map(Text, row))
    for each in by_payee.rows:
        payees.add_row(
            Text(shortened(each.label, LABEL_CHARACTERS)), *(cell.text for cell in each.cells)
        )
    payees.columns[0].no_wrap = True
    words = [said(line + "\n") for line in sentences(comparison)]
    symbol = comparison.history.currency.symbol
    title = f"payee by payee, in {symbol}; ▲ more, ▼ less than by the splits"
    return Group(*words, rules, Text(f"\n{title}\n"), payees)


def _fetch(community: int, api: str) -> CommunityHistory:
    from api.cli.remote import get
    from api.rule_history import CommunityHistory

    if not community:
        refuse("Whose past? Next: give a community's number, or --history FILE")
    return CommunityHistory.from_plain(get(api, f"/v1/communities/{community}/pools"))


def _read(file: Path) -> CommunityHistory:
    from api.rule_history import CommunityHistory, HistoryMalformed

    try:
        return CommunityHistory.from_plain(json.loads(file.read_text("utf-8")))
    except ValueError as error:
        raise HistoryMalformed(error) from error


def _span(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()) or int(last or first) < int(first):
        refuse(f"{text}: no epochs. Next: give them as 3-9, or one as 5")
    return int(first), int(last or first)


def _basis_points(text: str) -> int:
    try:
        points = Decimal(text.strip().removesuffix("%")) * 100
    except InvalidOperation:
        points = Decimal(-1)
    if points != points.to_integral_value() or not 1 <= points <= 10_000:
        refuse(f"{text}: a floor is 0.01 to 100 percent. Next: give it as 30 or 12.5")
    return int(points)
