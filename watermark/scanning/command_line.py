"""`python -m watermark scan`: searches folders of recordings for every registered id."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import torch
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from watermark.audio.containers import FORMAT_OF_SUFFIX
from watermark.identity.detector import Reader
from watermark.identity.networks import best_evidence
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.registry import Registry
from watermark.scanning.journal import Journal, audio_paths
from watermark.scanning.scan import ScanOptions, scan
from watermark.scanning.stretches import EVERY_SECONDS, WINDOW_SECONDS
from watermark.service.key_ring import KeyRing
from watermark.service.settings import WatermarkSettings

EXIT_FOUND: Final = 0
EXIT_NOTHING_FOUND: Final = 3
EXIT_SOME_UNREAD: Final = 5
EXIT_INTERRUPTED: Final = 130
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1  # of malloc.h
_WORKERS_MAX: Final = 2  # more share memory bandwidth, not work

State = Annotated[
    Path,
    typer.Option(
        envvar="ANTIPHON_WATERMARK_STATE", help="Where the keys and the register are kept."
    ),
]


class NothingToSearchFor(Exception):
    """There is no key ring; says what to do."""


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
        int | None, typer.Option(help="Threads that share the work; as many as cores.", min=1)
    ] = None,
    state: State = Path("var/watermark"),
) -> None:
    """Search RECORDINGS for every registered id; stop and start as you like.

    Exit status: 0 at least one mark was found, 3 none was, 5 some files could not be read (the
    results of the others stand), 1 refused, 2 wrong usage, 130 interrupted. Coarse mode passes
    over faint marks, marks shorter than a minute and a half, and changed speeds.
    """
    for path in recordings:
        if not path.exists():
            raise typer.BadParameter(f"{path}: no such file or folder")
    options = ScanOptions(coarse, _parsed(speeds), thorough)
    bound_memory()
    reader, key_ids = searching(state)
    journal = Journal(out, options, key_ids, reader.ids)
    paths = list(audio_paths(recordings, FORMAT_OF_SUFFIX))
    waiting = [path for path in paths if not journal.is_done(path, for_all_ids=again)]
    talk = Console(stderr=True)
    _tell_beginning(talk, paths, waiting, journal, reader)
    fresh: list[dict[str, Any]] = []
    try:
        with journal:
            for line in _lines(waiting, reader, options, journal, talk, workers or _cores()):
                fresh.append(line)
                if as_json:
                    sys.stdout.write(json.dumps(line) + "\n")
                    sys.stdout.flush()
    except KeyboardInterrupt:
        talk.print(f"stopped after {len(fresh)} of {len(waiting)} files; run it again to go on")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    lines = _of_these(journal, paths)
    if not as_json:
        _show(lines, options)
    raise typer.Exit(_exit_status(lines))


def _lines(
    waiting: Sequence[Path],
    reader: Reader,
    options: ScanOptions,
    journal: Journal,
    talk: Console,
    workers: int,
) -> Iterator[dict[str, Any]]:
    """Journal lines as the scan makes them, under a progress bar measured in bytes."""
    sizes = {path: max(1, path.stat().st_size) if path.exists() else 1 for path in waiting}
    marks = 0
    with _progress_bar(talk) as bar:
        task = bar.add_task("scanning", total=sum(sizes.values()), marks=0)
        done: dict[Path, float] = {}

        def told(path: Path, fraction: float) -> None:
            done[path] = max(done.get(path, 0.0), fraction)
            bar.update(task, completed=sum(sizes[p] * f for p, f in list(done.items())))

        for result in scan(waiting, reader, options, workers=workers, told=told):
            marks += bool(result.identities)
            line = journal.add(result)
            bar.update(task, marks=marks, description=result.path.name[-40:])
            yield line


def _progress_bar(talk: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("marked: {task.fields[marks]}"),
        TimeRemainingColumn(),
        console=talk,
        disable=not talk.is_terminal,
        transient=True,
    )


def searching(state: Path) -> tuple[Reader, tuple[str, ...]]:
    """A reader of all keys and registered ids of a state folder, and the ids of the keys.

    Raises NothingToSearchFor, EpochKeyUnusable, CalibrationMissing and WeightsRefused.
    """
    settings = WatermarkSettings(state=state)
    if not settings.keys_folder.exists() and not settings.single_key_path.exists():
        raise NothingToSearchFor(
            f"{state} has no keys; give the --state of the service that marks the recordings"
        )
    ring = KeyRing.open(settings.keys_folder, adopt=settings.single_key_path)
    registry = Registry(settings.registry_path)
    searches = []
    for key in (ring.current(), *ring.older()):
        search = IdSearch(key)
        search.add_values(registry.issued_after(key_id=key.key_id).values)
        searches.append(search)
    registry.close()
    reader = Reader(searches, NullModel.load(), best_evidence())
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what loading took goes back before the scan
    return reader, tuple(one.key.key_id for one in searches)


def _tell_beginning(
    talk: Console, paths: Sequence[Path], waiting: Sequence[Path], journal: Journal, reader: Reader
) -> None:
    skipped = len(paths) - len(waiting)
    talk.print(f"{len(waiting)} files to search for {reader.ids} ids; {skipped} done before")
    outdated = sum(not journal.is_done(path, for_all_ids=True) for path in paths) - len(waiting)
    if outdated > 0:
        talk.print(f"{outdated} of those were searched for fewer ids; --again searches them again")


def _of_these(journal: Journal, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The newest line of each file asked for."""
    asked = {str(path.resolve()) for path in paths}
    newest = {line["path"]: line for line in journal.lines if line["path"] in asked}
    return list(newest.values())


def _show(lines: Sequence[dict[str, Any]], options: ScanOptions) -> None:
    console = Console()
    marked = [line for line in lines if line["identities"]]
    refused = [line for line in lines if line["refusal"]]
    if marked:
        table = Table("recording", "generation id", "z", "where (s)", box=None)
        for line in marked:
            for one in line["identities"]:
                where = ", ".join(
                    f"{s['start_ms'] / 1000:.0f}-{s['end_ms'] / 1000:.0f}" for s in one["segments"]
                )
                table.add_row(line["path"], one["generation_id"], f"{one['z']:.1f}", where)
        console.print(table)
    seconds = sum(line["seconds"] for line in lines)
    heard = sum(line["heard_seconds"] for line in lines)
    console.print(
        f"{len(lines) - len(refused)} files, {seconds / 3600:.2f} h of audio, {heard / 3600:.2f} h "
        f"searched: {len(marked)} marked"
    )
    if options.coarse:
        console.print(
            f"coarse: {WINDOW_SECONDS:.0f} s of every {EVERY_SECONDS:.0f} s were heard first; "
            "a mark that was not found may still be there"
        )
    if refused:
        console.print(f"{len(refused)} could not be read:")
        for line in refused:
            console.print(f"  {line['path']}: {line['refusal']['detail']}", soft_wrap=True)


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


def bound_memory() -> None:
    """One thread per search; two pools for all threads, large pieces given back at once (glibc).

    Each thread's own pool would keep what it once needed.
    """
    torch.set_num_threads(1)  # the threads of the scan share the cores
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)
        mallopt(_M_TRIM_THRESHOLD, 4 << 20)


def _cores() -> int:
    return min(_WORKERS_MAX, len(os.sched_getaffinity(0)))
