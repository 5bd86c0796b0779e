"""One community on a node of its own: a work for each payee, licensed, and an oracle beside it.

Everything is real: the contracts, five operators of whom three sign, the outbox in SQLite, the
blocks in files, the relay. Only the hours are not waited for: the node's clock is moved.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.table2.dividing import UNIT_PRICE, YEAR_SECONDS
from chain.client.node import Node
from chain.client.signer import dev_signers
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    GenerationId,
    LicenceId,
    WorkId,
    address_from_bytes,
)
from chain.ledger.rights import Parent, Split, Terms, Tier, WorkKind
from chain.ledger.sharing import Announcement
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import FsBlockStore
from chain.settlement.segments import Segment, SegmentOrigin, encode_segment
from oracle.chain_view import ChainView
from oracle.epoch_book import EpochRow, EpochState
from oracle.operator import Calculator
from oracle.outbox import Outbox
from oracle.service import OracleKeys, OracleService
from tests.devnet import (
    ACCOUNTS,
    FIRST_OPERATOR,
    PLATFORM,
    RELAY,
    THRESHOLD,
    Devnet,
    deploy_all,
    running_anvil,
)
from tests.heritage import announce_rule, consent, digest_of, register, take
from tests.postgres import SHARED_MEMORY

STEWARD: Final = 11
# What a derivative may have, so that each licence's work is a parent of one.
PARENTS_MAX: Final = 16
FUNDS: Final = 10**15


class WorkerWaits(Exception):
    """Raised with the worker's words when it leaves something for later."""


@dataclass
class World:
    """The node, its oracle, and what was registered; payees in the order of their works."""

    devnet: Devnet
    service: OracleService
    view: ChainView
    community: CommunityId
    payees: tuple[Address, ...]
    licences: tuple[LicenceId, ...]
    generations: tuple[GenerationId, ...]
    filed: int = 0

    def now(self) -> int:
        return self.devnet.node.head().timestamp

    def wait_until(self, moment: int) -> None:
        """Move the node's clock to a Unix time, if that is still ahead, and mine a block."""
        if moment > self.now():
            self.devnet.rpc("evm_setNextBlockTimestamp", hex(moment))
            self.devnet.mine()

    def uses(self, payee: int, occurred_at: Sequence[int]) -> list[UsageEvent]:
        """Distinct plays under one payee's licence."""
        first = self.filed
        self.filed += len(occurred_at)
        return [
            UsageEvent(
                UsageKind.PLAY,
                self.licences[payee],
                self.generations[payee],
                Digest(hashlib.sha256(f"play {number}".encode()).digest()),
                moment,
            )
            for number, moment in enumerate(occurred_at, start=first)
        ]

    def file(self, events: Sequence[UsageEvent]) -> None:
        """One signed segment of the platform's."""
        platform, chain_id = self.devnet.signers[PLATFORM], self.devnet.deployment.chain_id
        origin = SegmentOrigin(chain_id, self.devnet.oracle.address, platform.address)
        body = encode_segment(events, origin)
        signature = platform.sign_digest(Segment.of(body).signing_digest(), chain_id=chain_id)
        self.service.file_segment(body, signature)

    def close_epoch(self) -> EpochRow:
        """Let the worker come round: it seals what was filed, has it signed and posts it; final.

        Raises WorkerWaits with its words when it does not.
        """
        before = len(self.service.watch.epochs())
        self._come_round()
        *_, row = self.service.watch.epochs()
        assert (row.number, row.state) == (before + 1, EpochState.FINAL), row
        return row

    def pay_due(self) -> None:
        """Let the worker come round: it activates the epochs whose window has passed, and pushes to
        everybody. Raises as `close_epoch`."""
        self._come_round()
        waiting = self.devnet.distributor.pending_roots(
            self.devnet.deployment.token, at=self.devnet.node.head()
        )
        epochs = self.service.watch.epochs()
        assert sum(not row.pushed for row in epochs) == len(waiting), epochs

    def _come_round(self) -> None:
        report = self.service.tick()
        if report.troubles:
            raise WorkerWaits("; ".join(report.troubles))

    def balances(self) -> list[int]:
        """What each payee holds, in base units, read from the token at the newest block."""
        wanted = [("balanceOf", (payee,)) for payee in self.payees]
        return list(self.devnet.token.read_many(wanted, at=self.devnet.node.head()))


