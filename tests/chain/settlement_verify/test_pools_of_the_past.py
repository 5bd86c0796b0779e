"""A community's past, read from the chain alone: what was promised and paid, to the unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import EpochNumber
from chain.ledger.rights import UNIT_NUMERATOR
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.alternatives import divided_by, rule, settled_as_announced
from chain.settlement.history import CommunityPool, community_pools
from tests.devnet import Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import ELDERS, UNIT_PRICE, Heritage, announce_rule

FLOOR = Announcement(SharingRule.FLOOR_PRO_RATA, 5_000, 1, EpochNumber(2))


@pytest.fixture
def lane(devnet: Devnet, heritage: Heritage, follower: Follower, store: Store) -> EpochLane:
    """Three epochs: the chant's community announced a floor that holds from the second on."""
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    announce_rule(devnet, heritage.communities[1], FLOOR, steward=12, approvers=ELDERS[:2])
    gong, chant = heritage.generation
    for number, counts in enumerate(({gong: 9, chant: 13}, {chant: 20}, {gong: 4, chant: 7})):
        now = devnet.node.head().timestamp
        name = f"epoch {number}"
        lane.run(
            [
                uses(licence, heritage.generation_id, count, at=now, name=name)
                for licence, count in counts.items()
            ]
        )
    follower.catch_up()
    return lane


def past(lane: EpochLane, heritage: Heritage, place: int) -> tuple[CommunityPool, ...]:
    node, deployment = lane.devnet.node, lane.devnet.deployment
    return community_pools(
        lane.store,
        heritage.communities[place],
        deployment.token,
        at=lane.store.head(),
        pin_of=node.block,
    )


def test_an_announced_rule_gives_again_what_was_paid(
    lane: EpochLane, devnet: Devnet, heritage: Heritage
) -> None:
    pools = past(lane, heritage, 1)

    assert [pool.epoch for pool in pools] == [1, 2, 3]
    assert [pool.announced for pool in pools] == [None, FLOOR, FLOOR]
    assert [sum(p.parts.values()) for p in pools] == [
        uses * UNIT_PRICE * UNIT_NUMERATOR for uses in (13, 20, 7)
    ]
    earned = settled_as_announced(pools)
    split = heritage.splits[heritage.works[2]]
    assert earned.keys() == {share.payee for share in split.shares}
    at, token = devnet.node.head(), devnet.deployment.token
    for payee, numerator in earned.items():
        # The rejecting payee's waits; everybody else has it in hand.
        due = 0 if payee == heritage.rejecting_payee else numerator // UNIT_NUMERATOR
        assert devnet.distributor.claimed_by(token, payee, at=at) == due
    promised = {p.payee: p.cumulative for p in lane.settled[-1].payouts}
    assert {p: n // UNIT_NUMERATOR for p, n in earned.items()} == {p: promised[p] for p in earned}

    # Had the rule held from the first epoch on, it would have been this; never more or less.
    always = divided_by(pools, [rule(SharingRule.FLOOR_PRO_RATA, 5_000)])
    assert sum(always.values()) == sum(earned.values()) == 40 * UNIT_PRICE * UNIT_NUMERATOR
    assert always != earned
    assert divided_by(pools[1:], [FLOOR]) == settled_as_announced(pools[1:])


def test_a_community_without_a_rule_was_paid_by_its_splits(
    lane: EpochLane, heritage: Heritage
) -> None:
    pools = past(lane, heritage, 0)

    assert [pool.epoch for pool in pools] == [1, 3]
    assert all(pool.announced is None for pool in pools)
    assert settled_as_announced(pools) == divided_by(pools, [])
    promised = {p.payee: p.cumulative for p in lane.settled[-1].payouts}
    for payee, numerator in settled_as_announced(pools).items():
        assert promised[payee] == numerator // UNIT_NUMERATOR


def test_a_community_that_earned_nothing_has_no_pool(lane: EpochLane, heritage: Heritage) -> None:
    assert past(lane, heritage, 2) == ()


def test_an_epoch_that_is_not_what_its_report_says_is_no_past(
    lane: EpochLane, heritage: Heritage, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Store.epochs

    def one_use_more(store: Store, **how: object) -> object:
        records = honest(store, **how)  # type: ignore[arg-type]
        line = records[1].licence_usage[0]
        altered = (replace(line, revenue=line.revenue + UNIT_PRICE),)
        return [records[0], replace(records[1], licence_usage=altered), records[2]]

    monkeypatch.setattr(Store, "epochs", one_use_more)

    with pytest.raises(Inconsistent, match="payouts of epoch 2"):
        past(lane, heritage, 1)
