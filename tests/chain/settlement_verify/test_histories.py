"""Whatever happened, in whatever order, the ledger verifies to the unit."""

from __future__ import annotations

import pytest

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.settlement.verify import verify
from tests.devnet import Devnet
from tests.epochs import EpochLane
from tests.heritage import Heritage
from tests.histories import History

ACTIONS = 45
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_history_verifies_to_the_unit(
    devnet: Devnet, heritage: Heritage, follower: Follower, store: Store, seed: int
) -> None:
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**10)
    history = History(devnet, heritage, lane, seed)

    taken = sum(history.step() for _ in range(ACTIONS))
    follower.catch_up()
    report = verify(
        store, devnet.node, devnet.deployment, lane.read_block, read_payouts=lane.published
    )

    assert taken > ACTIONS // 2
    assert report.discrepancies == ()
    assert report.difference_units == 0
    totals = report.totals[devnet.deployment.token]
    assert totals.paid_in > totals.paid_out > 0
