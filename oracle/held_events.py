"""Which holding every usage event is in: 48 bytes an event in memory, not a row in the database.

A holding is a segment with the ids of those of its events that were new when it came (`UsageBook`).
Holdings are only ever added, under the write lock and with growing positions, so what was read once
stays true; an event that was refused and handed in again is in two, and the later one holds it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from chain.columns.keccak import DIGEST_BYTES, Rows
from chain.columns.order import ascending, places_in, repeats
from chain.ledger.identifiers import Digest

Positions = NDArray[np.int64]

# Name of the connection's option that carries this transaction's view.
HELD: Final = "held_events"
NOT_HELD: Final = 0
_NO_POSITION: Final = 2**63 - 1
# A run is merged into the one before it unless that is so many times as long.
_RATIO: Final = 4


class _Run(NamedTuple):
    """Ids ascending, each once; `first` are their first eight bytes, as numbers."""

    ids: Rows
    first: NDArray[np.uint64]
    positions: Positions


@dataclass
class _Own:
    """What a transaction added itself, which may yet be undone."""

    before: int | None
    positions: dict[Digest, int]


class HeldEvents:
    """All holdings that were committed, as far as somebody asked. Shared by threads."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._last = 0
        self._lock = threading.Lock()

    def find(self, connection: sa.Connection, ids: Rows, before: int | None) -> Positions:
        """The position of the holding that each id is in, or NOT_HELD; `(count, 32)` bytes.

        `before` is the first position that this transaction added itself, if it did.
        """
        order = ascending(ids)
        ordered = ids[order]
        found = np.full(len(ids), NOT_HELD, np.int64)
        with self._lock:
            self._catch_up(connection, before)
            # Oldest first: where an id is in several, the last word stays.
            for run in self._runs:
                places = places_in(run.ids, ordered, run.first)
                hit = places >= 0
                found[order[hit]] = run.positions[places[hit]]
        return found

    def _catch_up(self, connection: sa.Connection, before: int | None) -> None:
        rows = connection.execute(
            sa.text(
                "SELECT position, ids FROM holding "
                "WHERE position > :last AND position < :before ORDER BY position"
            ),
            {"last": self._last, "before": _NO_POSITION if before is None else before},
        ).all()
        if not rows:
            return
        ids = [np.frombuffer(row.ids, np.uint8).reshape(-1, DIGEST_BYTES) for row in rows]
        lengths = [len(some) for some in ids]
        positions = np.repeat(np.array([row.position for row in rows], np.int64), lengths)
        run = _run(np.concatenate(ids), positions)
        while self._runs and len(self._runs[-1].ids) <= _RATIO * len(run.ids):
            older = self._runs.pop()
            run = _run(
                np.concatenate((older.ids, run.ids)),
                np.concatenate((older.positions, run.positions)),
            )
        self._runs.append(run)
        self._last = rows[-1].position


class HeldNow:
    """Holdings as one transaction sees them: those committed, and its own."""

    def __init__(self, events: HeldEvents) -> None:
        self._events = events
        self._own = _Own(None, {})

    def find(self, connection: sa.Connection, ids: Rows) -> Positions:
        """As `HeldEvents.find`."""
        found = self._events.find(connection, ids, self._own.before)
        own = self._own.positions
        if own:
            for index, row in enumerate(ids):
                found[index] = own.get(Digest(row.tobytes()), found[index])
        return found

    def add(self, position: int, ids: list[Digest]) -> None:
        """Note a holding of this transaction's own."""
        if self._own.before is None:
            self._own.before = position
        self._own.positions.update(dict.fromkeys(ids, position))


def _run(ids: Rows, positions: Positions) -> _Run:
    """Sorted, with the last position of each id; later positions come later in what is given."""
    order = ascending(ids)
    ids, positions = ids[order], positions[order]
    again = repeats(ids)
    if again.any():
        group = np.cumsum(~again) - 1
        latest = np.zeros(group[-1] + 1, np.int64)
        np.maximum.at(latest, group, positions)
        ids, positions = ids[~again], latest
    first = ids.view(np.dtype(">u8"))[:, 0].astype(np.uint64)
    return _Run(ids, first, positions)
