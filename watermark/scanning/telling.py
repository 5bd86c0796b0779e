"""What `python -m watermark scan` tells on the console: how far it is, and what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from watermark.scanning.journal import Journal
from watermark.scanning.scan import Scanned, ScanOptions
from watermark.scanning.stretches import EVERY_SECONDS, WINDOW_SECONDS


def tell_beginning(
    talk: Console, paths: Sequence[Path], waiting: Sequence[Path], journal: Journal, ids: int
) -> None:
    """How much there is to do, and what was done with fewer ids."""
    skipped = len(paths) - len(waiting)
    talk.print(f"{len(waiting)} files to search for {ids} ids; {skipped} done before")
    outdated = sum(not journal.is_done(path, for_all_ids=True) for path in paths) - len(waiting)
    if outdated > 0:
        talk.print(f"{outdated} of those were searched for fewer ids; --again searches them again")


class Bar:
    """Progress, measured in bytes; how many files were marked."""

    def __init__(self, bar: Progress, sizes: dict[Path, int]) -> None:
        self._bar = bar
        self._sizes = sizes
        self._done: dict[Path, float] = {}
        self._marks = 0
        self._task = bar.add_task("scanning", total=sum(sizes.values()), marks=0)

    def told(self, path: Path, fraction: float) -> None:
        """A file is that far; calls may come from several threads and out of order."""
        self._done[path] = max(self._done.get(path, 0.0), fraction)
        completed = sum(self._sizes[path] * share for path, share in list(self._done.items()))
        self._bar.update(self._task, completed=completed)

    def add(self, result: Scanned) -> None:
        """A file is done."""
        self._marks += bool(result.identities)
        self._bar.update(self._task, marks=self._marks, description=result.path.name[-40:])


@contextmanager
def progress_bar(talk: Console, waiting: Sequence[Path]) -> Iterator[Bar]:
    """A bar while the files that wait are searched; nothing where `talk` is no terminal."""
    sizes = {path: max(1, path.stat().st_size) if path.exists() else 1 for path in waiting}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("marked: {task.fields[marks]}"),
        TimeRemainingColumn(),
        console=talk,
        disable=not talk.is_terminal,
        transient=True,
    ) as bar:
        yield Bar(bar, sizes)


def show(lines: Sequence[dict[str, Any]], options: ScanOptions) -> None:
    """A table of the marks, the sum of it, and what could not be read."""
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
