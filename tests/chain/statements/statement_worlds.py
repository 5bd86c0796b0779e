"""Histories with disputes and rejected epochs, and what every statement of them must hold to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chain.client.blocks import BlockPin
from chain.client.dispute_court import Matter
from chain.client.errors import ContractRefused
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Address, Digest
from chain.ledger.rights import UNIT_NUMERATOR
from chain.statements.books import Books
from chain.statements.epoch_lane import EpochRecomputation
from chain.statements.periods import Chain, Period
from chain.statements.statement import Statement
from chain.statements.stocks import total
from tests.devnet import COUNCIL, CUSTOMER, RELAY, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import Heritage, digest_of
from tests.histories import History

DAY_SECONDS = 24 * 3600
BOND_MAX = 10**12


@dataclass
class Desk:
    """Asks for statements of one chain as whoever runs an index of it does."""

    devnet: Devnet
    lane: EpochLane
    recomputation: EpochRecomputation = field(init=False)

    def __post_init__(self) -> None:
        self.recomputation = EpochRecomputation(
            self.lane.store,
            self.devnet.deployment,
            pin_of=self.devnet.node.block,
            read_block=self.lane.read_block,
        )

    def pin(self, number: int | None = None) -> BlockPin:
        self.lane.follower.catch_up()
        head = self.lane.store.head()
        return head if number is None else self.devnet.node.block(number)

    def chain(self) -> Chain:
        return Chain(self.devnet.node.block, self.pin())

    def books(self, at: BlockPin) -> Books:
        currency = self.devnet.token.currency(at=at)
        return Books(self.lane.store, self.devnet.deployment, self.recomputation, currency, at)

    def period(self, first: int = 1, end: int | None = None) -> Period:
        """From one block to the one before another; to the newest when left out."""
        closing = self.pin(None if end is None else end - 1)
        return Period(f"{first}..{closing.number + 1}", self.pin(first - 1), closing)

    def statement(self, payee: Address, first: int = 1, end: int | None = None) -> Statement:
        period = self.period(first, end)
        return self.books(period.closing).of_payee(payee, period)


class Disputed(History):
    """As `History`, with cases that are opened and end, and epochs that the council rejects."""

    def __init__(self, devnet: Devnet, heritage: Heritage, lane: EpochLane, seed: int) -> None:
        super().__init__(devnet, heritage, lane, seed)
        self.open_cases: list[Matter] = []
        customer = devnet.signers[CUSTOMER]
        devnet.token.approve(devnet.court.address, BOND_MAX, signer=customer)

    def open_case(self) -> None:
        self.follower.catch_up()
        record = self.random.choice(self.store.splits(at=self.store.head()))
        payee = self.random.choice(record.split.shares).payee
        in_force = self.store.split_in_force(record.work_id, at=self.store.head())
        assert in_force is not None
        evidence = digest_of(f"evidence {self.random.random()}")
        given = (record.work_id, payee, evidence, in_force.split, BOND_MAX)
        self.open_cases.append(self.devnet.court.open(*given, signer=self.devnet.signers[CUSTOMER]))

    def end_case(self) -> None:
        if self.open_cases:
            matter = self.open_cases.pop(self.random.randrange(len(self.open_cases)))
            self.devnet.court.concede(matter, signer=self.devnet.signers[CUSTOMER])

    def wait(self) -> None:
        self.devnet.pass_time(self.random.randint(1, 30) * DAY_SECONDS)

    def rejected_epoch(self) -> None:
        """Posted, and thrown out by the council; the same events count in a later one."""
        events = self._events()
        lane, before = self.lane, (self.lane.previous, self.lane.carried, set(self.lane.counted))
        outcome, manifest = lane.settle([events])
        lane.post(outcome, outcome.report(Digest(manifest.digest)))
        reason = digest_of("a mistake")
        token, epoch = self.devnet.deployment.token, outcome.epoch
        council = self.devnet.signers[COUNCIL]
        self.devnet.distributor.reject(token, epoch, reason, signer=council)
        lane.previous, lane.carried, lane.counted = before
        lane.run([events])

    def pending_epoch(self) -> None:
        """Posted; activated and paid by a later step, or not at all."""
        outcome, manifest = self.lane.settle([self._events()])
        self.lane.post(outcome, outcome.report(Digest(manifest.digest)))

    def activate(self) -> None:
        token, relay = self.devnet.deployment.token, self.devnet.signers[RELAY]
        self.devnet.pass_time(self.devnet.deployment.window_seconds + 1)
        while True:
            try:
                self.devnet.distributor.activate(token, signer=relay)
            except ContractRefused:
                break
        if self.lane.settled:
            tree = self.lane.settled[-1].sum_tree
            width = 1 << tree.depth
            given = (0, tree.range_payouts(0, width), tree.range_proof(0, width))
            self.devnet.distributor.push_range(token, *given, signer=relay)

    def epoch(self) -> None:
        """Only when no root waits: activation takes the oldest first."""
        self.activate()
        super().epoch()

    def _events(self) -> list:  # type: ignore[type-arg]
        self.epochs += 1
        licence = self.random.choice(self.heritage.generation)
        now = self.devnet.node.head().timestamp
        count = self.random.randint(1, 40)
        name = f"epoch {self.epochs}"
        return uses(licence, self.heritage.generation_id, count, at=now, name=name)

    def weighted(self) -> list[tuple[Callable[[], None], int]]:
        return [
            *super().weighted(),
            (self.open_case, 3),
            (self.end_case, 2),
            (self.wait, 1),
            (self.rejected_epoch, 1),
            (self.pending_epoch, 2),
            (self.activate, 2),
        ]


def check_identities(statement: Statement) -> None:
    """What holds of every statement, whoever's it is, to the last numerator."""
    opening, closing = total(statement.opening.values()), total(statement.closing.values())
    moved = statement.change
    assert opening + moved == closing
    assert opening.payable + moved.earned - moved.withheld - moved.paid == closing.payable
    for entry in statement.entries:
        if entry.lines:
            assert sum(line.numerator for line in entry.lines) == entry.change.earned
        for line in entry.lines:
            if line.bps and line.numerator > 0:
                assert line.gross * line.share * line.bps == line.numerator
    for stocks in (*statement.opening.values(), *statement.closing.values()):
        parts = (stocks.earned, stocks.paid, stocks.frozen, stocks.pending, stocks.deferred)
        assert min(*parts, stocks.payable) >= 0


