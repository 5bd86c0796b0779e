"""antiphon: a rights and royalty ledger for heritage music, from the command line.

Begin with `antiphon demo`, which tells the whole story and ends; or with `antiphon up`, which
leaves a ledger running that the other commands find by themselves. `antiphon doctor` says what is
missing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.cli import (
    audit,
    disputes,
    epochs,
    evaluate,
    metrics,
    reports,
    rules,
    statements,
    status,
    up,
    usage,
)
from api.cli.printing import REFUSED, Api, AsJson, print_json, refuse, show
from api.cli.up import STATE

# Everything heavy is imported inside the commands: `antiphon --help` answers at once.

app = typer.Typer(
    rich_markup_mode="markdown",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# The order of the panels is that of their first commands.
BEGIN, WORKS, FOUND = "Begin here", "Works, rights and disputes", "Found audio"
MONEY, CHECK, MEASURE = "Usage and money", "Check it yourself", "Measure"

DEMO_STATE = Path("var/demo")
LIBRARY = Path("var/recordings")

FAILED_VERIFICATION, NOTHING_FOUND = 3, 4


@app.command(rich_help_panel=BEGIN)
def demo(
    audio: Annotated[Path | None, typer.Option(help="A folder with your own recordings.")] = None,
    state: Annotated[Path, typer.Option(help="Made anew each time.")] = DEMO_STATE,
    sequel: Annotated[
        bool, typer.Option("--sequel", help="Two more days: a rule, a dispute, a failure.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story: recordings in, creators paid, every balance verified.

    What it leaves is in the folder of --state, and is made anew each time.

    Example: antiphon demo --audio my-recordings
    """
    from api.demo.story import Telling, tell

    world = tell(Telling(state, LIBRARY, audio, quiet=as_json, sequel=sequel))
    if as_json:
        print_json({"facts": world.narrator.facts, "folder": str(state)})
    else:
        typer.echo(f"\nWhat it left is in {state}. See it: antiphon up --state {state}")


app.command(rich_help_panel=BEGIN)(up.up)
app.command(rich_help_panel=BEGIN)(status.status)


