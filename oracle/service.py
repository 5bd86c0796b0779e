"""The oracle as one object: what is filed, what an epoch goes through, what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReports
from chain.client.epoch_distributor import EpochDistributor
from chain.client.errors import ContractRefused, FeeTooHigh
from chain.client.royalty_ledger import RoyaltyLedger
from chain.client.usage_oracle import UsageOracle
from chain.ledger.epoch import report_domain
from chain.ledger.identifiers import Address, Digest
from chain.ledger.sum_tree import SumTree
from chain.provenance import BlockStore
from oracle.answers import OpenEpoch, OracleStatus, Payday, TickReport
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.direct_operator import DirectOperator
from oracle.direct_relay import DirectRelay
from oracle.direct_reporting import DirectReporting
from oracle.epoch_book import EpochBook, EpochRow, EpochState, StoredSignature
from oracle.errors import (
    EpochNotReady,
    NothingToSeal,
    RelayPaused,
    TransactionFailed,
)
from oracle.evidence_book import EvidenceBook
from oracle.evidence_desk import EvidenceDesk
from oracle.fees import RelayPolicy
from oracle.harvest import look, record
from oracle.history import EpochHistory, Prior
from oracle.keeper import Keeper, KeeperRound
from oracle.lease import Role
from oracle.node_wire import NodeWire
from oracle.operations.pausing import PauseLevel, Pauses
from oracle.operations.spans import span
from oracle.operations.watch import Watch
from oracle.operator import Calculator, Operator, Proposal
from oracle.operators.collecting import collect
from oracle.operators.memory import OutboxMemory
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.outbox import Outbox
from oracle.papers import PayoutsPaper, get_payouts
from oracle.quorum import Quorum, require_sound
from oracle.relay import PushOutcome, Relay
from oracle.sealing import Sealer
from oracle.transaction_book import TransactionBook
from oracle.transactions import TransactionLane
from oracle.transmitting import AttestedEpoch, attested_epoch
from oracle.typed_data import StructSigner
from oracle.wire import TransactionSigner

POSTABLE: Final = (EpochState.ATTESTED, EpochState.QUEUED, EpochState.MINED)
POLL_SECONDS: Final = 0.2
# How often a step is looked at again before it is left to the next call.
POLLS_MAX: Final = 50
# A payment may have to be passed on twice and pushed before everybody downstream is paid.
KEEPER_ROUNDS_MAX: Final = 4


@dataclass(frozen=True)
class OracleKeys:
    """`operators` sign epochs, `producer` (one of them) signs the segments that evidence gives,
    `relay` pays for gas and has no authority; `more_relays` do the same beside it. There are no
    `operators` here when all of them are asked at addresses; without a `producer`, what evidence
    gives waits; without a `relay`, nothing is sent."""

    operators: tuple[StructSigner, ...]
    producer: StructSigner | None
    relay: TransactionSigner | None
    more_relays: tuple[TransactionSigner, ...] = ()

    @property
    def senders(self) -> tuple[TransactionSigner, ...]:
        """Every key that may send."""
        return () if self.relay is None else (self.relay, *self.more_relays)


class OracleService(EvidenceDesk):
    """Everything the oracle does, in steps that may be repeated and stopped anywhere.

    With no role in the outbox (see `Role`) it files and reads; a step of a role that it does not
    hold raises OutboxNotHeld. Each method raises `OracleError`, `ClientError` (node, contract),
    `IndexerError` or `ProvenanceError`; whatever it raises, what was stored before is whole and the
    call may be made again.
    """

    def __init__(
        self,
        outbox: Outbox,
        view: ChainView,
        blocks: BlockStore,
        keys: OracleKeys,
        token: Address,
        *,
        remote_operators: Sequence[RemoteOperator] = (),
        answer_seconds: float = ANSWER_SECONDS,
        policy: DetectionPolicy | None = None,
        wire: NodeWire | None = None,
        relay_policy: RelayPolicy | None = None,
        direct_price_min: int = 0,
        calculator: Calculator = Calculator.BOTH,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(outbox, view, blocks)
        deployment = view.deployment
        chain_id, oracle = deployment.chain_id, deployment.contracts["UsageOracle"]
        self._policy = policy or DetectionPolicy()
        self._pause = pause
        self._report_domain = report_domain(chain_id, oracle)
        pack = None if keys.producer is None else partial(self._intake.pack, signer=keys.producer)
        self._remote_operators = tuple(remote_operators)
        self._answer_seconds = answer_seconds
        memory = OutboxMemory(outbox)
        self._operators = tuple(
            Operator(signer, view, blocks, memory, self._policy, calculator)
            for signer in keys.operators
        )
        self._wire = wire or NodeWire(view.node)
        self._lane = TransactionLane(
            outbox,
            self._wire,
            *keys.senders,
            final_depth=view.final_depth,
            policy=relay_policy,
        )
        self._relay = Relay(
            outbox,
            self._lane,
            view.node,
            UsageOracle.of(view.node, deployment),
            EpochDistributor.of(view.node, deployment),
        )
        self._history = EpochHistory(view, blocks)
        self.pauses = Pauses(outbox)
        self._keeper = Keeper(outbox, self._lane, view, RoyaltyLedger.of(view.node, deployment))
        contract = DirectReports.of(view.node, deployment)
        self._direct = DirectReporting(
            outbox,
            blocks,
            view,
            self._policy,
            [DirectOperator(s, view, blocks, memory, self._policy) for s in keys.operators],
            DirectRelay(outbox, self._lane, view, self._history, contract),
            direct_price_min,
        )
        held_back = self._direct.held_back
        self._sealer = Sealer(outbox, blocks, view, token, self._policy, pack, held_back)
        relays = tuple(key.address for key in keys.senders)
        self.watch = Watch(outbox, view, self._sealer, relays, token)

    # epochs

    def open_epoch_status(self) -> OpenEpoch:
        """What the next epoch would be made of, and what is withheld and why."""
        at = self._view.pin()
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        with self._outbox.writing() as connection:
            book = EvidenceBook(connection)
            harvest = look(book, facts, self._policy, operators)
            record(book, harvest, frozenset())
            waiting, withheld = book.usage.waiting_count(), tuple(book.withheld())
        posted = self._view.posted(at)
        last = posted[-1].report.epoch if posted else 0
        return OpenEpoch(last + 1, waiting, len(harvest.fresh), withheld)

    def seal_epoch(self) -> EpochRow:
        """Fix the next epoch: segments, report, payouts. Raises NothingToSeal, EpochNotReady."""
        self._outbox.require(Role.EPOCH)
        if self._outbox.holds(Role.SUBMIT):
            self.take_up_rejected()
        return self._sealer.seal(self._view.pin())

    def collect_signatures(self, number: int | None = None) -> Quorum:
        """Ask every operator; an epoch that enough of them signed becomes ATTESTED.

        Signatures given are kept, and count on when their operators are away later. Raises
        QuorumNotReached with each refusal; QuorumUnsound.
        """
        self._outbox.require(Role.EPOCH)
        row = self._epoch(number)
        quorum = self._quorum(row)
        collect(
            Proposal(row.report, row.evidence_cid),
            quorum,
            self._operators,
            self._remote_operators,
            answer_seconds=self._answer_seconds,
            keep=lambda signed: self._keep(row, signed),
        )
        quorum.signatures()
        if row.state is EpochState.SEALED:
            with self._outbox.writing() as connection:
                EpochBook(connection).set_state(row.number, EpochState.ATTESTED)
            self._outbox.reached("epoch-attested")
        return quorum

    def post_epoch(self, number: int | None = None) -> EpochRow:
        """Post an attested epoch and wait a while for it to be final.

        Returns it QUEUED or MINED when the chain takes longer; call again. Raises EpochNotReady,
        EpochSuperseded, TransactionFailed, ContractRefused (not funded, an earlier root pending).
        """
        self._outbox.require(Role.SUBMIT)
        row = self._epoch(number)
        quorum = self._quorum(row)
        if row.state is EpochState.ATTESTED and not quorum.reached:
            # Others are operators now than those who signed.
            with self._outbox.writing() as connection:
                EpochBook(connection).set_state(row.number, EpochState.SEALED)
            return self._epoch(row.number)
        usage = self.payouts_of(row).licence_usage
        for _ in range(POLLS_MAX):
            row = self._relay.post(row.number, usage, quorum)
            self._relay.observe()
            row = self._epoch(row.number)
            if row.state is EpochState.FINAL or not self._may_progress(row):
                break
            self._pause(POLL_SECONDS)
        return row

    def activate_and_push(self) -> Payday | None:
        """Activate the oldest final epoch whose payees were not paid yet, and pay all of them.

        None when no epoch waits. Payees that cannot take their money are in the outcome.
        """
        self._outbox.require(Role.SUBMIT)
        self.take_up_rejected()
        with self._outbox.reading() as connection:
            waiting = EpochBook(connection).unpushed()
        if not waiting:
            return None
        row = waiting[0]
        tree = SumTree(row.report.token, self.payouts_of(row).payouts)
        claimable_from = self._relay.activate(
            row, self._view.head(), now=self._wire.next_block_time()
        )
        if claimable_from is not None:
            return Payday(row.number, claimable_from, False, PushOutcome((), ()))
        complete = self._push(row, tree)
        return Payday(row.number, None, complete, self._relay.outcome(row, tree))

    def take_up_rejected(self) -> tuple[int, ...]:
        """Return the usage of rejected epochs to their licences, and let it wait for the next one;
        the epochs for which that is done now. An epoch built on a rejected one, but not posted, is
        let go. Once nobody can bring the root back, that is: behind the final depth."""
        self._outbox.require(Role.SUBMIT)
        at = self._view.pin()
        rejected = self._view.rejected(at)
        with self._outbox.reading() as connection:
            rows = EpochBook(connection).all()
        done = []
        for row in rows:
            if row.state is EpochState.FINAL and row.number in rejected:
                if self._give_back(row):
                    done.append(row.number)
            elif row.state in (EpochState.SEALED, EpochState.ATTESTED) and self._is_adrift(row, at):
                self._relay.discard(row)
        return tuple(done)

    def keep_direct_lane(self) -> KeeperRound:
        """Pass on and push what payments of the direct lane left waiting."""
        self._outbox.require(Role.SUBMIT)
        decided: list[str] = []
        refused: list[tuple[str, str]] = []
        for _ in range(KEEPER_ROUNDS_MAX):
            found = self._keeper.attend(self._view.head())
            decided += found.decided
            refused = list(found.refused)
            self._lane.advance()
            if not found.decided:
                break
        return KeeperRound(tuple(decided), tuple(refused))

    def report_directly(self) -> KeeperRound:
        """Report dear uses by themselves, and carry on those that were: see `DirectReporting`."""
        self._outbox.require(Role.SUBMIT)
        found = self._direct.carry(now=self._wire.next_block_time())
        self._lane.advance()
        return found

    # one step of everything

    def tick(self, *, seal: bool = True) -> TickReport:
        """Do whatever can be done now in the roles held: report dear uses by themselves, keep the
        direct lane, carry on the epoch at hand or seal the next, activate and push. What cannot be
        done is said and left for the next tick, and so is what people paused.

        Raises RpcUnavailable and what else a caller cannot wait away.
        """
        report, levels = self._begin_tick()
        submit = self._outbox.holds(Role.SUBMIT) and PauseLevel.SUBMIT not in levels
        seal = seal and self._outbox.holds(Role.EPOCH) and PauseLevel.SEAL not in levels
        if submit:
            self._tick_lanes(report)
        try:
            with span("epochs"):
                if submit:
                    self._tick_payday(report)
                if seal:
                    self._tick_epoch(report)
                if submit:
                    self._tick_post(report)
        except NothingToSeal:
            pass
        except (EpochNotReady, ContractRefused, FeeTooHigh, RelayPaused) as wait:
            report.troubles.append(str(wait))
        report.troubles += self._lane.alarms
        return report

    def tick_filed(self) -> TickReport:
        """Do between two ticks what a paper filed a moment ago allows: report dear uses by
        themselves. Raises as `tick`."""
        report, levels = self._begin_tick()
        if self._outbox.holds(Role.SUBMIT) and PauseLevel.SUBMIT not in levels:
            with span("direct lane"):
                self._tell_round(report, self.report_directly())
            report.troubles += self._lane.alarms
        return report

    def _begin_tick(self) -> tuple[TickReport, set[PauseLevel]]:
        self._outbox.keep_leases()
        paused = self.pauses.all()
        report = TickReport(
            troubles=[f"{pause.level} is paused: {pause.reason}" for pause in paused]
        )
        return report, {pause.level for pause in paused}

    def _tick_lanes(self, report: TickReport) -> None:
        try:
            # First of all: nothing that is refused below keeps what is sent already waiting.
            self._relay.observe()
        except TransactionFailed as failure:
            report.troubles.append(str(failure))
        with span("direct lane"):
            self._tell_round(report, self.report_directly())
            self._tell_round(report, self.keep_direct_lane())

    def _tell_round(self, report: TickReport, found: KeeperRound) -> None:
        for intent in found.decided:
            report.note(f"sent {intent}", intent=intent)
        report.troubles += [f"{intent}: {reason}" for intent, reason in found.refused]

    def _tick_payday(self, report: TickReport) -> None:
        payday = self.activate_and_push()
        if payday is not None and payday.claimable_from is None:
            paid, deferred = len(payday.outcome.paid), len(payday.outcome.deferred)
            text = f"epoch {payday.epoch}: {paid} payees paid, {deferred} deferred"
            report.note(text, epoch=payday.epoch)

    def _tick_epoch(self, report: TickReport) -> None:
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            row, unpaid = book.last(), book.unpushed()
        if row is None or row.state in (EpochState.FINAL, EpochState.REJECTED):
            if unpaid:
                return
            row = self.seal_epoch()
            report.note(f"epoch {row.number} sealed: {row.report.event_count} events", **_ids(row))
        if row.state is EpochState.SEALED:
            count = len(self.collect_signatures(row.number).signers)
            report.note(f"epoch {row.number} signed by {count} operators", **_ids(row))

    def _tick_post(self, report: TickReport) -> None:
        with self._outbox.reading() as connection:
            row = EpochBook(connection).last()
        if row is None or row.state not in POSTABLE:
            return
        posted = self.post_epoch(row.number)
        if posted.state is not row.state:
            report.note(f"epoch {row.number} is {posted.state}", **_ids(row))

    # telling

    def status(self) -> OracleStatus:
        """How everything stands. Changes nothing."""
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            rows = tuple(book.all())
            return OracleStatus(
                self._view.head(),
                EvidenceBook(connection).usage.event_counts(),
                rows,
                {
                    r.number: tuple(
                        s.operator for s in book.signatures(r.number, r.report.previous_report)
                    )
                    for r in rows
                },
                TransactionBook(connection).counts(),
            )

    def resend(self) -> None:
        """Hand every stored transaction that is not final to the node again, and read receipts."""
        self._outbox.require(Role.SUBMIT)
        self._relay.observe()

    def resume_relay(self) -> tuple[Address, ...]:
        """Let paused relay keys send again, after a person has looked; which keys."""
        self._outbox.require(Role.SUBMIT)
        return self._lane.resume()

    def replay(self) -> tuple[Prior, ...]:
        """Recompute every posted epoch from its segments and the chain. Raises HistoryMismatch."""
        return EpochHistory(self._view, self._blocks).all(self._view.pin())

    def payouts_of(self, row: EpochRow) -> PayoutsPaper:
        """What an epoch pays, fetched by content id. Raises PaperMalformed or a BlockError."""
        return get_payouts(self._blocks, row.payouts_cid)

    def attested(self, number: int) -> AttestedEpoch:
        """What anybody may post. Raises EpochNotReady before somebody signed it."""
        return attested_epoch(self._outbox, self._blocks, number)

    def refused_events(self, number: int) -> Sequence[tuple[Digest, str]]:
        """Events that an epoch did not count, and why."""
        with self._outbox.reading() as connection:
            return EvidenceBook(connection).usage.refusals(number)

    def _push(self, row: EpochRow, tree: SumTree) -> bool:
        for _ in range(POLLS_MAX):
            self._lane.advance()
            head = self._view.head()
            if self._relay.is_active(row, head):
                if self._relay.push(row, tree, head):
                    return True
                self._lane.advance()
                if self._relay.push(row, tree, self._view.head()):
                    return True
            elif self._relay.is_superseded(row, head):
                return True
            self._pause(POLL_SECONDS)
        return False

    def _give_back(self, row: EpochRow) -> bool:
        usage = self.payouts_of(row).licence_usage
        for _ in range(POLLS_MAX):
            if self._relay.give_back(row, usage, self._view.pin()):
                return True
            self._lane.advance()
            if self._view.final_depth:
                break
            self._pause(POLL_SECONDS)
        return False

    def _is_adrift(self, row: EpochRow, at: BlockPin) -> bool:
        """Whether it is not posted, and what it follows is not the last that stands any more."""
        if any(record.report_hash == row.report_hash for record in self._view.posted(at)):
            return False
        return self._history.last(row.report.token, at).report_hash != row.report.previous_report

    def _may_progress(self, row: EpochRow) -> bool:
        # With a depth to wait for, only new blocks help: the next call looks again.
        return row.state is not EpochState.MINED or self._view.final_depth == 0

    def _quorum(self, row: EpochRow) -> Quorum:
        """The signatures that are held of those who are operators now. Raises QuorumUnsound."""
        operators = self._view.operator_set(self._view.node.head())
        require_sound(operators)
        quorum = Quorum(row.report, self._report_domain, operators.members, operators.threshold)
        with self._outbox.reading() as connection:
            held = EpochBook(connection).signatures(row.number, row.report.previous_report)
        for signed in held:
            quorum.take_up(signed)
        return quorum

    def _keep(self, row: EpochRow, signed: StoredSignature) -> None:
        with self._outbox.writing() as connection:
            EpochBook(connection).put_signature(row.number, row.report.previous_report, signed)

    def _epoch(self, number: int | None) -> EpochRow:
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            row = book.last() if number is None else book.of_number(number)
        if row is None:
            raise EpochNotReady(number or 1, "not sealed", "SEALED", "call seal_epoch first")
        return row


def _ids(row: EpochRow) -> dict[str, object]:
    """What a log line names an epoch by."""
    return {"epoch": row.number, "report_id": row.report_hash}
