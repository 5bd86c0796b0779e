"""Which uses are dear enough to be reported by themselves, and their way to the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReports, DirectReportState
from chain.client.errors import ContractRefused
from chain.indexer.records import LicenceRecord
from chain.ledger.direct_report import DirectReport, direct_report_domain
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.usage import UsageEvent
from chain.provenance import BlockStore
from chain.settlement.facts import SettlementState
from chain.settlement.settle import PROGRAM_HASH
from oracle.attribution import Attribution, DetectionPolicy
from oracle.cap_room import crowded
from oracle.chain_facts import ChainFacts, tree_of
from oracle.chain_view import ChainView
from oracle.direct_book import DirectBook
from oracle.direct_operator import PROPOSED_SECONDS, DirectProposal
from oracle.direct_relay import DirectRelay
from oracle.epoch_book import EpochBook, EpochState, StoredSignature
from oracle.errors import OracleError
from oracle.evidence_book import EvidenceBook
from oracle.harvest import Harvest, evidence_for, look
from oracle.harvest import record as keep_outcome
from oracle.keeper import KeeperRound
from oracle.operators.panel import Panel
from oracle.outbox import Outbox
from oracle.papers import Evidence, get_payouts, put_evidence
from oracle.quorum import Quorum


@dataclass(frozen=True)
class DirectDue:
    """A use that evidence gives, no epoch holds, and its licence's holder has deposited for."""

    event: UsageEvent
    licence: LicenceRecord


@dataclass(frozen=True)
class HeldBack:
    """What is not for an epoch: `events` were reported by themselves or are about to be; under
    licences that are `awaited` a use is first tried by itself, unless it was `tried`. Such reports
    are `coming`, by their licences, where the epoch's state does not have them: of `trees` that
    have no room for them beside the epoch nothing is for it. `facts` are of the newest block."""

    events: frozenset[Digest]
    coming: tuple[LicenceId, ...]
    facts: ChainFacts
    awaited: Callable[[LicenceId], bool]
    tried: frozenset[Digest]
    trees: frozenset[LicenceId] = frozenset()

    def holds(self, event: UsageEvent) -> bool:
        """Whether an event is not for this epoch."""
        if event.event_id in self.events or self.holds_licence(event.licence_id):
            return True
        return event.event_id not in self.tried and self.awaited(event.licence_id)

    def holds_licence(self, licence_id: LicenceId) -> bool:
        """Whether nothing under a licence is for this epoch."""
        return bool(self.trees) and tree_of(licence_id, self.facts) in self.trees

    def beside(
        self, usage: Iterable[LicenceUsage], state: SettlementState, operators: int
    ) -> HeldBack:
        """With the trees that an epoch of this usage leaves too little room in."""
        short = crowded(usage, self.coming, self.facts, state, operators)
        trees = {tree_of(licence, self.facts) for licence in short}
        return replace(self, trees=self.trees | trees) if trees else self


