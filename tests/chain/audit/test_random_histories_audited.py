"""Whatever happened on the ledger, in whatever order, its bundle passes both verifiers; and a root
that was rejected pays nobody, which the next epoch is built on."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from chain.audit.export import export
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest
from chain.ledger.usage import UsageKind
from chain.settlement.carried import Carried
from chain.settlement.counting import RefusalReason
from tests.chain.audit.checking import javascript_on, python_on
from tests.devnet import COUNCIL, CUSTOMER, PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import build_heritage
from tests.histories import History
from tests.own_work import own_work

ACTIONS = 40
SEEDS = (11, 12)


def lane_of(devnet: Devnet, folder: Path) -> EpochLane:
    engine = open_database(f"sqlite:///{folder / 'index.sqlite'}")
    lane = EpochLane(devnet, Follower(devnet.node, devnet.deployment, engine), Store(engine))
    lane.fund(10**10)
    return lane


def both_pass(lane: EpochLane, folder: Path) -> dict[str, list[int]]:
    """The checks that were made, by kind."""
    lane.follower.catch_up()
    devnet = lane.devnet
    path = folder / "bundle.zip"
    path.write_bytes(export(lane.store, devnet.node, devnet.deployment, lane.read_block).content)
    ours, (theirs,) = python_on(path.read_bytes()), javascript_on([(path, -1, 0)], folder)
    assert ours["findings"] == []
    assert theirs == ours
    checks: dict[str, list[int]] = ours["checks"]
    return checks


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_history_passes_both_verifiers(devnet: Devnet, tmp_path: Path, seed: int) -> None:
    heritage = build_heritage(devnet)
    lane = lane_of(devnet, tmp_path)
    history = History(devnet, heritage, lane, seed)

    taken = sum(history.step() for _ in range(ACTIONS))

    assert taken > ACTIONS // 2
    checks = both_pass(lane, tmp_path)
    assert checks["direct lane"][0] > 40
    assert checks["reports"][0] > 15


def test_use_along_a_path_and_without_money_passes_both_verifiers(
    devnet: Devnet, tmp_path: Path
) -> None:
    """A licence for four plays, a sublicence of two, and money of its holder's for one."""
    heritage = build_heritage(devnet)
    lane = lane_of(devnet, tmp_path)
    owned = own_work(devnet, 1_000, unit_cap=4)
    rival = devnet.address(CUSTOMER)
    below = owned.sublicense(rival, unit_cap=2)
    owned.fund(10**9)
    platform = devnet.signers[PLATFORM]
    devnet.token.approve(devnet.distributor.address, 1_999, signer=platform)
    devnet.distributor.fund_for(devnet.deployment.token, rival, 1_999, signer=platform)
    now, found = devnet.node.head().timestamp, UsageKind.DETECTION
    batches = [
        uses(licence, owned.generation_id, count, at=now + late, kind=found, name="p")
        for licence, count, late in ((below, 2, 0), (owned.distribution, 5, 10))
    ]

    outcome = lane.run(batches)
    again = [
        uses(below, owned.generation_id, 1, at=now, kind=found, name="later"),
        uses(heritage.distribution, heritage.generation_id, 1, at=now, kind=found, name="other"),
    ]
    second = lane.run(again)

    assert [line.units for line in outcome.licence_usage] == [3, 1]
    assert Counter(refusal.reason for refusal in outcome.refused) == {
        RefusalReason.UNFUNDED: 1,
        RefusalReason.UNIT_CAP: 2,
    }
    assert [str(refusal.reason) for refusal in second.refused] == ["unit-cap"]
    both_pass(lane, tmp_path)


def test_a_rejected_root_pays_nobody(devnet: Devnet, tmp_path: Path) -> None:
    heritage = build_heritage(devnet)
    lane = lane_of(devnet, tmp_path)
    gong, _ = heritage.generation
    now = devnet.node.head().timestamp
    made = heritage.generation_id
    lane.run([uses(gong, made, 7, at=now)])
    before = (lane.previous, lane.carried, set(lane.counted))
    outcome, manifest = lane.settle([uses(gong, made, 5, at=now, name="mistaken")])
    lane.post(outcome, outcome.report(Digest(manifest.digest)))
    reason = Digest(hashlib.sha256(b"a mistake").digest())
    token = devnet.deployment.token
    devnet.distributor.reject(token, 2, reason, signer=devnet.signers[COUNCIL])
    lane.previous, lane.carried, lane.counted = before
    assert isinstance(lane.carried, Carried)
    lane.run([uses(gong, made, 3, at=now, name="after")])

    checks = both_pass(lane, tmp_path)

    assert checks["reports"][1] == 0
