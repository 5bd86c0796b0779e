"""`python -m watermark keys | tokens`: what the operator of a service keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from watermark.service.access import add_token
from watermark.service.key_ring import KeyRing
from watermark.service.settings import WatermarkSettings

keys = typer.Typer(no_args_is_help=True, help="The epoch keys: one marks, the others are searched.")
tokens = typer.Typer(no_args_is_help=True, help="Who may ask for what the public may not.")

State = Annotated[
    Path,
    typer.Option(
        envvar="ANTIPHON_WATERMARK_STATE", help="Where the keys and the register are kept."
    ),
]
STATE = Path("var/watermark")


@keys.command("list")
def list_keys(state: State = STATE) -> None:
    """Show every key's id and what it is for."""
    for line in _ring(state).listed():
        sys.stdout.write(f"{line.key_id}  {line.state}\n")


@keys.command()
def rotate(state: State = STATE) -> None:
    """Mark with a fresh key from now on. The key before is still searched."""
    key = _ring(state).rotate()
    sys.stdout.write(f"{key.key_id}  current\n")
    sys.stderr.write("a running service takes it up with its next job; back up the keys folder\n")


@keys.command()
def retire(key_id: str, state: State = STATE) -> None:
    """Search a key no longer: its marks are not found until its file is moved back."""
    _ring(state).retire(key_id)
    sys.stdout.write(f"{key_id}  retired\n")


@tokens.command("add")
def add(
    name: str, file: Annotated[Path, typer.Option(help="The file `serve --tokens` reads.")]
) -> None:
    """Make a token for NAME. It is printed once; the file keeps its digest alone."""
    sys.stdout.write(add_token(file, name) + "\n")


def _ring(state: Path) -> KeyRing:
    settings = WatermarkSettings(state=state)
    return KeyRing.open(settings.keys_folder, adopt=settings.single_key_path)
