"""Rows of the outbox about usage: segments, which of their events wait or went into an epoch, and
what was refused. Every statement on those tables is here.

No row is kept for an event that nothing is wrong with: a holding stands for all events of a segment
that were new when it came, and they share its fate. Only a refused one has a row of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sqlalchemy as sa

from chain.columns.digests import digests_of, rows_of
from chain.columns.keccak import DIGEST_BYTES
from chain.columns.order import ascending
from chain.ledger.identifiers import Address, Digest
from oracle.book import Book
from oracle.held_events import HELD, NOT_HELD, HeldNow

# Below the 999 bound variables that every SQLite build takes.
LOOKUP_CHUNK: Final = 500
REFUSED: Final = "refused"


@dataclass(frozen=True)
class StoredSegment:
    """A producer's signed block of events, as it was handed in."""

    digest: Digest
    producer: Address
    signature: bytes
    count: int
    body: bytes


class UsageBook(Book):
    """The usage, in one transaction of the outbox."""

    def known_events(self, event_ids: Sequence[Digest]) -> set[Digest]:
        """Which of the ids are held and still count for something (refused ones do not)."""
        return set(self.holders_of(event_ids))

    def holders_of(self, event_ids: Sequence[Digest]) -> dict[Digest, Digest]:
        """The segment by which each of the ids is held; those that count for nothing (refused ones)
        are left out."""
        positions = self._positions_of(event_ids)
        refused = self._refused_among(list(positions))
        holdings = self._in(
            "SELECT position, segment FROM holding WHERE position IN :given",
            sorted(set(positions.values())),
        )
        segments = {row["position"]: Digest(row["segment"]) for row in holdings}
        return {
            event_id: segments[position]
            for event_id, position in positions.items()
            if event_id not in refused
        }

    def segment(self, digest: Digest) -> StoredSegment | None:
        """One segment, or None when it is not held."""
        row = self._row(
            "SELECT digest, producer, signature, count, body FROM segment WHERE digest = :digest",
            digest=digest,
        )
        return None if row is None else StoredSegment(**row)

    def segment_states(self, digest: Digest) -> list[tuple[int | None, str, str, int]]:
        """How many events a segment holds in each epoch, state and reason (empty for none)."""
        found: Counter[tuple[int | None, str, str]] = Counter()
        for row in self._rows(
            "SELECT position, epoch, state, count FROM holding WHERE segment = :digest",
            digest=digest,
        ):
            refusals = self._rows(
                "SELECT epoch, reason, COUNT(*) AS n FROM refused_event WHERE holding = :position "
                "GROUP BY epoch, reason",
                position=row["position"],
            )
            for refusal in refusals:
                found[refusal["epoch"], REFUSED, refusal["reason"]] += refusal["n"]
            rest = row["count"] - sum(refusal["n"] for refusal in refusals)
            found[row["epoch"], row["state"], ""] += rest
        states = ((*state, count) for state, count in found.items() if count)
        return sorted(states, key=lambda state: (state[0] or 0, *state[1:]))

    def put_segment(self, segment: StoredSegment, fresh: Sequence[Digest]) -> None:
        """Keep a segment and the ids in it that wait from now on; those held already stay where
        they are.

        A segment of an earlier epoch may come again because some of its events were refused then:
        it goes into the next epoch as a whole, and those counted before are refused there.
        """
        self._execute(
            "INSERT INTO segment (digest, producer, signature, count, body, position) "
            "VALUES (:digest, :producer, :signature, :count, :body, "
            "(SELECT COALESCE(MAX(position), 0) + 1 FROM segment)) "
            "ON CONFLICT (digest) DO UPDATE SET epoch = NULL",
            digest=segment.digest,
            producer=segment.producer,
            signature=segment.signature,
            count=segment.count,
            body=segment.body,
        )
        positions = self._positions_of(fresh)
        refused = self._refused_among(list(positions))
        # Only a refused event is given another chance by a new segment.
        self._take_back(refused)
        taken = [i for i in dict.fromkeys(fresh) if i not in positions or i in refused]
        if not taken:
            return
        position = 1 + int(self._scalar("SELECT COALESCE(MAX(position), 0) FROM holding"))
        rows = rows_of(taken)
        self._execute(
            "INSERT INTO holding (position, segment, ids, count, state) "
            "VALUES (:position, :segment, :ids, :count, 'waiting')",
            position=position,
            segment=segment.digest,
            ids=rows[ascending(rows)].tobytes(),
            count=len(taken),
        )
        self._held.add(position, taken)

    def waiting_segments(self, besides: Collection[Digest] = ()) -> Iterator[StoredSegment]:
        """Segments with events that wait, oldest first, without some."""
        digests = self._rows(
            "SELECT digest FROM segment WHERE EXISTS (SELECT 1 FROM holding h "
            "WHERE h.segment = segment.digest AND h.state = 'waiting' AND h.count > "
            "(SELECT COUNT(*) FROM refused_event r WHERE r.holding = h.position)) "
            "ORDER BY position"
        )
        for row in digests:
            found = None if row["digest"] in besides else self.segment(row["digest"])
            if found is not None:
                yield found

    def waiting_count(self) -> int:
        """Usage events that no epoch has taken yet."""
        return self.event_counts().get("waiting", 0)

    def assign(
        self, epoch: int, segments: Sequence[Digest], refused: Sequence[tuple[Digest, str]]
    ) -> None:
        """Give segments and their events to an epoch; refused events keep their reason."""
        given = [{"epoch": epoch, "digest": digest} for digest in segments]
        self._many("UPDATE segment SET epoch = :epoch WHERE digest = :digest", given)
        self._many(
            "UPDATE holding SET epoch = :epoch, state = 'sealed' "
            "WHERE segment = :digest AND state = 'waiting'",
            given,
        )
        holdings = self._rows("SELECT position FROM holding WHERE epoch = :epoch", epoch=epoch)
        self._refuse(epoch, {row["position"] for row in holdings}, refused)

    def refuse_waiting(
        self, segments: Sequence[Digest], refused: Sequence[tuple[Digest, str]]
    ) -> None:
        """Refuse waiting events of some segments without an epoch: there was nothing to report."""
        holdings = self._in(
            "SELECT position FROM holding WHERE state = 'waiting' AND segment IN :given", segments
        )
        self._refuse(None, {row["position"] for row in holdings}, refused)

    def count_epoch(self, epoch: int) -> None:
        """The epoch is on chain for good: its events are counted."""
        self._execute(
            "UPDATE holding SET state = 'counted' WHERE epoch = :epoch AND state = 'sealed'",
            epoch=epoch,
        )

    def release(self, epoch: int) -> None:
        """The epoch does not stand: what it was sealed from waits for the next one, refused events
        too, for what they were refused for may have been the epoch's own doing."""
        self._execute("DELETE FROM refused_event WHERE epoch = :epoch", epoch=epoch)
        self._execute(
            "UPDATE holding SET epoch = NULL, state = 'waiting' WHERE epoch = :epoch", epoch=epoch
        )
        self._execute("UPDATE segment SET epoch = NULL WHERE epoch = :epoch", epoch=epoch)

    def event_counts(self) -> dict[str, int]:
        """How many events are in each state."""
        held = self._rows("SELECT state, SUM(count) AS n FROM holding GROUP BY state")
        refused = self._rows(
            "SELECT h.state, COUNT(*) AS n FROM refused_event r "
            "JOIN holding h ON h.position = r.holding GROUP BY h.state"
        )
        counts = Counter({row["state"]: int(row["n"]) for row in held})
        for row in refused:
            counts[row["state"]] -= row["n"]
            counts[REFUSED] += row["n"]
        return {state: counts[state] for state in sorted(counts) if counts[state]}

    def refusals(self, epoch: int) -> list[tuple[Digest, str]]:
        """Events an epoch did not count, and why."""
        rows = self._rows(
            "SELECT event_id, reason FROM refused_event WHERE epoch = :epoch ORDER BY event_id",
            epoch=epoch,
        )
        return [(Digest(row["event_id"]), row["reason"]) for row in rows]

    @property
    def _held(self) -> HeldNow:
        held: HeldNow = self._connection.get_execution_options()[HELD]
        return held

    def _positions_of(self, event_ids: Sequence[Digest]) -> dict[Digest, int]:
        """The holding of each id that has one."""
        if not event_ids:
            return {}
        found = self._held.find(self._connection, rows_of(event_ids)).tolist()
        return {
            event_id: position
            for event_id, position in zip(event_ids, found, strict=True)
            if position != NOT_HELD
        }

    def _refused_among(self, event_ids: Sequence[Digest]) -> set[Digest]:
        rows = self._in("SELECT event_id FROM refused_event WHERE event_id IN :given", event_ids)
        return {Digest(row["event_id"]) for row in rows}

    def _take_back(self, event_ids: Iterable[Digest]) -> None:
        """Take refused events out of the holdings in which they were refused."""
        taken: dict[int, set[Digest]] = {}
        for event_id in event_ids:
            position = self._scalar(
                "DELETE FROM refused_event WHERE event_id = :id RETURNING holding", id=event_id
            )
            taken.setdefault(position, set()).add(event_id)
        for position, gone in taken.items():
            ids = self._scalar("SELECT ids FROM holding WHERE position = :at", at=position)
            rows = np.frombuffer(ids, np.uint8).reshape(-1, DIGEST_BYTES)
            left = [event_id for event_id in digests_of(rows) if event_id not in gone]
            self._execute(
                "UPDATE holding SET ids = :ids, count = :count WHERE position = :at",
                ids=b"".join(left),
                count=len(left),
                at=position,
            )

    def _refuse(
        self, epoch: int | None, holdings: set[int], refused: Sequence[tuple[Digest, str]]
    ) -> None:
        """Keep the first reason of each refused event that one of the holdings has."""
        reasons: dict[Digest, str] = {}
        for event_id, reason in refused:
            reasons.setdefault(event_id, reason)
        positions = self._positions_of(list(reasons))
        self._many(
            "INSERT INTO refused_event (event_id, holding, epoch, reason) "
            "VALUES (:id, :holding, :epoch, :reason) ON CONFLICT (event_id) DO NOTHING",
            [
                {"id": i, "holding": positions[i], "epoch": epoch, "reason": reason}
                for i, reason in reasons.items()
                if positions.get(i) in holdings
            ],
        )

    def _in(self, statement: str, given: Sequence[object]) -> Iterator[sa.RowMapping]:
        """The rows of a statement with `IN :given`, however many are given."""
        asked = sa.text(statement).bindparams(sa.bindparam("given", expanding=True))
        for first in range(0, len(given), LOOKUP_CHUNK):
            chunk = {"given": list(given[first : first + LOOKUP_CHUNK])}
            yield from self._connection.execute(asked, chunk).mappings()
