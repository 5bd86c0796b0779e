"""Sealing an epoch: what waits becomes segments, a report, and payouts, fixed for good.

Everything is computed at one pinned block and stored by content id first; then one transaction
makes it the epoch. Stopped anywhere before that, sealing again gives an epoch all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from chain.client.blocks import BlockPin
from chain.columns.digests import digests_of
from chain.ledger.identifiers import Address, Digest, EpochNumber
from chain.provenance import BlockStore, Cid, Codec, SegmentsManifest, put_manifest, seal
from chain.provenance.manifests.segments import Segment as SegmentEntry
from chain.settlement.segments import record_ids, segment_records
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.contradicted import contradicted_segments, take_apart
from oracle.direct_reporting import HeldBack
from oracle.epoch_book import EpochBook, EpochRow, EpochState
from oracle.errors import EpochNotReady, HoldersNotFunded, NothingToSeal
from oracle.evidence_book import EvidenceBook
from oracle.harvest import record
from oracle.history import EpochHistory
from oracle.outbox import Outbox
from oracle.papers import Evidence, PayoutsPaper, put_evidence, put_payouts
from oracle.taking import Pack, Taken, Taker, evidence_behind
from oracle.unfunded import Shortfall
from oracle.usage_book import StoredSegment

log = logging.getLogger(__name__)


class Sealer:
    """Makes epochs in one currency, of what waits: see `Taker` for `pack` and `held_back`.

    `shortfalls` say what the last sealing left for want of its holders' money.
    """

    def __init__(
        self,
        outbox: Outbox,
        blocks: BlockStore,
        view: ChainView,
        token: Address,
        policy: DetectionPolicy,
        pack: Pack | None,
        held_back: Callable[[BlockPin], HeldBack],
    ) -> None:
        self._outbox = outbox
        self._blocks = blocks
        self._view = view
        self._policy = policy
        history = EpochHistory(view, blocks)
        self._taker = Taker(history, view, token, policy, pack, held_back)
        self.shortfalls: tuple[Shortfall, ...] = ()

    def seal(self, at: BlockPin) -> EpochRow:
        """Seal the next epoch from what waits, at a pinned block.

        Raises NothingToSeal (with every event refused, the reasons are kept), HoldersNotFunded,
        EpochNotReady while the epoch before is not final.
        """
        self._take_apart(at)
        last = self._last_must_be_final()
        operators = self._view.operator_set(at).members
        self.shortfalls = ()
        try:
            with self._outbox.reading() as connection:
                book = EvidenceBook(connection)
                taken = self._taker.take(book, last, at)
                evidence = evidence_behind(book, taken, operators)
        except HoldersNotFunded as nothing:
            self.shortfalls = nothing.shortfalls
            raise
        self.shortfalls = taken.shortfalls
        settlement = taken.settlement
        if not len(settlement.counted):
            self._refuse_all(taken)
        if settlement.sum_tree.leaf_count == 0:
            raise NothingToSeal("the usage that waits is worth nothing")
        row = self._write_papers(taken, evidence, at)
        self._outbox.reached("epoch-before-seal")
        with self._outbox.writing() as connection:
            EpochBook(connection).insert(row)
            self._assign(EvidenceBook(connection), row.number, taken)
            self._outbox.reached("epoch-seal-before-commit")
        self._outbox.reached("epoch-seal-after-commit")
        return row

    def rehearse(self, at: BlockPin) -> tuple[Taken, int]:
        """What `seal` would take at a pinned block, and how many segments it would take apart;
        keeps nothing. Raises NothingToSeal, HoldersNotFunded, EpochNotReady."""
        last = self._last_must_be_final()
        with self._outbox.reading() as connection:
            contradicted = self._contradicted(EvidenceBook(connection), at)
        # Whoever has nothing to take apart holds up no writer.
        view = self._outbox.undone() if contradicted else self._outbox.reading()
        with view as connection:
            book = EvidenceBook(connection)
            take_apart(book, contradicted)
            return self._taker.take(book, last, at), len(contradicted)

    def _write_papers(self, taken: Taken, evidence: Evidence, at: BlockPin) -> EpochRow:
        """Segments, manifest, evidence and payouts, by content id; nothing names them yet."""
        settlement = taken.settlement
        evidence_cid = put_evidence(self._blocks, evidence)
        number = settlement.epoch
        segments_cid = self._put_segments(number, taken.segments, evidence_cid, at)
        report = settlement.report(Digest(segments_cid.digest))
        paper = PayoutsPaper(
            report, settlement.licence_usage, settlement.payouts, tuple(settlement.refused())
        )
        payouts_cid = put_payouts(self._blocks, paper)
        return EpochRow(number, EpochState.SEALED, report, evidence_cid, payouts_cid, pushed=False)

    def _assign(self, book: EvidenceBook, number: EpochNumber, taken: Taken) -> None:
        """Give the epoch everything it was sealed from, and close the evidence behind it."""
        sealed: set[Digest] = set()
        for segment in taken.harvested:
            ids = digests_of(record_ids(segment_records(segment.body)))
            book.usage.put_segment(segment, ids)
            sealed.update(ids)
        digests = [segment.digest for segment in taken.segments]
        book.usage.assign(number, digests, taken.settlement.refused())
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

    def _refuse_all(self, taken: Taken) -> None:
        refused = taken.settlement.refused()
        digests = [segment.digest for segment in taken.segments]
        with self._outbox.writing() as connection:
            EvidenceBook(connection).usage.refuse_waiting(digests, refused)
        reasons = sorted({reason for _, reason in refused})
        raise NothingToSeal(
            f"all {len(refused)} waiting events were refused ({', '.join(reasons)})"
        )
