"""`python -m watermark scan`, without what the service and AudioSeal need: 50 MB less."""

from __future__ import annotations

import sys

import typer

from watermark.identity.codewords import EpochKeyUnusable
from watermark.identity.networks import WeightsRefused
from watermark.identity.null_model import CalibrationMissing
from watermark.scanning.command_line import scan_command
from watermark.scanning.journal import JournalUnusable
from watermark.scanning.loading import NothingToSearchFor
from watermark.scanning.ray_cluster import ClusterUnusable, RayMissing

REFUSALS = (
    CalibrationMissing,
    ClusterUnusable,
    EpochKeyUnusable,
    JournalUnusable,
    NothingToSearchFor,
    RayMissing,
    WeightsRefused,
)

app = typer.Typer(rich_markup_mode="markdown", add_completion=False, pretty_exceptions_enable=False)
app.command("scan")(scan_command)


@app.callback()
def _named() -> None:
    """Keep the name of the one command."""


def main() -> int:
    """Run the command line; a refusal is one sentence on standard error and exit status 1."""
    try:
        app(prog_name="python -m watermark")
    except REFUSALS as refusal:
        sys.stderr.write(f"{type(refusal).__name__}: {refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
