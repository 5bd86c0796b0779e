"""A world with two epochs posted and paid, indexed, and ready to be verified or tampered with."""

from __future__ import annotations

import pytest

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.usage import UsageKind
from tests.devnet import Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import Heritage

FUNDS = 10**9


@pytest.fixture
def lane(devnet: Devnet, heritage: Heritage, follower: Follower, store: Store) -> EpochLane:
    """Two epochs: 40 and 13 events, over three licences and four segments."""
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
    lane.run([uses(chant, generation, 13, at=now, name="second")])
    follower.catch_up()
    return lane
