"""`python -m watermark.fingerprint calibrate`: measure how often unrelated audio agrees."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from watermark.fingerprint.calibration import calibrate as run_calibration
from watermark.fingerprint.chance import CHANCE_PATH

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def about() -> None:
    """The law of chance agreement between fingerprints."""


@app.command()
def calibrate(
    recordings: int = 160, partners: int = 120, seed: int = 20261121, out: Path = CHANCE_PATH
) -> None:
    """Fit the law on synthesised pairs and write it to OUT."""
    run_calibration(recordings=recordings, partners=partners, seed=seed).save(out)
    sys.stdout.write(out.read_text("utf-8"))


if __name__ == "__main__":
    app()
