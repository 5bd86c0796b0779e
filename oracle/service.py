"""The oracle as one object: what is filed, what an epoch goes through, what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from chain.client.direct_reports import DirectReports
from chain.client.epoch_distributor import EpochDistributor
from chain.client.royalty_ledger import RoyaltyLedger
from chain.client.usage_oracle import UsageOracle
from chain.ledger.identifiers import Address, Digest
from chain.provenance import BlockStore
from oracle.answers import OpenEpoch, OracleStatus, Payday, TickReport
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.direct_operator import DirectOperator
from oracle.direct_relay import DirectRelay
from oracle.direct_reporting import DirectReporting
from oracle.epoch_book import EpochBook, EpochRow
from oracle.epoch_lane import EpochLane
from oracle.evidence_book import EvidenceBook
from oracle.evidence_desk import EvidenceDesk
from oracle.fees import RelayPolicy
from oracle.harvest import look, record
from oracle.history import EpochHistory, Prior
from oracle.keeper import Keeper, KeeperRound
from oracle.lease import Role
from oracle.node_wire import NodeWire
from oracle.operations.pausing import Pauses
from oracle.operations.watch import Watch
from oracle.operator import Calculator, Operator
from oracle.operators.memory import OutboxMemory
from oracle.operators.panel import Panel
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.outbox import Outbox
from oracle.papers import PayoutsPaper, get_payouts
from oracle.paydays import Paydays
from oracle.quorum import Quorum
from oracle.relay import Relay
from oracle.sealing import Sealer
from oracle.transaction_book import TransactionBook
from oracle.transactions import TransactionLane
from oracle.transmitting import AttestedEpoch, attested_epoch
from oracle.typed_data import StructSigner
from oracle.wire import TransactionSigner
from oracle.worker import Worker

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

    `epoch_seconds` is the shortest time between two epochs that `tick` keeps to: 0 for none, None
    for the shortest at which the contract's queue does not fill up.
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
        epoch_seconds: int | None = 0,
        calculator: Calculator = Calculator.BOTH,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(outbox, view, blocks)
        deployment, node = view.deployment, view.node
        self._policy = policy or DetectionPolicy()
        self._token = token
        memory = OutboxMemory(outbox)
        operators = tuple(
            Operator(signer, view, blocks, memory, self._policy, calculator)
            for signer in keys.operators
        )
        self.panel = Panel(
            operators,
            tuple(
                DirectOperator(signer, view, blocks, memory, self._policy, operator.history)
                for signer, operator in zip(keys.operators, operators, strict=True)
            ),
            tuple(remote_operators),
            answer_seconds,
        )
        self._wire = wire or NodeWire(node)
        self._lane = TransactionLane(
            outbox,
            self._wire,
            *keys.senders,
            final_depth=view.final_depth,
            policy=relay_policy,
        )
        distributor = EpochDistributor.of(node, deployment)
        self._relay = Relay(outbox, self._lane, node, UsageOracle.of(node, deployment), distributor)
        self._history = EpochHistory(view, blocks)
        self.pauses = Pauses(outbox)
        self._keeper = Keeper(outbox, self._lane, view, RoyaltyLedger.of(node, deployment))
        contract = DirectReports.of(node, deployment)
        self._direct = DirectReporting(
            outbox,
            blocks,
            view,
            self._policy,
            self.panel,
            DirectRelay(outbox, self._lane, view, self._history, contract),
            direct_price_min,
        )
        pack = None if keys.producer is None else partial(self._intake.pack, signer=keys.producer)
        held_back = self._direct.held_back
        sealer = Sealer(outbox, blocks, view, token, self._policy, pack, held_back)
        self._epochs = EpochLane(
            outbox,
            view,
            blocks,
            token,
            sealer,
            self._relay,
            self.panel,
            epoch_seconds=epoch_seconds,
            next_block_time=self._wire.next_block_time,
            pause=pause,
        )
        self._paydays = Paydays(
            outbox,
            view,
            blocks,
            self._relay,
            self._lane,
            self._history,
            next_block_time=self._wire.next_block_time,
            pause=pause,
        )
        self._worker = Worker(outbox, self.pauses, self, self._epochs, self._relay, self._lane)
        relays = tuple(key.address for key in keys.senders)
        self.watch = Watch(outbox, view, sealer, relays, token)

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
        """See `EpochLane.seal`."""
        self._outbox.require(Role.EPOCH)
        if self._outbox.holds(Role.SUBMIT):
            self._paydays.take_up_rejected()
        return self._epochs.seal()

    def collect_signatures(self, number: int | None = None) -> Quorum:
        """See `EpochLane.collect_signatures`."""
        return self._epochs.collect_signatures(number)

    def post_epoch(self, number: int | None = None) -> EpochRow:
        """See `EpochLane.post`."""
        return self._epochs.post(number)

    def activate_and_push(self) -> Payday | None:
        """See `Paydays.activate_and_push`."""
        return self._paydays.activate_and_push()

    def take_up_rejected(self) -> tuple[int, ...]:
        """See `Paydays.take_up_rejected`."""
        return self._paydays.take_up_rejected()

    # the direct lane

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

    # everything that can be done now

    def tick(self) -> TickReport:
        """See `Worker.tick`."""
        return self._worker.tick()

    def tick_filed(self) -> TickReport:
        """See `Worker.tick_filed`."""
        return self._worker.tick_filed()

    # telling

    def status(self) -> OracleStatus:
        """How everything stands. Changes nothing."""
        head = self._view.head()
        opens = self._epochs.opens(head)
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            rows = tuple(book.all())
            return OracleStatus(
                head,
                opens,
                self._view.store.credits(self._token, at=head),
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
