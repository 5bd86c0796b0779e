"""An operator: recomputes an epoch from content-addressed segments and its own view of the chain,
and signs the report only if it comes out the same in every field.

It takes nobody's word for anything: segments are fetched by digest, their producers' signatures are
checked, every event of a log or detection must follow from signed evidence, earlier epochs are
computed again. It never signs two reports for one epoch after the same report: that would cost it
its bond. (After another one it may: the report before was rejected meanwhile.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from chain.client.blocks import BlockPin
from chain.columns.digests import digests_of
from chain.ledger.epoch import EpochReport, report_domain
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import BlockReader, Cid
from chain.settlement.facts import SettlementState
from chain.settlement.rows import rows_in
from chain.settlement.segments import (
    Records,
    Segment,
    SegmentOrigin,
    decode_record,
    joined_records,
    segment_digest,
    segment_records,
)
from chain.settlement.settle import settle_rows
from chain.settlement.settle_columns import ColumnarSettlement, settle_records
from oracle.attester import Attester
from oracle.attribution import DetectionPolicy, attribute_detections, attribute_log
from oracle.cap_room import crowded
from oracle.chain_facts import ChainFacts, path_of
from oracle.chain_view import ChainView
from oracle.detection_report import (
    DetectionReport,
    detection_report_domain,
    verify_detection_report,
)
from oracle.epoch_book import StoredSignature
from oracle.errors import (
    CalculatorsDisagree,
    DirectReportUnderWay,
    EvidenceMalformed,
    OperatorDisagrees,
    SegmentOfAnother,
    SegmentRefused,
    WouldEquivocate,
)
from oracle.generation_log import generation_log_domain, verify_generation_log
from oracle.history import segments_manifest
from oracle.papers import Evidence, SegmentProducer, differences, get_evidence
from oracle.typed_data import StructSigner, require_signer, sign_struct


@dataclass(frozen=True)
class Proposal:
    """What operators are asked to sign, and where the evidence for it is."""

    report: EpochReport
    evidence_cid: Cid


class SignatureMemory(Protocol):
    """What an operator signed before; must outlive the operator's process."""

    def signature_of(
        self, epoch: int, previous: Digest, operator: Address
    ) -> StoredSignature | None:
        """What was signed for an epoch after the report `previous`."""
        ...

    def remember(
        self,
        epoch: int,
        previous: Digest,
        signed: StoredSignature,
        licences: Collection[LicenceId],
    ) -> None:
        """Keep a signature, durably, before it is handed out, with the licences of the epoch."""
        ...

    def direct_under_way(self, operator: Address, since: int) -> Mapping[Digest, LicenceId]:
        """Events whose reports it signed and that could be posted after Unix time `since`, with
        their licences (0: not known)."""
        ...


class Calculator(StrEnum):
    """How an operator computes an epoch before it signs."""

    BOTH = "both"
    """By columns and one by one, by code that shares little: both must come to the same report."""
    COLUMNS = "columns"
    """By columns alone: for an operator of a quorum in which others compute both."""


