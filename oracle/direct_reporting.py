"""Which uses are dear enough to be reported by themselves, and their way to the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReports
from chain.client.errors import ContractRefused
from chain.indexer.records import LicenceRecord
from chain.ledger.direct_report import DirectReport, direct_report_domain
from chain.ledger.identifiers import Address, Digest
from chain.ledger.usage import UsageEvent
from chain.provenance import BlockStore
from chain.settlement.settle import PROGRAM_HASH
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.direct_book import DirectBook
from oracle.direct_operator import DEADLINE_SECONDS, DirectOperator, DirectProposal
from oracle.direct_relay import DirectRelay
from oracle.errors import OracleError
from oracle.evidence_book import EvidenceBook
from oracle.harvest import evidence_for, look
from oracle.keeper import KeeperRound
from oracle.operators.collecting import REFUSALS
from oracle.outbox import Outbox
from oracle.papers import Evidence, put_evidence
from oracle.quorum import Quorum


@dataclass(frozen=True)
class DirectDue:
    """A use that evidence gives, no epoch holds, and its licence's holder has deposited for."""

    event: UsageEvent
    licence: LicenceRecord


class DirectReporting:
    """Reports uses whose unit price is `price_min` base units or more; none when that is zero."""

    def __init__(
        self,
        outbox: Outbox,
        blocks: BlockStore,
        view: ChainView,
        policy: DetectionPolicy,
        operators: Sequence[DirectOperator],
        relay: DirectRelay,
        price_min: int,
    ) -> None:
        self._outbox = outbox
        self._blocks = blocks
        self._view = view
        self._policy = policy
        self._operators = operators
        self._relay = relay
        self._contract = DirectReports.of(view.node, view.deployment)
        self._price_min = price_min

    def carry(self, *, now: int) -> KeeperRound:
        """Report what is due, release what may be released, reject what an epoch counted; sends
        nothing by itself (see the transaction lane). `now` is in Unix seconds.

        What operators or the contract refuse is told, and waits for an epoch.
        """
        at = self._view.head()
        found = self._relay.attend(at, now=now)
        decided, refused = list(found.decided), list(found.refused)
        for due in self.due(at):
            try:
                decided.append(self.report(due, at))
            except (OracleError, ContractRefused) as refusal:
                refused.append((f"direct-post:{due.event.event_id.hex()}", str(refusal)))
        return KeeperRound(tuple(decided), tuple(refused))

    def due(self, at: BlockPin) -> Iterator[DirectDue]:
        """The uses to report now: dear enough, and covered by their holder's deposit."""
        if self._price_min == 0:
            return
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        with self._outbox.reading() as connection:
            fresh = look(EvidenceBook(connection), facts, self._policy, operators).fresh
        store = self._view.store
        known = {record.event_id for record in store.direct_reports(at=at)} | self.held_back(at)
        licences = {licence.licence_id: licence for licence in store.licences(at=at)}
        free: dict[tuple[Address, Address], int] = {}
        for event in fresh:
            licence = licences.get(event.licence_id)
            if licence is None or event.event_id in known:
                continue
            price, deposit = licence.terms.unit_price, (licence.holder, licence.terms.token)
            if price < self._price_min:
                continue
            if deposit not in free:
                free[deposit] = self._contract.deposit_of(*deposit, at=at)
            if free[deposit] >= price:
                free[deposit] -= price
                yield DirectDue(event, licence)

    def held_back(self, at: BlockPin) -> frozenset[Digest]:
        """Events that no epoch of this block should be made of: reported, or about to be."""
        with self._outbox.reading() as connection:
            signed = DirectBook(connection).under_way(at.timestamp)
        store = self._view.store
        return signed.union(*(store.directly_reported(at=pin) for pin in (at, store.head())))

    def report(self, due: DirectDue, at: BlockPin) -> str:
        """Have a use signed by a quorum and store the transaction that posts it; its intent.

        Raises QuorumNotReached with each refusal, ContractRefused.
        """
        operators = self._view.operator_set(at)
        with self._outbox.reading() as connection:
            book = EvidenceBook(connection)
            logs, detections = evidence_for(book, [due.event], operators.members)
        cid = put_evidence(self._blocks, Evidence((), logs, detections))
        deadline = at.timestamp + DEADLINE_SECONDS
        report = DirectReport(due.event, Digest(cid.digest), PROGRAM_HASH, deadline)
        domain = direct_report_domain(self._view.deployment.chain_id, self._contract.address)
        quorum = Quorum(report, domain, operators.members, operators.threshold)
        for operator in self._operators:
            try:
                quorum.add(operator.attest(DirectProposal(report, cid)))
            except REFUSALS as refusal:
                quorum.note_refusal(operator.name, str(refusal))
        return self._relay.post(report, due.licence.terms, quorum.signatures())
