"""Sealing an epoch: what waits becomes segments, a report, and payouts, fixed for good.

Everything is computed at one pinned block and stored by content id first; then one transaction
makes it the epoch. Stopped anywhere before that, sealing again gives an epoch all the same.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from chain.client.blocks import BlockPin
from chain.columns.digests import digests_of
from chain.ledger.identifiers import Address, Digest, EpochNumber, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import BlockStore, Cid, Codec, SegmentsManifest, put_manifest, seal
from chain.provenance.manifests.segments import Segment as SegmentEntry
from chain.settlement.carried import Carried
from chain.settlement.counting import LICENCES_MAX
from chain.settlement.segments import (
    Records,
    decode_record,
    joined_records,
    record_ids,
    segment_records,
)
from chain.settlement.settle_columns import ColumnarSettlement, settle_records
from oracle.attribution import DetectionPolicy
from oracle.chain_facts import ChainFacts
from oracle.chain_view import ChainView
from oracle.contradicted import contradicted_segments, take_apart
from oracle.direct_reporting import HeldBack
from oracle.epoch_book import EpochBook, EpochRow, EpochState
from oracle.errors import EpochNotReady, NothingToSeal
from oracle.evidence_book import EvidenceBook
from oracle.harvest import Harvest, chunks_of, evidence_for, look, record
from oracle.history import EpochHistory
from oracle.outbox import Outbox
from oracle.papers import Evidence, PayoutsPaper, producers_of, put_evidence, put_payouts
from oracle.usage_book import StoredSegment

log = logging.getLogger(__name__)

# What one epoch takes; the rest waits for the next.
EPOCH_EVENTS_MAX: Final = 1_000_000


@dataclass(frozen=True)
class _Taken:
    """What goes into one epoch."""

    harvest: Harvest
    harvested: tuple[StoredSegment, ...]
    segments: tuple[StoredSegment, ...]
    records: Records
    evidence: Evidence


class Sealer:
    """Makes epochs in one currency. `pack` signs the segments of events that evidence gave; without
    it they wait, as do those that `held_back` holds, for reports of their own."""

    def __init__(
        self,
        outbox: Outbox,
        blocks: BlockStore,
        view: ChainView,
        token: Address,
        policy: DetectionPolicy,
        pack: Callable[[Sequence[UsageEvent]], StoredSegment] | None,
        held_back: Callable[[BlockPin], HeldBack],
    ) -> None:
        self._outbox = outbox
        self._blocks = blocks
        self._view = view
        self._token = token
        self._policy = policy
        self._pack = pack
        self._held_back = held_back
        self._history = EpochHistory(view, blocks)

    def seal(self, at: BlockPin) -> EpochRow:
        """Seal the next epoch from what waits, at a pinned block.

        Raises NothingToSeal (with every event refused, the reasons are kept), EpochNotReady while
        the epoch before is not final.
        """
        self._take_apart(at)
        last = self._last_must_be_final()
        with self._outbox.reading() as connection:
            taken = self._take(EvidenceBook(connection), at)
        settlement, _ = self._settled(taken, last, at)
        if not len(settlement.counted):
            self._refuse_all(taken, settlement)
        if settlement.sum_tree.leaf_count == 0:
            raise NothingToSeal("the usage that waits is worth nothing")
        row = self._write_papers(taken, settlement, at)
        self._outbox.reached("epoch-before-seal")
        with self._outbox.writing() as connection:
            EpochBook(connection).insert(row)
            self._assign(EvidenceBook(connection), row.number, taken, settlement.refused())
            self._outbox.reached("epoch-seal-before-commit")
        self._outbox.reached("epoch-seal-after-commit")
        return row

    def rehearse(self, at: BlockPin) -> tuple[ColumnarSettlement, Carried, int]:
        """What `seal` would come to at a pinned block, what was carried before, and how many
        segments it would take apart; keeps nothing.

        Raises NothingToSeal, EpochNotReady.
        """
        last = self._last_must_be_final()
        with self._outbox.reading() as connection:
            contradicted = self._contradicted(EvidenceBook(connection), at)
        # Whoever has nothing to take apart holds up no writer.
        view = self._outbox.undone() if contradicted else self._outbox.reading()
        with view as connection:
            book = EvidenceBook(connection)
            take_apart(book, contradicted)
            taken = self._take(book, at)
        settlement, before = self._settled(taken, last, at)
        return settlement, before, len(contradicted)

    def _settled(
        self, taken: _Taken, last: EpochRow | None, at: BlockPin
    ) -> tuple[ColumnarSettlement, Carried]:
        """What was taken, on top of what stands; and what was carried so far."""
        prior = self._history.last(self._token, at)
        number = self._history.next_number(at)
        if last is not None and last.number >= number:
            raise EpochNotReady(last.number, "not at the pinned block", "posted", "wait a block")
        state = self._view.settlement_state(
            at, self._token, number, prior.report_hash, prior.counted
        )
        return settle_records(taken.records, state, prior.carried), prior.carried

    def _write_papers(
        self, taken: _Taken, settlement: ColumnarSettlement, at: BlockPin
    ) -> EpochRow:
        """Segments, manifest, evidence and payouts, by content id; nothing names them yet."""
        evidence_cid = put_evidence(self._blocks, taken.evidence)
        number = settlement.epoch
        segments_cid = self._put_segments(number, taken.segments, evidence_cid, at)
        report = settlement.report(Digest(segments_cid.digest))
        paper = PayoutsPaper(
            report, settlement.licence_usage, settlement.payouts, tuple(settlement.refused())
        )
        payouts_cid = put_payouts(self._blocks, paper)
        return EpochRow(number, EpochState.SEALED, report, evidence_cid, payouts_cid, pushed=False)

    def _assign(
        self,
        book: EvidenceBook,
        number: EpochNumber,
        taken: _Taken,
        refused: Sequence[tuple[Digest, str]],
    ) -> None:
        """Give the epoch everything it was sealed from, and close the evidence behind it."""
        sealed: set[Digest] = set()
        for segment in taken.harvested:
            ids = digests_of(record_ids(segment_records(segment.body)))
            book.usage.put_segment(segment, ids)
            sealed.update(ids)
        book.usage.assign(number, [segment.digest for segment in taken.segments], refused)
        record(book, taken.harvest, sealed)

    def _last_must_be_final(self) -> EpochRow | None:
        with self._outbox.reading() as connection:
            last = EpochBook(connection).last()
        if last is not None and last.state not in (EpochState.FINAL, EpochState.REJECTED):
            raise EpochNotReady(last.number, last.state, "FINAL", "post it before sealing the next")
        return last

    def _take_apart(self, at: BlockPin) -> None:
        """Undo waiting segments with which nobody would sign an epoch."""
        with self._outbox.reading() as connection:
            found = self._contradicted(EvidenceBook(connection), at)
        if found:
            with self._outbox.writing() as connection:
                take_apart(EvidenceBook(connection), found)
        for digest in found:
            log.warning("segment taken apart", extra={"segment": digest.hex()})

    def _contradicted(self, book: EvidenceBook, at: BlockPin) -> list[Digest]:
        operators = self._view.operator_set(at).members
        return sorted(contradicted_segments(book, self._view, self._policy, operators, at))

    def _take(self, book: EvidenceBook, at: BlockPin) -> _Taken:
        """What evidence gives, and the oldest platform segments, as far as one report takes."""
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        held_back = self._held_back(at)
        harvest = look(book, facts, self._policy, operators)
        fresh = [event for event in harvest.fresh if not held_back.holds(event)]
        packed = [] if self._pack is None else list(map(self._pack, chunks_of(fresh)))
        waiting = book.usage.waiting_segments()
        ready = (s for s in waiting if _is_ready(_licences_of(s), facts, held_back))
        chosen = _fitting(itertools.chain(packed, ready))
        if not chosen:
            raise NothingToSeal
        records = joined_records([segment_records(segment.body) for segment in chosen])
        attributed = records[records["kind"] != UsageKind.PLAY]
        logs, detections = evidence_for(
            book, [decode_record(each) for each in attributed], operators
        )
        evidence = Evidence(producers_of(chosen), logs, detections)
        harvested = tuple(segment for segment in packed if segment in chosen)
        return _Taken(harvest, harvested, tuple(chosen), records, evidence)

    def _put_segments(
        self,
        number: EpochNumber,
        segments: Sequence[StoredSegment],
        evidence: Cid,
        at: BlockPin,
    ) -> Cid:
        entries = tuple(
            SegmentEntry(cid=self._blocks.put(Codec.RAW, s.body), count=s.count) for s in segments
        )
        body = SegmentsManifest(
            epoch=number,
            segments=entries,
            event_count=sum(s.count for s in segments),
            evidence=str(evidence),
        )
        oracle = self._view.deployment.contracts["UsageOracle"]
        # Issuer and time are the chain's, so that sealing again gives the same manifest.
        sealed = seal(
            body,
            issuer=f"eip155:{self._view.deployment.chain_id}:{oracle}",
            issued_at=datetime.fromtimestamp(at.timestamp, UTC),
        )
        return put_manifest(self._blocks, sealed)

    def _refuse_all(self, taken: _Taken, settlement: ColumnarSettlement) -> None:
        refused = settlement.refused()
        digests = [segment.digest for segment in taken.segments]
        with self._outbox.writing() as connection:
            EvidenceBook(connection).usage.refuse_waiting(digests, refused)
        reasons = sorted({reason for _, reason in refused})
        raise NothingToSeal(
            f"all {len(refused)} waiting events were refused ({', '.join(reasons)})"
        )


def _fitting(segments: Iterable[StoredSegment]) -> list[StoredSegment]:
    """The first segments whose events and licences fit one report together."""
    chosen: list[StoredSegment] = []
    licences: set[LicenceId] = set()
    count = 0
    for segment in segments:
        together = licences | _licences_of(segment)
        count += segment.count
        if chosen and (count > EPOCH_EVENTS_MAX or len(together) > LICENCES_MAX):
            break
        chosen.append(segment)
        licences = together
    return chosen


def _is_ready(named: set[LicenceId], facts: ChainFacts, held_back: HeldBack) -> bool:
    """Whether a segment under these licences may go into an epoch of the block. A licence taken
    since was known when its plays were filed: they wait for it, and are not refused as unlicensed.
    """
    known = all(facts.licence(licence) is not None for licence in named)
    return known and not named & held_back.licences


def _licences_of(segment: StoredSegment) -> set[LicenceId]:
    named = np.unique(segment_records(segment.body)["licence_id"])
    return {LicenceId(licence) for licence in named.tolist()}
