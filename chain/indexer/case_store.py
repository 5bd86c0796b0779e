"""Cases of the court and the freezes that go with them, as the index has them at one block."""

from __future__ import annotations

from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.client.dispute_court import CaseStatus
from chain.indexer import tables
from chain.indexer.index_reader import IndexReader, ordered
from chain.indexer.records import Place
from chain.indexer.row_reading import place_of
from chain.ledger.identifiers import Address, Digest, WorkId


@dataclass(frozen=True)
class CaseStep:
    """A case was opened, or ended as `status` says; the share is frozen until then, Unix time."""

    case_id: Digest
    work_id: WorkId
    payee: Address
    status: CaseStatus
    frozen_until: int
    place: Place


class CaseStore(IndexReader):
    """What was disputed, and what is frozen for it."""

    def case_steps(self, *, at: BlockPin) -> list[CaseStep]:
        """Openings and ends of all cases, in chain order."""
        with self._at(at) as connection:
            opened = list(ordered(connection, tables.case_opened, at))
            ended = list(ordered(connection, tables.case_ended, at))
        share_of = {row.case_id: (WorkId(row.work_id), Address(row.payee)) for row in opened}
        steps = [
            CaseStep(
                Digest(row.case_id),
                *share_of[row.case_id],
                status,
                row.frozen_until,
                place_of(row),
            )
            for row, status in (
                *((row, CaseStatus.OPEN) for row in opened),
                *((row, CaseStatus(row.status)) for row in ended),
            )
        ]
        return sorted(steps, key=lambda step: step.place)

    def frozen(self, *, at: BlockPin) -> frozenset[tuple[WorkId, Address]]:
        """The shares frozen at a block's time: the last word on each is when it is free again."""
        until = {(step.work_id, step.payee): step.frozen_until for step in self.case_steps(at=at)}
        return frozenset(share for share, time in until.items() if time > at.timestamp)
