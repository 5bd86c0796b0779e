"""Direct reports and the deposits they are paid from, as the index has them at one block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReportState
from chain.indexer import tables
from chain.indexer.index_reader import IndexReader, ordered
from chain.indexer.records import Place
from chain.indexer.row_reading import place_of
from chain.ledger.direct_report import DirectReport, Held
from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.usage import UsageEvent, UsageKind


@dataclass(frozen=True)
class DepositRecord:
    """Money put down, or taken back where `amount` is negative; `free` is unlocked afterwards."""

    platform: Address
    token: Address
    amount: int
    free: int
    place: Place


@dataclass(frozen=True)
class DirectReportRecord:
    """A report and what became of it.

    `free` is what the platform had unlocked after the posting, `free_again` after a rejection.
    `counted_in` is the epoch that had counted the event; None when the council rejected it.
    """

    report: DirectReport
    held: Held
    free: int
    state: DirectReportState
    ended: Place | None
    counted_in: EpochNumber | None
    free_again: int | None
    place: Place

    @property
    def event_id(self) -> Digest:
        return self.held.event_id


class DirectReportStore(IndexReader):
    """What was reported by itself, out of whose deposit."""

    def deposits(self, *, at: BlockPin) -> list[DepositRecord]:
        """Every change of a deposit but by reports, in chain order."""
        with self._at(at) as connection:
            return [
                DepositRecord(
                    row.platform,
                    row.token,
                    -row.amount if row.is_taken_back else row.amount,
                    row.free,
                    place_of(row),
                )
                for row in ordered(connection, tables.deposit_step, at)
            ]

    def direct_reports(self, *, at: BlockPin) -> list[DirectReportRecord]:
        """Every report posted, in chain order, as it stands at the block."""
        with self._at(at) as connection:
            released = {
                row.event_id: row for row in ordered(connection, tables.direct_report_released, at)
            }
            rejected = {
                row.event_id: row for row in ordered(connection, tables.direct_report_rejected, at)
            }
            return [
                _record(row, released.get(row.event_id), rejected.get(row.event_id))
                for row in ordered(connection, tables.direct_report_posted, at)
            ]

    def directly_reported(self, *, at: BlockPin) -> frozenset[Digest]:
        """Ids of the events that are paid for, or about to be, by reports of their own."""
        return frozenset(
            record.event_id
            for record in self.direct_reports(at=at)
            if record.state is not DirectReportState.REJECTED
        )


def _record(
    row: Row[Any], released: Row[Any] | None, rejected: Row[Any] | None
) -> DirectReportRecord:
    event = UsageEvent(
        UsageKind(row.usage_kind),
        LicenceId(row.licence_id),
        GenerationId(row.generation_id),
        Digest(row.source_key),
        row.occurred_at,
    )
    held = Held(
        Digest(row.event_id),
        LicenceId(row.licence_id),
        WorkId(row.work_id),
        row.platform,
        row.token,
        row.amount,
        row.releasable_from,
    )
    state, ended = DirectReportState.HELD, released or rejected
    if ended is not None:
        state = DirectReportState.REJECTED if released is None else DirectReportState.RELEASED
    return DirectReportRecord(
        DirectReport(event, Digest(row.evidence), Digest(row.program_hash), row.deadline),
        held,
        row.free,
        state,
        None if ended is None else place_of(ended),
        EpochNumber(rejected.epoch) if rejected is not None and rejected.epoch else None,
        None if rejected is None else rejected.free,
        place_of(row),
    )