class DirectReporting:
    """Reports uses whose unit price is `price_min` base units or more; none when that is zero."""

    def __init__(
        self,
        outbox: Outbox,
        blocks: BlockStore,
        view: ChainView,
        policy: DetectionPolicy,
        panel: Panel,
        relay: DirectRelay,
        price_min: int,
    ) -> None:
        self._outbox = outbox
        self._blocks = blocks
        self._view = view
        self._policy = policy
        self._panel = panel
        self._relay = relay
        self._contract = DirectReports.of(view.node, view.deployment)
        self._price_min = price_min
        # What was refused since this process looks after reports; None before it does.
        self._refused: set[Digest] | None = None

    def carry(self, *, now: int) -> KeeperRound:
        """Report what is due, release what may be released, reject what an epoch counted; sends
        nothing by itself (see the transaction lane). `now` is in Unix seconds.

        What operators or the contract refuse is told, and waits for an epoch.
        """
        at = self._view.head()
        found = self._relay.attend(at, now=now)
        decided, refused = list(found.decided), list(found.refused)
        self._refused = self._refused or set()
        for due in self.due(at):
            self._outbox.keep_leases()
            try:
                decided.append(self.report(due, at))
            except (OracleError, ContractRefused) as refusal:
                self._refused.add(due.event.event_id)
                refused.append((f"direct-post:{due.event.event_id.hex()}", str(refusal)))
        return KeeperRound(tuple(decided), tuple(refused))

    def due(self, at: BlockPin) -> Iterator[DirectDue]:
        """The uses to report now: dear enough, and covered by their holder's deposit."""
        if self._price_min == 0:
            return
        held = self.held_back(at)
        tree = cache(partial(tree_of, facts=held.facts))
        waiting = set(map(tree, self._licences_under_way(at)))
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        with self._outbox.reading() as connection:
            harvest = look(EvidenceBook(connection), facts, self._policy, operators)
        self._close_released(harvest)
        store = self._view.store
        known = {record.event_id for record in store.direct_reports(at=at)} | held.events
        # Whoever takes its deposit back each time is not signed for again and again.
        known |= self._refused or set()
        licences = {licence.licence_id: licence for licence in store.licences(at=at)}
        free: dict[tuple[Address, Address], int] = {}
        for event in harvest.fresh:
            licence = licences.get(event.licence_id)
            if licence is None or event.event_id in known or tree(event.licence_id) in waiting:
                continue
            price, deposit = licence.terms.unit_price, (licence.holder, licence.terms.token)
            if price < self._price_min:
                continue
            if deposit not in free:
                free[deposit] = self._contract.deposit_of(*deposit, at=at)
            if free[deposit] >= price:
                free[deposit] -= price
                yield DirectDue(event, licence)

    def held_back(self, at: BlockPin) -> HeldBack:
        """What no epoch of this block should be made of."""
        with self._outbox.reading() as connection:
            signed = DirectBook(connection).may_come(at.timestamp)
        store = self._view.store
        posted = {record.event_id for record in store.direct_reports(at=at)}
        newer = {
            record.event_id: record.report.event.licence_id
            for record in store.direct_reports(at=store.head())
        }
        coming = {
            event: licence for event, licence in (signed | newer).items() if event not in posted
        }
        reported = store.directly_reported(at=at) | store.directly_reported(at=store.head())
        return HeldBack(
            events=reported.union(signed),
            coming=tuple(coming.values()),
            facts=self._view.facts(store.head()),
            awaited=cache(partial(self._is_awaited, at)),
            tried=frozenset(posted).union(self._refused or ()),
        )

    def _is_awaited(self, at: BlockPin, licence_id: LicenceId) -> bool:
        """Whether this process reports uses under a licence: they are dear enough, and its holder
        has deposited for one more."""
        licence = self._view.store.licence(licence_id, at=at)
        if self._refused is None or licence is None:
            return False
        price = licence.terms.unit_price
        deposit = partial(self._contract.deposit_of, licence.holder, licence.terms.token, at=at)
        return price >= self._price_min > 0 and deposit() >= price

    def _close_released(self, harvest: Harvest) -> None:
        """Look no more at papers all of whose uses were released to their works for good."""
        at = self._view.pin()
        released = {
            record.event_id
            for record in self._view.store.direct_reports(at=at)
            if record.state is DirectReportState.RELEASED
        }

        def is_over(attribution: Attribution) -> bool:
            return bool(attribution.events) and all(
                event.event_id in released for event in attribution.events
            )

        logs = tuple(found for found in harvest.logs if is_over(found[1]))
        findings = tuple(found for found in harvest.findings if is_over(found[1]))
        if logs or findings:
            with self._outbox.writing() as connection:
                over = Harvest(logs, findings, harvest.fresh)
                keep_outcome(EvidenceBook(connection), over, released)

    def _licences_under_way(self, at: BlockPin) -> frozenset[LicenceId]:
        """The licences of an epoch that is sealed and not on chain, be it that it waits for its
        signatures or for funds. Nobody who signed it signs a use under one of them, and who signed
        such a use would not sign it; other uses are none of its business."""
        with self._outbox.reading() as connection:
            last = EpochBook(connection).last()
        if last is None or last.state in (EpochState.FINAL, EpochState.REJECTED):
            return frozenset()
        if any(record.report_hash == last.report_hash for record in self._view.posted(at)):
            return frozenset()
        usage = get_payouts(self._blocks, last.payouts_cid).licence_usage
        return frozenset(line.licence_id for line in usage)

    def report(self, due: DirectDue, at: BlockPin) -> str:
        """Have a use signed by a quorum and store the transaction that posts it; its intent.

        Raises QuorumNotReached with each refusal, ContractRefused.
        """
        operators = self._view.operator_set(at)
        with self._outbox.reading() as connection:
            book = EvidenceBook(connection)
            logs, detections = evidence_for(book, [due.event], operators.members)
        cid = put_evidence(self._blocks, Evidence((), logs, detections))
        deadline = at.timestamp + PROPOSED_SECONDS
        report = DirectReport(due.event, Digest(cid.digest), PROGRAM_HASH, deadline)
        domain = direct_report_domain(self._view.deployment.chain_id, self._contract.address)
        quorum = Quorum(report, domain, operators.members, operators.threshold)
        proposal = DirectProposal(report, cid)
        if self._panel.away:
            # Before anybody is asked: an answer that is lost may be a signature all the same.
            with self._outbox.writing() as connection:
                DirectBook(connection).ask(report)
        unknown = self._panel.sign_directly(
            proposal, quorum, lambda signed: self._keep(report, signed)
        )
        if self._panel.away and not quorum.signers and not unknown:
            with self._outbox.writing() as connection:
                DirectBook(connection).withdraw(report)
        return self._relay.post(report, due.licence.terms, quorum.signatures())

    def _keep(self, report: DirectReport, signed: StoredSignature) -> None:
        with self._outbox.writing() as connection:
            DirectBook(connection).put_signature(report, signed)