@contextmanager
def _quiet() -> Iterator[None]:
    """Each epoch would say four times what the page says once."""
    oracle = logging.getLogger("oracle")
    before = oracle.level
    oracle.setLevel(logging.WARNING)
    try:
        yield
    finally:
        oracle.setLevel(before)


@contextmanager
def running_world(
    payees: int,
    *,
    window_seconds: int,
    rule: Announcement | None = None,
    calculator: Calculator = Calculator.BOTH,
) -> Iterator[World]:
    """Start a node, deploy, register, license and fund; the folder goes when this ends. A rule is
    announced for as soon as the contract takes it."""
    base = SHARED_MEMORY if SHARED_MEMORY.exists() else None
    with _quiet(), running_anvil() as endpoint, TemporaryDirectory(dir=base) as scratch:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        deployment = deploy_all(node, signers, window_seconds=window_seconds)
        devnet = Devnet(node, deployment, signers)
        folder = Path(scratch)
        engine = open_database(f"sqlite:///{folder / 'index.sqlite'}")
        follower = Follower(node, deployment, engine)
        view = ChainView(node, Store(engine), deployment, follower.catch_up, 0)
        outbox = Outbox(folder / "outbox.sqlite", {"chainId": str(deployment.chain_id)})
        signing = signers[FIRST_OPERATOR : FIRST_OPERATOR + THRESHOLD]
        service = OracleService(
            outbox,
            view,
            FsBlockStore(folder / "blocks"),
            OracleKeys(signing, signing[0], signers[RELAY]),
            deployment.token,
            calculator=calculator,
            pause=lambda _seconds: None,
        )
        yield _built(devnet, service, view, payees, rule)
        outbox.close()


def _built(
    devnet: Devnet, service: OracleService, view: ChainView, payees: int, rule: Announcement | None
) -> World:
    platform, token = devnet.signers[PLATFORM], devnet.deployment.token
    devnet.token.mint(platform.address, FUNDS, signer=platform)
    founded = devnet.consents.found_community(
        [], approvals_required=0, profile_digest=digest_of("pool"), signer=devnet.signers[STEWARD]
    )
    community = devnet.consents.community_founded(founded)
    if rule is not None:
        announce_rule(devnet, community, rule, steward=STEWARD)
    accounts = tuple(address_from_bytes(digest_of(f"payee {i}")[12:]) for i in range(payees))
    generation, play = _terms(devnet, Tier.GENERATION), _terms(devnet, Tier.DISTRIBUTION)
    works: list[WorkId] = []
    for index, payee in enumerate(accounts):
        work = register(devnet, STEWARD, f"work {index}", community, WorkKind.RECORDING)
        devnet.ledger.set_split(work, Split.of({payee: 10_000}), signer=devnet.signers[STEWARD])
        consent(devnet, STEWARD, work, generation)
        consent(devnet, STEWARD, work, play)
        works.append(work)
    parents = [Parent(work, take(devnet, work, generation)) for work in works]
    licences = tuple(take(devnet, work, play) for work in works)
    generations: list[GenerationId] = []
    for first in range(0, payees, PARENTS_MAX):
        lot = parents[first : first + PARENTS_MAX]
        generations += [_derived(devnet, first, lot)] * len(lot)
    devnet.token.approve(devnet.distributor.address, FUNDS, signer=platform)
    devnet.distributor.fund(token, FUNDS, signer=platform)
    devnet.pass_time(60)
    return World(devnet, service, view, community, accounts, licences, tuple(generations))


def _derived(devnet: Devnet, number: int, parents: list[Parent]) -> GenerationId:
    """A derivative of some works, under which their plays are counted."""
    platform = devnet.signers[PLATFORM]
    name = f"derivative {number}"
    child = register(devnet, PLATFORM, name, CommunityId(0), WorkKind.DERIVATIVE)
    devnet.ledger.set_split(child, Split.of({platform.address: 10_000}), signer=platform)
    salt = digest_of(name)
    devnet.graph.link(child, salt, parents, [b""] * len(parents), signer=platform)
    return devnet.graph.generation_of(platform.address, salt, at=devnet.node.head())


def _terms(devnet: Devnet, tier: Tier) -> Terms:
    return Terms(
        tier=tier,
        token=devnet.deployment.token,
        price=0,
        unit_price=UNIT_PRICE,
        royalty_share=0,
        duration_seconds=YEAR_SECONDS,
        unit_cap=2**47,
        revenue_cap=10**15,
        text_digest=digest_of(f"licence text {tier.name}"),
    )
