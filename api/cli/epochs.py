"""`antiphon export-epoch` and `verify-epoch`: an epoch as files, and computed again from them."""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.printing import Api, refuse

FAILED_VERIFICATION: Final = 3
# The names an archive may hold; anything else could be written anywhere.
_NAME: Final = re.compile(r"(blocks/b[a-z2-7]{58}|[a-z]+\.jsonl?)")

Epoch = Annotated[int, typer.Argument(min=1, help="The epoch's number.")]


def export_epoch(
    epoch: Epoch,
    folder: Annotated[Path, typer.Argument(help="A folder to make.")],
    api: Api = "",
) -> None:
    """Fetch everything that anybody needs to compute an epoch again."""
    if folder.exists():
        refuse(f"{folder}: it is there already. Next: name a new folder.")
    _fetch(epoch, folder, api)
    typer.echo(f"{folder} holds epoch {epoch}. Next: antiphon verify-epoch {epoch} --from {folder}")


def verify_epoch(
    epoch: Epoch,
    folder: Annotated[
        Path | None, typer.Option("--from", help="An exported folder; no node or API is asked.")
    ] = None,
    report_hash: Annotated[
        str, typer.Option("--report-hash", help="What the chain holds, 0x and 64 digits.")
    ] = "",
    api: Api = "",
) -> None:
    """Settle an epoch again from its files alone. Exit 3 when something differs."""
    if folder is not None:
        _verify(epoch, folder, report_hash)
        return
    with tempfile.TemporaryDirectory() as scratch:
        _fetch(epoch, Path(scratch) / "files", api)
        _verify(epoch, Path(scratch) / "files", report_hash)


def _verify(epoch: int, folder: Path, report_hash: str) -> None:
    from api.epoch_files import verify_epoch_files
    from chain.ledger.identifiers import EpochNumber

    if not (folder / "export.json").is_file():
        refuse(f"{folder}: no exported epoch is there. Next: antiphon export-epoch {epoch} FOLDER")
    report, held = verify_epoch_files(folder, EpochNumber(epoch))
    for check, count in report.checks.items():
        typer.echo(f"{check}: {count} compared")
    for found in report.discrepancies:
        typer.echo(str(found))
    shown = "0x" + held.hex()
    anchored = not report_hash or shown == report_hash.lower()
    if not anchored:
        typer.echo(f"report hash: expected {report_hash}, found {shown}")
    if not report.is_clean or not anchored:
        typer.echo(f"epoch {epoch} is NOT what its files come to")
        raise typer.Exit(FAILED_VERIFICATION)
    typer.echo(f"epoch {epoch} is what its files come to; its report's hash is {shown}")
    if not report_hash:
        typer.echo("Next: compare that hash with standingReport of the EpochDistributor.")


def _fetch(epoch: int, folder: Path, api: str) -> None:
    from api.cli.remote import download

    with tempfile.TemporaryFile() as archive:
        download(api, f"/v1/epochs/{epoch}/files", archive)
        with zipfile.ZipFile(archive) as held:
            names = [name for name in held.namelist() if not name.endswith("/")]
            strange = [name for name in names if _NAME.fullmatch(name) is None]
            if strange:
                refuse(f"the archive holds {strange[0][:80]!r}, which is no exported file")
            for name in names:
                held.extract(name, folder)
