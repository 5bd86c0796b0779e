"""What became of usage that was handed in: one outcome for every row, a receipt for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from chain.ledger.identifiers import Digest


class RowOutcome(StrEnum):
    """What became of one row."""

    ACCEPTED = "accepted"
    """It waits for the next epoch."""
    DUPLICATE = "duplicate"
    """The same event is held already; the reason says so if it was held with another time."""
    REFUSED = "refused"
    """It is not usage; the reason is beside it."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row of a segment or file, counted from 0."""

    index: int
    outcome: RowOutcome
    event_id: Digest | None = None
    reason: str = ""


class AllAccepted(Sequence[RowResult]):
    """The rows of a segment that is all new. A row is made when it is asked for: such segments are
    what millions of events come in, and nobody asks."""

    def __init__(self, event_ids: Sequence[Digest]) -> None:
        self.event_ids = event_ids

    def __len__(self) -> int:
        return len(self.event_ids)

    @overload
    def __getitem__(self, index: int) -> RowResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RowResult]: ...
    def __getitem__(self, index: int | slice) -> RowResult | Sequence[RowResult]:
        places = range(len(self.event_ids))[index]
        if isinstance(places, range):
            return [self[place] for place in places]
        return RowResult(places, RowOutcome.ACCEPTED, self.event_ids[places])


@dataclass(frozen=True)
class IntakeReceipt:
    """What became of everything that was handed in. `segments` are the digests of what was."""

    segments: tuple[Digest, ...]
    rows: Sequence[RowResult]

    def count(self, outcome: RowOutcome) -> int:
        """How many rows ended so."""
        if isinstance(self.rows, AllAccepted):
            return len(self.rows) if outcome is RowOutcome.ACCEPTED else 0
        return sum(row.outcome is outcome for row in self.rows)

    def not_accepted(self) -> Sequence[RowResult]:
        """The rows that something is to be said of."""
        if isinstance(self.rows, AllAccepted):
            return ()
        return [row for row in self.rows if row.outcome is not RowOutcome.ACCEPTED]
