"""`python -m watermark.robustness`: what the mark survives, measured on this machine."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from watermark.audio.errors import AudioRefused
from watermark.identity.networks import WeightsRefused
from watermark.identity.null_model import CalibrationMissing, NullModel
from watermark.marker import Marker
from watermark.presence.checkpoints import CheckpointRefused
from watermark.presence.layer import AudioSealLayer
from watermark.robustness import bench
from watermark.robustness.journal import JournalMismatch
from watermark.robustness.listening import write_page
from watermark.robustness.null_run import NullPlan, null_run
from watermark.robustness.presets import NoSuchAttack, Preset, only, suites
from watermark.robustness.reader import MarkReader
from watermark.robustness.survey import Step, taken

REFUSALS: Final = (
    AudioRefused,
    CalibrationMissing,
    CheckpointRefused,
    JournalMismatch,
    NoSuchAttack,
    WeightsRefused,
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class Layers(StrEnum):
    """What is written into a clip."""

    IDENTITY = "identity"
    """The identity mark alone."""
    BOTH = "both"
    """The presence mark as well; what is read is the identity mark in either case."""


Folders = Annotated[
    list[Path] | None,
    typer.Option(help="A folder of recordings; repeat for more. Left out: synthesised sounds."),
]
Out = Annotated[Path, typer.Option(help="Where tables, pictures and the journal go.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same clips, ids and draws.")]


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    preset: Annotated[
        list[Preset] | None, typer.Option(help="Which suite; repeat for more. [default: antiphon]")
    ] = None,
    attack: Annotated[
        list[str] | None,
        typer.Option(help="Only attacks whose names hold this text; repeat for more."),
    ] = None,
    clips: Annotated[int, typer.Option(min=1, help="How many clips.")] = 20,
    seconds: Annotated[float, typer.Option(min=5, help="Length of a clip.")] = 30.0,
    seed: Seed = 1,
    audio: Folders = None,
    ids: Annotated[int, typer.Option(min=100, help="Registered ids to tell apart.")] = 1_000_000,
    questions: Annotated[
        int, typer.Option(min=0, help="What a black-box attacker may ask; 0 leaves them out.")
    ] = 60,
    slow_clips: Annotated[int, typer.Option(min=0, help="Clips that meet such attackers.")] = 4,
    layers: Annotated[Layers, typer.Option(help="What is written into a clip.")] = Layers.BOTH,
    generator_weights: Annotated[
        Path | None, typer.Option(help="Official AudioSeal generator, run in the same table.")
    ] = None,
    detector_weights: Annotated[
        Path | None, typer.Option(help="Official AudioSeal detector; needs the generator too.")
    ] = None,
    out: Out = Path("reports/robustness"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not Markdown.")] = False,
) -> None:
    """Mark clips, attack the copies, ask who is named, and print a table with intervals.

    A run that is stopped goes on where it was when started again with the same settings: every
    outcome is in the journal in --out, beside report.md, report.json and the pictures.

    \b
    Start small:   python -m watermark.robustness --clips 4 --ids 10000
    One attack:    python -m watermark.robustness --attack "Opus 6" --clips 10
    A paper's own: python -m watermark.robustness --preset audioseal-paper --preset sok
    Your music:    python -m watermark.robustness --audio ~/Music --out reports/mine
    False names:   python -m watermark.robustness null --help
    To listen:     python -m watermark.robustness listen --help
    """
    if context.invoked_subcommand is not None:
        return
    asked = bench.Asked(
        suites=only(suites(preset or [Preset.ANTIPHON], questions), attack or []),
        clips=clips,
        seconds=seconds,
        seed=seed,
        audio=tuple(audio or ()),
        ids=ids,
        questions=questions,
        slow_clips=slow_clips,
        presence=layers is Layers.BOTH,
        generator_weights=generator_weights,
        detector_weights=detector_weights,
        out=out,
    )
    with _bar() as bar:
        task = bar.add_task("preparing", total=None)

        def heard(step: Step) -> None:
            bar.update(task, completed=step.done, total=step.of, description=step.what[:44])

        summary = bench.measure(asked, heard)
    text = json.dumps(summary, indent=1) if as_json else (out / "report.md").read_text("utf-8")
    sys.stdout.write(text + "\n")


@app.command()
def null(
    windows: Annotated[int, typer.Option(min=1, help="How many windows of 10 s.")] = 50_000,
    ids: Annotated[int, typer.Option(min=100, help="Registered ids.")] = 1_000_000,
    seed: Seed = 1,
    audio: Folders = None,
    foreign: Annotated[
        float, typer.Option(min=0, max=1, help="Share marked under a key that is not ours.")
    ] = 0.25,
    seek_every: Annotated[
        int, typer.Option(min=0, help="Every how many windows speed and pitch are sought as well.")
    ] = 20,
    out: Out = Path("reports/robustness"),
) -> None:
    """Search audio without our mark for a million ids and count who is named: nobody should be.

    \b
    It takes hours and may be stopped at any time: started again it goes on.
        nice python -m watermark.robustness null --windows 50000 --audio ~/Music &
    """
    plan = NullPlan(windows, ids, seed, tuple(audio or ()), foreign, seek_every)
    with _bar() as bar:
        task = bar.add_task("unmarked windows", total=windows)
        found = null_run(
            plan, NullModel.load(), out, lambda done, of: bar.update(task, completed=done, total=of)
        )
    (out / "null.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


@app.command()
def listen(
    out: Annotated[Path, typer.Option(help="The folder for the page and its sounds.")] = Path(
        "reports/listening"
    ),
    clips: Annotated[int, typer.Option(min=1, max=50, help="How many clips.")] = 6,
    seconds: Annotated[float, typer.Option(min=5, help="Length of a clip.")] = 15.0,
    seed: Seed = 1,
    audio: Folders = None,
    layers: Annotated[Layers, typer.Option(help="What is written into a clip.")] = Layers.BOTH,
) -> None:
    """Write a page with each clip before, after, and ten times the difference; opens offline."""
    values = bench.registered(bench.LISTENING_IDS, seed)
    presence = AudioSealLayer.load_default() if layers is Layers.BOTH else None
    marker = Marker(bench.searching(values), NullModel.load(), presence)
    chosen = taken(bench.clip_source(audio or (), seconds, seed), clips)
    ids = [bench.ids_of(values, number)[0] for number in range(len(chosen))]
    with MarkReader(marker) as reader:
        page = write_page(chosen, reader, ids, out)
    sys.stdout.write(f"open {page} in a browser\n")


def _bar() -> Progress:
    """Nothing is drawn where standard error is no terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def main() -> int:
    """Run the command line; a refusal is one sentence on standard error and exit status 1."""
    torch.set_num_threads(1)
    try:
        app()
    except REFUSALS as refusal:
        code = getattr(refusal, "code", type(refusal).__name__)
        sys.stderr.write(f"{code}: {refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