def check_contracts(devnet: Devnet, store: Store, statement: Statement) -> None:
    """A creator's closing balances against both lanes' own views at the closing block."""
    at, token = statement.period.closing, statement.currency.token
    paid = 0
    for share in statement.direct:
        split = store.splits(at=at, work_id=share.work_id)[share.version - 1].split
        key = (share.work_id, token, share.version)
        assert devnet.ledger.paid_to(*key, share.payee, at=at) == share.paid
        assert devnet.ledger.due_to(*key, split, share.payee, at=at) == share.due
        assert 0 <= share.below_a_unit < UNIT_NUMERATOR
        paid += share.paid
    (lane,) = statement.epochs
    assert devnet.distributor.claimed_by(token, lane.payee, at=at) == lane.claimed
    root = devnet.distributor.active_root(token, at=at)
    assert lane.epoch is None or (root is not None and lane.epoch <= root.epoch)
    closing = total(statement.closing.values())
    assert closing.paid == (paid + lane.claimed) * UNIT_NUMERATOR
    frozen = {
        share.work_id
        for share in statement.direct
        if devnet.court.is_frozen(share.work_id, share.payee, at=at)
    }
    for work, stocks in statement.closing.items():
        due = sum(
            s.due * UNIT_NUMERATOR + s.below_a_unit for s in statement.direct if s.work_id == work
        )
        if work in frozen:
            assert stocks.frozen >= due
        elif any(s.work_id == work for s in statement.direct):
            assert stocks.payable + stocks.deferred >= due


def follow(devnet: Devnet, heritage: Heritage, follower: Follower, store: Store) -> EpochLane:
    """The epoch lane of a heritage, with money."""
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**10)
    return lane
