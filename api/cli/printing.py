"""What every command does with an answer or a refusal, and the options that most of them have."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Final, NoReturn

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Api = Annotated[str, typer.Option("--api", help="A running Antiphon; found by itself if local.")]
REFUSED: Final = 1


def show(answer: dict[str, Any], as_json: bool, table: Any) -> None:
    """An answer of the API for a program, or drawn by `table` for a person."""
    if as_json:
        print_json(answer)
    else:
        from api.demo.narrator import wide_console

        wide_console().print(table(answer))


def print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def refuse(sentence: str) -> NoReturn:
    """Say why on standard error, and end with status 1."""
    sys.stderr.write(f"{sentence}\n")
    raise typer.Exit(REFUSED)
