"""Random histories on the development node: money, splits, epochs and forks in any order."""

from __future__ import annotations

import random
from collections.abc import Callable

from chain.client.errors import ContractRefused
from chain.ledger.identifiers import CommunityId, WorkId
from chain.ledger.rights import Parent, Split, Tier, WorkKind
from tests.devnet import CUSTOMER, PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import (
    Heritage,
    change_split,
    consent,
    digest_of,
    pay,
    push_all,
    register,
    take,
    terms_of,
)


def derive_again(devnet: Devnet, heritage: Heritage) -> WorkId:
    """A derivative of the derivative and of the flute, so that vectors are flattened twice."""
    terms = terms_of(devnet, Tier.GENERATION, 11)
    consent(devnet, PLATFORM, heritage.derivative, terms)
    consent(devnet, 11, heritage.works[1], terms)
    parents = [
        Parent(heritage.works[1], take(devnet, heritage.works[1], terms)),
        Parent(heritage.derivative, take(devnet, heritage.derivative, terms)),
    ]
    child = register(devnet, PLATFORM, "remix of the remix", CommunityId(0), WorkKind.DERIVATIVE)
    devnet.ledger.set_split(
        child, Split.of({devnet.address(29): 10_000}), signer=devnet.signers[PLATFORM]
    )
    at = devnet.node.head()
    assert devnet.graph.vector_hash_of(heritage.derivative, at=at) is not None
    vector = next(
        devnet.graph.interface.event_named("DerivativeLinked").values(log.topics, log.data)
        for log in devnet.node.logs_of_range(1, at.number, [{"address": devnet.graph.address}])
    )["vector"]
    devnet.graph.link(
        child, digest_of("another salt"), parents, [b"", vector], signer=devnet.signers[PLATFORM]
    )
    return child


class History:
    """Random steps that the contracts may refuse; a refusal is part of the story."""

    def __init__(self, devnet: Devnet, heritage: Heritage, lane: EpochLane, seed: int) -> None:
        self.devnet, self.heritage, self.lane = devnet, heritage, lane
        self.random = random.Random(seed)
        self.store, self.follower = lane.store, lane.follower
        self.derivatives = [heritage.derivative, derive_again(devnet, heritage)]
        self.works = [*heritage.works, *self.derivatives]
        self.epochs = 0

    def pay(self) -> None:
        pay(self.devnet, self.random.choice(self.works), self.random.randint(1, 10**9))

    def settle(self) -> None:
        work = self.random.choice(self.derivatives)
        self.follower.catch_up()
        record = self.store.derivative(work, at=self.store.head())
        assert record is not None
        self.devnet.ledger.settle(
            work,
            self.devnet.deployment.token,
            record.vector.encode(),
            signer=self.devnet.signers[CUSTOMER],
        )

    def push(self) -> None:
        self.follower.catch_up()
        record = self.random.choice(self.store.splits(at=self.store.head()))
        push_all(self.devnet, record.work_id, record.split, record.version)

    def claim(self) -> None:
        self.follower.catch_up()
        record = self.random.choice(self.store.splits(at=self.store.head()))
        self.devnet.ledger.claim(
            record.work_id,
            self.devnet.deployment.token,
            record.version,
            record.split,
            self.random.choice(record.split.shares).payee,
            signer=self.devnet.signers[CUSTOMER],
        )

    def split(self) -> None:
        work = self.random.choice(self.works)
        deciders = {1: 11, 2: 11, 3: 12}
        cut = self.random.randint(1, 9_999)
        first, second = self.random.sample(range(17, 30), 2)
        split = Split.of(
            {self.devnet.address(first): cut, self.devnet.address(second): 10_000 - cut}
        )
        self.follower.catch_up()
        at = self.store.head()
        present = self.store.split_in_force(work, at=at)
        derivative = self.store.derivative(work, at=at)
        assert present is not None
        vector = derivative.vector.encode() if derivative else b""
        signer = deciders.get(work, PLATFORM)
        change_split(self.devnet, work, present.split, split, vector, signer=signer)

    def epoch(self) -> None:
        self.epochs += 1
        licence = self.random.choice(self.heritage.generation)
        events = uses(
            licence,
            self.heritage.generation_id,
            self.random.randint(1, 40),
            at=self.devnet.node.head().timestamp,
            name=f"epoch {self.epochs}",
        )
        self.lane.run([events])

    def fork(self) -> None:
        self.follower.catch_up()
        self.devnet.mine(2)
        self.devnet.reorganise(self.random.randint(1, 2))

    def weighted(self) -> list[tuple[Callable[[], None], int]]:
        """What may happen next, and how often."""
        return [
            (self.pay, 5),
            (self.settle, 4),
            (self.push, 4),
            (self.claim, 3),
            (self.split, 2),
            (self.epoch, 2),
            (self.fork, 1),
        ]

    def step(self) -> bool:
        """Take one step; False when the contracts refused it."""
        steps, weights = zip(*self.weighted(), strict=True)
        try:
            self.random.choices(steps, weights)[0]()
        except ContractRefused:
            return False
        return True