class Operator(Attester):
    """One of the oracle's signers."""

    def __init__(
        self,
        signer: StructSigner,
        view: ChainView,
        blocks: BlockReader,
        memory: SignatureMemory,
        policy: DetectionPolicy,
        calculator: Calculator = Calculator.BOTH,
    ) -> None:
        super().__init__(signer, view, blocks, policy)
        self._memory = memory
        self._calculator = calculator

    def attest(self, proposal: Proposal) -> StoredSignature:
        """Sign the proposed report, after computing it.

        Raises WouldEquivocate, OperatorDisagrees, CalculatorsDisagree, HistoryMismatch, an
        EvidenceRefused for a paper that does not hold, or a BlockError for one that is not to be
        had.
        """
        report = proposal.report
        asked = report.struct_hash()
        place = (report.epoch, report.previous_report)
        before = self._memory.signature_of(*place, self.address)
        if before is not None:
            if before.report_hash != asked:
                raise WouldEquivocate(self.address, report.epoch, before.report_hash, asked)
            return before
        computed, settlement, state = self._recompute(proposal)
        found = differences(report, computed)
        if found:
            raise OperatorDisagrees(self.address, found)
        self._require_direct_reports_fit(report, settlement, state)
        deployment = self._view.deployment
        domain = report_domain(deployment.chain_id, deployment.contracts["UsageOracle"])
        signed = StoredSignature(self.address, asked, sign_struct(domain, asked, self._signer))
        licences = {line.licence_id for line in settlement.licence_usage}
        self._memory.remember(*place, signed, licences)
        return signed

    def recompute(self, proposal: Proposal) -> EpochReport:
        """The report that follows from segments and chain. Raises as `attest`."""
        return self._recompute(proposal)[0]

    def _recompute(
        self, proposal: Proposal
    ) -> tuple[EpochReport, ColumnarSettlement, SettlementState]:
        report = proposal.report
        self._view.refresh()
        at = self._view.at(report.state_block)
        prior = self.history.last(report.token, at)
        records = self._reviewed_records(proposal, at)
        number = self.history.next_number(at)
        state = self._view.settlement_state(
            at, report.token, number, prior.report_hash, prior.counted
        )
        digest = report.segments_digest
        settlement = settle_records(records, state, prior.carried)
        by_columns = settlement.report(digest)
        if self._calculator is Calculator.COLUMNS:
            return by_columns, settlement, state
        one_by_one = settle_rows(rows_in(records), state, prior.carried).report(digest)
        found = differences(by_columns, one_by_one)
        if found:
            raise CalculatorsDisagree(self.address, found)
        return one_by_one, settlement, state

    def _require_direct_reports_fit(
        self, report: EpochReport, settlement: ColumnarSettlement, state: SettlementState
    ) -> None:
        """Nothing it signed by itself and unknown to the epoch can come on chain and be paid twice,
        or keep the epoch from being posted.

        A report not posted by its deadline never is, and times of blocks ascend.
        """
        signed = self._memory.direct_under_way(self.address, report.state_time)
        if not signed:
            return
        at = self._view.at(report.state_block)
        known = {record.event_id for record in self._view.store.direct_reports(at=at)}
        unknown = {event: licence for event, licence in signed.items() if event not in known}
        if not unknown:
            return
        doubtful = {event for event, licence in unknown.items() if not licence}
        doubtful.update(unknown.keys() & set(digests_of(settlement.counted)))
        facts, operators = self._view.facts(self._view.head()), self._view.operator_set(at).members
        usage = settlement.licence_usage
        tight = crowded(usage, unknown.values(), facts, state, len(operators))
        doubtful.update(
            event
            for event, licence in unknown.items()
            if not tight.isdisjoint(path_of(licence, facts))
        )
        if doubtful:
            raise DirectReportUnderWay(self.address, len(doubtful))

    def _reviewed_records(self, proposal: Proposal, at: BlockPin) -> Records:
        """All records of the segments, after each segment and each paper behind it was checked."""
        evidence = get_evidence(self._blocks, proposal.evidence_cid)
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        events = supported_events(evidence, self._view, self._policy, at)
        supported = frozenset(event.event_id for event in events)
        producers = {segment.digest: segment for segment in evidence.segments}
        manifest = segments_manifest(self._blocks, proposal.report.segments_digest)
        found = [
            self._reviewed_segment(
                self._blocks.get(entry.cid), producers, supported, facts, operators
            )
            for entry in manifest.segments
        ]
        if manifest.evidence != str(proposal.evidence_cid):
            raise EvidenceMalformed("evidence", "is not what the segment set cites")
        return joined_records(found)

    def _reviewed_segment(
        self,
        body: bytes,
        producers: Mapping[Digest, SegmentProducer],
        supported: Collection[Digest],
        facts: ChainFacts,
        operators: Collection[Address],
    ) -> Records:
        deployment = self._view.deployment
        digest = segment_digest(body)
        named = producers.get(digest)
        if named is None:
            raise EvidenceMalformed("segments", f"nobody signed segment 0x{digest.hex()}")
        described = Segment.of(body)
        ours = SegmentOrigin(
            deployment.chain_id, deployment.contracts["UsageOracle"], named.producer
        )
        if described.origin != ours:
            raise SegmentOfAnother(described.origin, ours)
        require_signer(named.producer, described.signing_digest(), named.signature)
        records = segment_records(body)
        by_oracle = named.producer in operators
        looked_at = (
            (row, decode_record(records[row])) for row in _suspects(records, named.producer, facts)
        )
        spoiled = [
            (row, reason)
            for row, event in looked_at
            if (reason := _why_unsupported(event, named.producer, by_oracle, supported, facts))
        ]
        if spoiled:
            raise SegmentRefused(spoiled)
        return records


def supported_events(
    evidence: Evidence, view: ChainView, policy: DetectionPolicy, at: BlockPin
) -> list[UsageEvent]:
    """Every event that follows from the signed papers at a block, computed again.

    Raises an EvidenceRefused for a paper that does not hold.
    """
    deployment, facts, operators = view.deployment, view.facts(at), view.operator_set(at).members
    log_domain = generation_log_domain(deployment.chain_id, deployment.contracts["DerivativeGraph"])
    for signed_log in evidence.logs:
        log = signed_log.log
        standings = {i: s for i in log.licence_ids if (s := facts.licence(i)) is not None}
        verify_generation_log(signed_log, log_domain, standings, now=at.timestamp)
    report_signers = detection_report_domain(
        deployment.chain_id, deployment.contracts["UsageOracle"]
    )
    for signed in evidence.detections:
        verify_detection_report(signed, report_signers, operators, now=at.timestamp)
    logs = {signed.log.generation_id: signed.log for signed in evidence.logs}
    events = [event for log in logs.values() for event in attribute_log(log, facts).events]
    found: dict[Digest, list[DetectionReport]] = {}
    for signed in evidence.detections:
        found.setdefault(signed.report.subject_pcm_sha256, []).append(signed.report)
    for reports in found.values():
        events += attribute_detections(reports, logs, facts, policy).events
    return events


def _suspects(records: Records, producer: Address, facts: ChainFacts) -> list[int]:
    """The rows that have to be looked at one by one: all but plays under the producer's own
    licences, or under licences that counting will refuse as unknown."""
    licences = np.unique(records["licence_id"])
    known = ((int(i), facts.licence(LicenceId(int(i)))) for i in licences)
    foreign = [i for i, licence in known if licence is not None and licence.holder != producer]
    doubtful = (records["kind"] != UsageKind.PLAY) | np.isin(records["licence_id"], foreign)
    suspects: list[int] = np.flatnonzero(doubtful).tolist()
    return suspects


def _why_unsupported(
    event: UsageEvent,
    producer: Address,
    by_oracle: bool,
    supported: Collection[Digest],
    facts: ChainFacts,
) -> str:
    """Why an event does not belong in its producer's segment; empty when it does."""
    if event.kind is not UsageKind.PLAY:
        if not by_oracle:
            return f"{event.kind.name} events come from the oracle, not from {producer}"
        return "" if event.event_id in supported else "no signed evidence supports it"
    licence = facts.licence(event.licence_id)
    if licence is not None and licence.holder != producer:
        return f"licence {event.licence_id} is held by {licence.holder}, not by {producer}"
    return ""
