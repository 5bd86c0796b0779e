"""The ids of all events that epochs counted, as ascending columns: 32 bytes an event and no more.

Each epoch adds a run. Runs are merged so that each is larger than all younger ones together: a
search looks into few of them, and no id is moved more often than its number has binary digits.
What an epoch counted never changes, so histories that share a beginning share its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from chain.columns.digests import digests_of, rows_of
from chain.columns.keccak import DIGEST_BYTES, Rows
from chain.columns.order import Flags, ascending, found_in, repeats
from chain.ledger.identifiers import Digest


class CountedIds(AbstractSet[Digest]):
    """A set of event ids, searched a column at a time or one by one. Immutable."""

    def __init__(self, runs: tuple[Rows, ...] = ()) -> None:
        """`runs` ascend, without repeats, each larger than all after it together."""
        self._runs = runs

    @classmethod
    def _from_iterable(cls, ids: Iterable[Digest]) -> CountedIds:  # type: ignore[override]
        return cls().plus(rows_of(ids))

    def plus(self, ids: Rows) -> CountedIds:
        """These and an epoch's, `(count, 32)` bytes in any order; what is here already stays."""
        fresh = ids[ascending(ids)]
        fresh = fresh[~(repeats(fresh) | self.holds(fresh))]
        if not len(fresh):
            return self
        runs = list(self._runs)
        while runs and len(runs[-1]) <= 2 * len(fresh):
            both = np.concatenate((runs.pop(), fresh))
            fresh = both[ascending(both)]
        fresh.flags.writeable = False
        return CountedIds((*runs, fresh))

    def holds(self, ids: Rows) -> Flags:
        """Which rows of `(count, 32)` bytes are in the set."""
        found = np.zeros(len(ids), np.bool_)
        for run in self._runs:
            found |= found_in(run, ids)
        return found

    @property
    def runs(self) -> tuple[Rows, ...]:
        """The ids in ascending columns, the longest first; read-only."""
        return self._runs

    def __contains__(self, event_id: object) -> bool:
        if not isinstance(event_id, bytes) or len(event_id) != DIGEST_BYTES:
            return False
        return bool(self.holds(np.frombuffer(event_id, np.uint8)[None, :])[0])

    def __iter__(self) -> Iterator[Digest]:
        for run in self._runs:
            yield from digests_of(run)

    def __len__(self) -> int:
        return sum(map(len, self._runs))


def ids_among(known: AbstractSet[Digest], ids: Sequence[Digest]) -> frozenset[Digest]:
    """Which of some ids are in a set, columns or not."""
    if not isinstance(known, CountedIds):
        return frozenset(event_id for event_id in ids if event_id in known)
    if not ids or not known:
        return frozenset()
    found = known.holds(rows_of(ids)).tolist()
    return frozenset(event_id for event_id, held in zip(ids, found, strict=True) if held)


def counted_ids_of(ids: AbstractSet[Digest]) -> CountedIds:
    """The same ids as columns; the very set when it is columns already."""
    return ids if isinstance(ids, CountedIds) else CountedIds().plus(rows_of(ids))
