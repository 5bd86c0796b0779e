"""`python -m watermark scan`: searches folders of recordings for every registered id."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from watermark.audio.containers import FORMAT_OF_SUFFIX
from watermark.scanning.journal import Journal, audio_paths
from watermark.scanning.loading import Sought, bound_memory
from watermark.scanning.on_ray import scan_on_ray
from watermark.scanning.ray_cluster import require_ray
from watermark.scanning.scan import Scanned, ScanOptions, scan
from watermark.scanning.telling import progress_bar, show, tell_beginning

EXIT_FOUND: Final = 0
EXIT_NOTHING_FOUND: Final = 3
EXIT_SOME_UNREAD: Final = 5
EXIT_INTERRUPTED: Final = 130
_THREADS_MAX: Final = 2  # more share memory bandwidth, not work

Results = Callable[[Sequence[Path], Callable[[Path, float], None]], Generator[Scanned, None, None]]
State = Annotated[
    Path,
    typer.Option(
        envvar="ANTIPHON_WATERMARK_STATE", help="Where the keys and the register are kept."
    ),
]


class RunsOn(StrEnum):
    """Where files are searched."""

    HERE = "here"
    """In threads of this process."""
    RAY = "ray"
    """In processes of a Ray cluster: of this machine, or of several."""


def scan_command(
    recordings: Annotated[list[Path], typer.Argument(help="Files, and folders of files.")],
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Read a tenth; a whole stretch only where it pays.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Seek changed speed, tempo and pitch too. Slow.")
    ] = False,
    speeds: Annotated[str, typer.Option(help="Playback speeds to undo, with commas.")] = "1.0",
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON per file.")] = False,
    out: Annotated[Path, typer.Option(help="Results; what is in it is skipped.")] = Path(
        "scan.ndjson"
    ),
    again: Annotated[
        bool, typer.Option("--again", help="Search again what fewer ids were sought in.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(help="Files at a time; as many as cores, here two at most.", min=1),
    ] = None,
    on: Annotated[
        RunsOn, typer.Option(help="here: threads of this process. ray: processes of a cluster.")
    ] = RunsOn.HERE,
    ray_address: Annotated[
        str | None,
        typer.Option(
            help="A cluster that this machine belongs to, host:port or auto; without it, --on ray "
            "starts one of this machine alone and ends it afterwards."
        ),
    ] = None,
    state: State = Path("var/watermark"),
) -> None:
    """Search RECORDINGS for every registered id; stop and start as you like.

    Exit status: 0 at least one mark was found, 3 none was, 5 some files could not be read (the
    results of the others stand), 1 refused, 2 wrong usage, 130 interrupted. Coarse mode passes
    over faint marks, marks shorter than a minute and a half, and changed speeds.

    On a cluster a recording is read by its path, where it lies: no sound is sent. A machine that
    does not see a path leaves it to this one. The epoch keys and the ids are sent: a cluster has
    to be private, and its machines as trusted as this one.

    Example: python -m watermark scan /archive --coarse --on ray --ray-address 10.0.0.1:6379
    """
    for path in recordings:
        if not path.exists():
            raise typer.BadParameter(f"{path}: no such file or folder")
    if ray_address is not None and on is not RunsOn.RAY:
        raise typer.BadParameter("--ray-address is for --on ray")
    options = ScanOptions(coarse, _parsed(speeds), thorough)
    bound_memory()
    sought = Sought.load(state)
    results = _results(sought, options, workers, on, ray_address)
    journal = Journal(out, options, sought.key_ids, sought.ids)
    paths = list(audio_paths(recordings, FORMAT_OF_SUFFIX))
    waiting = [path for path in paths if not journal.is_done(path, for_all_ids=again)]
    talk = Console(stderr=True)
    tell_beginning(talk, paths, waiting, journal, sought.ids)
    done = 0
    try:
        with journal:
            for line in _lines(waiting, results, journal, talk):
                done += 1
                if as_json:
                    sys.stdout.write(json.dumps(line) + "\n")
                    sys.stdout.flush()
    except KeyboardInterrupt:
        talk.print(f"stopped after {done} of {len(waiting)} files; run it again to go on")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    lines = _of_these(journal, paths)
    if not as_json:
        show(lines, options)
    raise typer.Exit(_exit_status(lines))


def _results(
    sought: Sought, options: ScanOptions, workers: int | None, on: RunsOn, address: str | None
) -> Results:
    """The scan that was asked for. Raises RayMissing."""
    if on is RunsOn.HERE:
        reader = sought.reader()
        threads = workers or min(_THREADS_MAX, len(os.sched_getaffinity(0)))
        return lambda waiting, told: scan(waiting, reader, options, workers=threads, told=told)
    require_ray()
    return lambda waiting, told: scan_on_ray(
        waiting, sought, options, address=address, workers=workers, told=told
    )


def _lines(
    waiting: Sequence[Path], results: Results, journal: Journal, talk: Console
) -> Iterator[dict[str, Any]]:
    """Journal lines as the scan makes them, under a progress bar."""
    if not waiting:
        return
    with progress_bar(talk, waiting) as bar, closing(results(waiting, bar.told)) as found:
        for result in found:
            line = journal.add(result)
            bar.add(result)
            yield line


def _of_these(journal: Journal, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The newest line of each file asked for."""
    asked = {str(path.resolve()) for path in paths}
    newest = {line["path"]: line for line in journal.lines if line["path"] in asked}
    return list(newest.values())


def _exit_status(lines: Sequence[dict[str, Any]]) -> int:
    if any(line["refusal"] for line in lines):
        return EXIT_SOME_UNREAD
    return EXIT_FOUND if any(line["identities"] for line in lines) else EXIT_NOTHING_FOUND


def _parsed(speeds: str) -> tuple[float, ...]:
    try:
        parsed = tuple(float(part) for part in speeds.split(","))
    except ValueError:
        parsed = ()
    if not parsed or not all(0.5 <= speed <= 2.0 for speed in parsed):
        raise typer.BadParameter("--speeds are numbers from 0.5 to 2, separated by commas")
    return parsed
