"""What a settled epoch leaves on disk, in bytes an event: the blocks and the two databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from chain.ledger.errors import Malformed
from chain.settlement.segments import Segment

_OUTBOX: Final = ("segment", "holding")  # what grows with events; the rest grows with reports


def kept(state: Path, events: int) -> Iterator[str]:
    """A line a place; `events` of one epoch were settled by the program whose `state` this is."""
    sizes = {True: [0], False: [0]}  # of segments, of all else
    for path in (state / "blocks").rglob("*"):
        if path.is_file():
            sizes[_is_segment(path)].append(path.stat().st_size)
    tables = dict(_tables(state / "outbox.sqlite"))
    of_reports = sum(tables.values()) - sum(tables[name] for name in _OUTBOX)
    yield "| what is kept | bytes | bytes an event |"
    yield "|---|--:|--:|"
    for name, size in (
        ("block store: segments", sum(sizes[True])),
        ("outbox: the same segments", tables["segment"]),
        ("outbox: ids of what was new (holdings)", tables["holding"]),
    ):
        yield f"| {name} | {size:,} | {size / events:.1f} |"
    yield f"| block store: the epoch's papers | {sum(sizes[False]):,} | |"
    yield f"| outbox: all else | {of_reports:,} | |"


def _is_segment(path: Path) -> bool:
    try:
        Segment.of(path.read_bytes())
    except Malformed:
        return False
    return True


def _tables(database: Path) -> Iterator[tuple[str, int]]:
    with closing(sqlite3.connect(database)) as connection:
        yield from connection.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name")
