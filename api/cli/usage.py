"""antiphon usage: hand in plays, and see what became of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.printing import Api, AsJson, print_json, refuse, show

if TYPE_CHECKING:
    from api.submitting import Submission

app = typer.Typer(help=__doc__, no_args_is_help=True)

ROWS_REFUSED = 5
EXAMPLE = 'JSON lines: {"licence": 3, "generation": "0x…", "line": "id", "occurredAt": 1800000000}'


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help=f"Plays. {EXAMPLE}, or CSV with these columns.")],
    key: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="The platform's: keystore:FILE, file:FILE or remote:URL#ACCOUNT.",
        ),
    ],
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help="Of the keystore, open to its owner alone; asked for if not."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="jsonl or csv; by the file's name when left out.")
    ] = "",
    results: Annotated[
        Path | None, typer.Option(help="What became of each row, as CSV; FILE.results.csv if not.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Sign and check everything, file nothing.")
    ] = False,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Sign a platform's plays and hand them in. Sending a file again is harmless: nothing is
    counted twice. Exit 5 when rows were refused."""
    from api.cli.remote_usage import RemoteUsage
    from api.submitting import submit_file
    from chain.client.errors import KeyRefused, SignerAway
    from chain.client.keys import open_key, passphrase_from
    from oracle.errors import EvidenceRefused
    from oracle.intake_receipt import RowOutcome

    chosen = format_of(file, form)
    if not file.is_file():
        refuse(f"{file}: no such file")
    told = results or file.with_name(file.name + ".results.csv")
    remote = RemoteUsage(api)
    watch = _watch(file) if sys.stderr.isatty() and not as_json else lambda _submission: None
    try:
        signer = open_key(
            key,
            chain_id=remote.origin_facts()["chain_id"],
            passphrase=passphrase_from(passphrase_file),
            variables=os.environ,
        )
        with told.open("w", encoding="utf-8", newline="") as table:
            done = submit_file(file, chosen, signer, remote, table, dry_run=dry_run, progress=watch)
    except EvidenceRefused as unreadable:
        refuse(f"{file}: {unreadable}")
    except (KeyRefused, SignerAway) as refusal:
        refuse(str(refusal))
    summary: dict[str, Any] = {
        "file": str(file),
        "producer": signer.address,
        "dry_run": dry_run,
        "rows": done.rows,
        **{outcome.value: done.counts[outcome] for outcome in RowOutcome},
        "held_with_another_time": done.other_times,
        "segments": ["0x" + digest.hex() for digest in done.segments],
        "results": str(told),
    }
    if as_json:
        print_json(summary)
    else:
        _say(summary)
    if done.counts[RowOutcome.REFUSED]:
        raise typer.Exit(ROWS_REFUSED)


@app.command()
def status(
    segment: Annotated[str, typer.Argument(help="A segment's digest; all usage if left out.")] = "",
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """How many events wait, are sealed, counted or refused; or what became of one segment."""
    from urllib.parse import quote

    from api.cli.remote import get
    from api.cli.tables import segment_table, usage_table

    if segment:
        show(get(api, f"/v1/usage/segments/{quote(segment, '')}"), as_json, segment_table)
    else:
        show(get(api, "/v1/usage"), as_json, usage_table)


def format_of(file: Path, named: str) -> Any:
    """The format that was named, or that the file's name says."""
    from oracle.usage_rows import UsageFormat

    suffix = named or file.suffix.removeprefix(".")
    found = {"jsonl": UsageFormat.JSONL, "ndjson": UsageFormat.JSONL, "csv": UsageFormat.CSV}
    if suffix.lower() not in found:
        refuse(f"{file}: the format is not to be seen from its name. Next: --format jsonl or csv")
    return found[suffix.lower()]


def _watch(file: Path) -> Callable[[Submission], None]:
    size, started = max(file.stat().st_size, 1), time.monotonic()

    def tell(done: Submission) -> None:
        seconds = max(time.monotonic() - started, 0.001)
        line = (
            f"{100 * done.bytes_read // size} %, {done.rows:,} rows, {done.rows / seconds:,.0f}/s"
        )
        sys.stderr.write(f"\r{line:60}" + ("\n" if done.bytes_read >= size else ""))
        sys.stderr.flush()

    return tell


def _say(summary: dict[str, Any]) -> None:
    verb = "would be" if summary["dry_run"] else "are"
    typer.echo(
        f"{summary['rows']:,} rows: {summary['accepted']:,} {verb} accepted, "
        f"{summary['duplicate']:,} held already, {summary['refused']:,} refused; "
        f"{len(summary['segments'])} segments signed by {summary['producer']}"
    )
    if summary["held_with_another_time"]:
        typer.echo(
            f"{summary['held_with_another_time']:,} are held with another time of use: if they are "
            "other uses, their line ids are not unique and they are not paid"
        )
    typer.echo(f"Each row: {summary['results']}")
