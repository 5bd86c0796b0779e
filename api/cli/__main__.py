"""antiphon: a rights and royalty ledger for heritage music, from the command line."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.cli import audit, disputes, epochs, evaluate, metrics, reports, rules, statements, usage
from api.cli.printing import REFUSED, Api, AsJson, print_json, refuse, show
from api.cli.running import RUNNING_FILE

# Everything heavy is imported inside the commands: `antiphon --help` answers at once.

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

app.add_typer(usage.app, name="usage")
app.add_typer(rules.app, name="rules")
app.add_typer(audit.app, name="audit")
app.add_typer(metrics.app, name="metrics")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(statements.app, name="statement")
app.add_typer(disputes.app, name="disputes")
STATE = Path("var/ledger")
DEMO_STATE = Path("var/demo")
LIBRARY = Path("var/recordings")

FAILED_VERIFICATION, NOTHING_FOUND = 3, 4


@app.command()
def up(
    state: Annotated[Path, typer.Option(help="What to open; var/demo shows the demo's.")] = STATE,
    as_json: AsJson = False,
) -> None:
    """Start node, watermark service, oracle and API; Ctrl-C ends them all."""
    from api.demo.story import WINDOW_SECONDS
    from api.stack.stack import Stack

    stop = threading.Event()
    with Stack(state) as stack:
        try:
            watermark = stack.start_watermark()
            stack.start_node(persistent=True)
            stack.deploy(WINDOW_SECONDS)
            watermark.wait_ready()
            stack.start_oracle()
            stack.start_api()
            RUNNING_FILE.parent.mkdir(parents=True, exist_ok=True)
            RUNNING_FILE.write_text(json.dumps({"api": stack.api_url}))
            parts = {
                "web page": f"{stack.api_url}/",
                "HTTP API": f"{stack.api_url}/openapi.json",
                "watermark service": stack.watermark_url,
                "EVM node": stack.node_url,
                "oracle's log": str(state / "logs" / "oracle.log"),
            }
            if as_json:
                print_json(parts)
                sys.stdout.flush()
            else:
                for name, where in parts.items():
                    typer.echo(f"{name:18} {where}")
                typer.echo("Ctrl-C ends them all.")
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            while not stop.wait(0.5):
                dead = stack.dead()
                if dead is not None:
                    refuse(f"{dead.name} stopped. Next: read {state / 'logs'}/{dead.name}.log")
        except KeyboardInterrupt:
            pass
        finally:
            RUNNING_FILE.unlink(missing_ok=True)
    if not as_json:
        typer.echo("stopped")


@app.command()
def demo(
    audio: Annotated[Path | None, typer.Option(help="A folder with your own recordings.")] = None,
    state: Annotated[Path, typer.Option(help="Made anew each time.")] = DEMO_STATE,
    sequel: Annotated[
        bool, typer.Option("--sequel", help="Two more days: a rule, a dispute, a failure.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story: recordings in, creators paid, every balance verified."""
    from api.demo.story import Telling, tell

    world = tell(Telling(state, LIBRARY, audio, quiet=as_json, sequel=sequel))
    if as_json:
        print_json({"facts": world.narrator.facts, "folder": str(state)})
    else:
        typer.echo(f"\nWhat it left is in {state}. See it: antiphon up --state {state}")


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def payouts(as_json: AsJson = False, api: Api = "") -> None:
    """What each payee got in both lanes, and what waits for it."""
    from api.cli.remote import get
    from api.cli.tables import payouts_table

    show(get(api, "/v1/payouts"), as_json, payouts_table)


@app.command()
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


app.command()(epochs.export_epoch)
app.command()(epochs.verify_epoch)
app.command()(reports.report)


@app.command()
def verify(as_json: AsJson = False, api: Api = "") -> None:
    """Replay every event and recompute every balance. Exit 3 when something differs."""
    from api.cli.remote import get
    from api.cli.tables import verification_table

    answer = get(api, "/v1/verification")
    show(answer, as_json, verification_table)
    if not answer["clean"]:
        raise typer.Exit(FAILED_VERIFICATION)


@app.command()
def doctor(
    state: Annotated[Path, typer.Option(help="The folder that `antiphon up` uses.")] = STATE,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Look for what is missing or does not work, each with the next step. Exit 3 when something."""
    from api.cli.tables import checks_table
    from api.doctor import examine

    found = [check.to_plain() for check in examine(api, state)]
    show({"checks": found}, as_json, checks_table)
    if not all(check["ok"] for check in found):
        raise typer.Exit(FAILED_VERIFICATION)


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