@app.command(rich_help_panel=WORKS)
def works(
    work_id: Annotated[int | None, typer.Argument(help="One work; all when left out.")] = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """List works, or show one with its consents, split and licences."""
    from api.cli.remote import get, get_pages
    from api.cli.tables import work_table, works_table

    if work_id is None:
        show(get_pages(api, "/v1/works", "works"), as_json, works_table)
    else:
        show(get(api, f"/v1/works/{work_id}"), as_json, work_table)


@app.command(rich_help_panel=WORKS)
def catalogue(
    file: Annotated[Path, typer.Argument(help="CSV: kind,content_commitment,manifest_digest.")],
    proof: Annotated[int | None, typer.Option(help="Prove the work in this row, from 0.")] = None,
) -> None:
    """Build the root under which a whole catalogue is registered, or the proof of one work."""
    from api.cataloguing import read_catalogue
    from chain.ledger.errors import LedgerError

    try:
        tree = read_catalogue(file)
        shown: dict[str, Any] = {"root": "0x" + tree.root.hex(), "count": len(tree.works)}
        if proof is not None:
            siblings = tree.proof(proof)
            kind, content, manifest = tree.works[proof].as_tuple()[1:]
            shown["work"] = [proof, kind, "0x" + content.hex(), "0x" + manifest.hex()]
            shown["proof"] = ["0x" + sibling.hex() for sibling in siblings]
    except LedgerError as error:
        refuse(f"{file}: {error}. Next: correct that and build it again.")
    print_json(shown)


@app.command(rich_help_panel=FOUND)
def trace(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, MP3, Ogg Vorbis or Opus.")],
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Listen to a file and follow its mark to works and payees. Exit 4 when there is no mark."""
    from api.cli.remote import upload
    from api.cli.tables import trace_tree

    answer = upload(api, "/v1/traces", file)
    show(answer, as_json, trace_tree)
    if not answer["generations"]:
        raise typer.Exit(NOTHING_FOUND)


@app.command(
    rich_help_panel=FOUND,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def scan(
    context: typer.Context,
    state: Annotated[Path, typer.Option(help="That of the `antiphon up` that marked.")] = STATE,
) -> None:
    """Search folders of recordings for every registered id; options as python -m watermark scan."""
    import subprocess

    command = [sys.executable, "-m", "watermark", "scan", *context.args]
    done = subprocess.run([*command, "--state", str(state / "watermark")], check=False)
    raise typer.Exit(done.returncode)


@app.command(rich_help_panel=MONEY)
def payouts(as_json: AsJson = False, api: Api = "") -> None:
    """What each payee got in both lanes, and what waits for it."""
    from api.cli.remote import get
    from api.cli.tables import payouts_table

    show(get(api, "/v1/payouts"), as_json, payouts_table)


@app.command(rich_help_panel=MONEY)
def proof(
    subject: Annotated[str, typer.Argument(help="A payee's address, or with --epoch an event id.")],
    epoch: Annotated[int, typer.Option(help="Prove that this epoch counted the event.")] = 0,
    token: Annotated[str, typer.Option(help="The currency; the deployment's when left out.")] = "",
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """What anybody needs to claim for a payee, or to check that an event was counted."""
    from api.cli.remote import get
    from api.cli.tables import event_proof_table, payout_proof_table

    if epoch:
        answer = get(api, f"/v1/epochs/{epoch}/events/{quote(subject, safe='')}/proof")
        show(answer, as_json, event_proof_table)
    else:
        chosen = f"?token={quote(token, safe='')}" if token else ""
        answer = get(api, f"/v1/payees/{quote(subject, safe='')}/proof{chosen}")
        show(answer, as_json, payout_proof_table)


app.command(rich_help_panel=CHECK)(epochs.export_epoch)
app.command(rich_help_panel=CHECK)(epochs.verify_epoch)
app.command(rich_help_panel=MEASURE)(reports.report)


@app.command(rich_help_panel=CHECK)
def verify(as_json: AsJson = False, api: Api = "") -> None:
    """Replay every event and recompute every balance. Exit 3 when something differs."""
    from api.cli.remote import get
    from api.cli.tables import verification_table

    answer = get(api, "/v1/verification")
    show(answer, as_json, verification_table)
    if not answer["clean"]:
        raise typer.Exit(FAILED_VERIFICATION)


@app.command(rich_help_panel=BEGIN)
def doctor(
    state: Annotated[Path, typer.Option(help="The folder that `antiphon up` uses.")] = STATE,
    database: up.Database = "",
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Look for what is missing or does not work, each with the next step. Exit 3 when something.

    Example: antiphon doctor
    """
    from api.cli.tables import checks_table
    from api.doctor import examine

    found = [check.to_plain() for check in examine(api, state, database)]
    show({"checks": found}, as_json, checks_table)
    if not all(check["ok"] for check in found):
        raise typer.Exit(FAILED_VERIFICATION)


for group, name, panel, said in (
    (disputes, "disputes", WORKS, "Which shares are held because somebody disputed them."),
    (rules, "rules", WORKS, "What each sharing rule would have paid a community, on its own past."),
    (usage, "usage", MONEY, "Hand in plays, and see what became of them."),
    (
        statements,
        "statement",
        MONEY,
        "What a creator or a community earned, line by line, and why.",
    ),
    (audit, "audit", CHECK, "The ledger as one file, and checking such a file with no network."),
    (metrics, "metrics", MEASURE, "The ledger's figures, and whether published ones can be true."),
    (evaluate, "evaluate", MEASURE, "Whether a change did something, and would have been seen."),
):
    app.add_typer(group.app, name=name, rich_help_panel=panel, short_help=said)


def main() -> None:
    """Run the command line; a refusal is a plain sentence on standard error and exit status 1."""
    import httpx

    from api.errors import ApplicationError

    kinds: list[type[Exception]] = [ApplicationError, httpx.HTTPError, OSError]
    if len(sys.argv) > 1 and sys.argv[1] in {"up", "demo"}:
        from api.cli.refusals import KINDS

        kinds += KINDS
    try:
        app(standalone_mode=True)
    except tuple(kinds) as refusal:
        sys.stderr.write(f"{refusal}\n")
        raise SystemExit(REFUSED) from None


if __name__ == "__main__":
    main()
