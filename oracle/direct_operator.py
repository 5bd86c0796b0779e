"""An operator's part in direct reports: it signs one use by itself only after finding everything
that it would ask of the use in an epoch, and only when no epoch can count it meanwhile.

Two rules keep a use from being paid twice, and a cap from being passed. Who signed a report signs
no epoch whose state is without it and that counts the use, or leaves too little room for it under
a cap they share (`oracle.cap_room`), until its deadline is over; who signed an epoch signs no
report under a licence of the same tree until that epoch is posted. Two quorums have more operators
in common than may be faulty.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from chain.client.blocks import BlockPin
from chain.ledger.direct_report import DirectReport, direct_report_domain
from chain.ledger.identifiers import Address, Digest, EpochNumber, LicenceId
from chain.provenance import BlockReader, Cid
from chain.settlement.counting import Tally
from chain.settlement.rows import rows_of
from chain.settlement.settle import PROGRAM_HASH
from oracle.attester import Attester
from oracle.attribution import DetectionPolicy
from oracle.chain_facts import tree_of
from oracle.chain_view import ChainView
from oracle.epoch_book import StoredSignature
from oracle.errors import DirectReportRefused, EpochUnderWay
from oracle.history import EpochHistory
from oracle.operator import supported_events
from oracle.papers import get_evidence
from oracle.typed_data import StructSigner, sign_struct

# Epochs wait for a report that is signed and not posted, so it may not be long.
DEADLINE_SECONDS: Final = 3_600
# What is proposed, so that one whose node is some blocks behind finds it near enough too.
PROPOSED_SECONDS: Final = 3_300


@dataclass(frozen=True)
class DirectProposal:
    """What operators are asked to sign, and where the evidence for it is."""

    report: DirectReport
    evidence_cid: Cid


class DirectMemory(Protocol):
    """What an operator signed before; must outlive the operator's process."""

    def direct_signature_of(self, report_hash: Digest, operator: Address) -> StoredSignature | None:
        """What was signed under a report."""
        ...

    def remember_direct(self, report: DirectReport, signed: StoredSignature) -> None:
        """Keep a signature, durably, before it is handed out."""
        ...

    def epochs_signed(
        self, operator: Address, first: EpochNumber
    ) -> Sequence[tuple[EpochNumber, Collection[LicenceId]]]:
        """The epochs from number `first` on that were signed, and the licences they count under
        (none: not known)."""
        ...


class DirectOperator(Attester):
    """One of the oracle's signers, for single uses."""

    def __init__(
        self,
        signer: StructSigner,
        view: ChainView,
        blocks: BlockReader,
        memory: DirectMemory,
        policy: DetectionPolicy,
        history: EpochHistory | None = None,
    ) -> None:
        super().__init__(signer, view, blocks, policy, history)
        self._memory = memory

    def attest(self, proposal: DirectProposal) -> StoredSignature:
        """Sign the proposed report, after judging it.

        Raises DirectReportRefused, EpochUnderWay, HistoryMismatch, an EvidenceRefused for a paper
        that does not hold, or a BlockError for one that is not to be had.
        """
        report = proposal.report
        asked = report.struct_hash()
        before = self._memory.direct_signature_of(asked, self.address)
        if before is not None:
            return before
        at = self._view.head()
        self._require_fit(proposal, at)
        self._require_supported(proposal, at)
        self._require_countable(report, at)
        deployment = self._view.deployment
        contract = deployment.contracts["DirectReports"]
        domain = direct_report_domain(deployment.chain_id, contract)
        signed = StoredSignature(self.address, asked, sign_struct(domain, asked, self._signer))
        self._memory.remember_direct(report, signed)
        return signed

    def _require_fit(self, proposal: DirectProposal, at: BlockPin) -> None:
        report = proposal.report
        if not at.timestamp <= report.deadline <= at.timestamp + DEADLINE_SECONDS:
            raise DirectReportRefused(self.address, f"its deadline {report.deadline} is not near")
        if report.program_hash != PROGRAM_HASH:
            raise DirectReportRefused(self.address, "it names other rules than this program's")
        if report.evidence != proposal.evidence_cid.digest:
            raise DirectReportRefused(self.address, "it names other evidence than is given")

    def _require_supported(self, proposal: DirectProposal, at: BlockPin) -> None:
        evidence = get_evidence(self._blocks, proposal.evidence_cid)
        found = supported_events(evidence, self._view, self._policy, at)
        if proposal.report.event not in found:
            raise DirectReportRefused(self.address, "no signed evidence supports it")

    def _require_countable(self, report: DirectReport, at: BlockPin) -> None:
        """An epoch of this very block would count it, and none that was signed can."""
        number = self.history.next_number(at)
        facts = self._view.facts(at)
        tree = tree_of(report.event.licence_id, facts)
        for epoch, licences in self._memory.epochs_signed(self.address, number):
            if not licences or tree in {tree_of(licence, facts) for licence in licences}:
                raise EpochUnderWay(self.address, epoch)
        licence = self._view.store.licence(report.event.licence_id, at=at)
        if licence is None:
            raise DirectReportRefused(self.address, "no such licence was ever taken")
        token = licence.terms.token
        prior = self.history.last(token, at)
        state = self._view.settlement_state(at, token, number, prior.report_hash, prior.counted)
        # It is paid from a deposit of its own, and needs nothing in the epoch lane.
        price = licence.terms.unit_price
        tally = Tally(replace(state, credits={licence.holder: price}))
        tally.count(rows_of([report.event]))
        for refusal in tally.refused:
            raise DirectReportRefused(self.address, refusal.reason)
