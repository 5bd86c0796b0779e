"""A world with two epochs posted and paid and three single reports, indexed, and ready to be
verified or tampered with."""

from __future__ import annotations

import hashlib

import pytest

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest
from chain.ledger.usage import UsageKind
from tests.devnet import COUNCIL, Devnet
from tests.direct_reports import DirectReporter, found_copy
from tests.epochs import EpochLane, uses
from tests.heritage import Heritage

FUNDS = 10**9
DEPOSIT = 10_000


@pytest.fixture
def lane(devnet: Devnet, heritage: Heritage, follower: Follower, store: Store) -> EpochLane:
    """Two epochs: 40 and 13 events, over three licences and four segments. And three events by
    themselves: one released, one rejected, one whose window is open."""
    lane = EpochLane(devnet, follower, store)
    lane.fund(FUNDS)
    now = devnet.node.head().timestamp
    gong, chant = heritage.generation
    generation = heritage.generation_id
    lane.run(
        [
            uses(gong, generation, 17, at=now),
            uses(chant, generation, 19, at=now),
            uses(heritage.distribution, generation, 4, at=now, kind=UsageKind.PLAY),
        ]
    )
    direct = DirectReporter(devnet, heritage)
    direct.deposit(DEPOSIT)
    released, rejected = (
        direct.post(found_copy(chant, heritage, at=now, name=name)) for name in "ab"
    )
    reason = Digest(hashlib.sha256(b"a mistake").digest())
    devnet.direct_reports.reject(rejected, reason, signer=devnet.signers[COUNCIL])
    lane.run([uses(chant, generation, 13, at=now, name="second")])
    direct.release(released)
    direct.post(found_copy(gong, heritage, at=now, name="c"))
    follower.catch_up()
    return lane
