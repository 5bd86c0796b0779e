"""Who is paid first: real communities, elders and displacements beside the real ledger."""

from __future__ import annotations

from typing import Any

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MIN
from tests.contracts.refusals import refused
from tests.contracts.rights import by, digest, split_hash

WEEK = 7 * 24 * 60 * 60
SALT = digest("a secret")


@pytest.fixture
def thief(stranger: Any) -> Any:
    return stranger


@pytest.fixture
def stolen(thief: Any) -> list[tuple[str, int]]:
    return [(thief.address, 10_000)]


def test_a_steward_alone_takes_no_income_that_came_before_any_split(
    royalty_ledger, found_community, register_work, approve_split, stablecoin, platform, steward,
    elders, customer, stolen
):  # fmt: skip
    community = found_community(steward, elders, 2)
    work = register_work(steward, community)
    stablecoin.approve(royalty_ledger, 10**12, by(platform))
    royalty_ledger.pay(work, stablecoin, 10**12, by(platform))
    decision = royalty_ledger.splitDecision(work, 1, split_hash(stolen))

    with refused("SplitNotDecided", work, community, decision):
        royalty_ledger.setSplit(work, stolen, by(steward))
    approve_split(work, stolen, elders[:1])
    with refused("SplitNotDecided", work, community, decision):
        royalty_ledger.setSplit(work, stolen, by(steward))

    fair = [(customer.address, 10_000)]
    approve_split(work, fair, elders[:2])
    royalty_ledger.setSplit(work, fair, by(steward))
    tx = royalty_ledger.claim(work, stablecoin, 1, fair, customer, by(platform))
    assert tx.return_value == 10**12


def test_elders_take_a_first_split_back_until_it_is_set(
    royalty_ledger, consents, found_community, register_work, approve_split, steward, elders, stolen
):
    community = found_community(steward, elders, 2)
    work = register_work(steward, community)
    approve_split(work, stolen, elders[:2])
    decision = royalty_ledger.splitDecision(work, 1, split_hash(stolen))
    for elder in elders[1:]:
        consents.approveDecision(community, consents.annulment(decision), by(elder))

    with refused("SplitNotDecided", work, community, decision):
        royalty_ledger.setSplit(work, stolen, by(steward))


@pytest.fixture
def displaced(
    royalty_ledger, works, found_community, approve_split, steward, elders, thief, stolen, mine_at
):
    """A watcher's registration under a community of its own, with elders of its own and a split,
    displaced by the steward's, who had committed before."""
    community = found_community(steward, elders, 2)
    own = found_community(thief, [thief], 1)
    song = (community, 1, digest("song"), digest("manifest"))
    commitment = works.commitmentOf(steward, [song], SALT)
    committed = works.commit(commitment, by(steward)).timestamp
    mine_at(committed + COMMITMENT_AGE_MIN)
    tx = works.register((own, *song[1:]), by(thief))
    work = tx.events["WorkRegistered"]["workId"]
    approve_split(work, stolen, [thief])
    royalty_ledger.setSplit(work, stolen, by(thief))
    works.reveal([song], SALT, by(steward))
    assert works.communityIdOf(work) == community
    return work


def test_a_displaced_watchers_split_goes_in_a_week_whatever_it_says(
    royalty_ledger, displaced, steward, thief, customer, stolen, mine_at
):
    rightful = [(customer.address, 10_000)]
    proposed = split_hash(rightful)
    tx = royalty_ledger.proposeSplit(displaced, rightful, by(steward))
    royalty_ledger.objectToSplit(displaced, proposed, stolen, by(thief))
    with refused("SplitTooEarly", displaced, tx.timestamp + WEEK):
        royalty_ledger.enactSplit(displaced, rightful, b"", by(steward))
    mine_at(tx.timestamp + WEEK)

    royalty_ledger.enactSplit(displaced, rightful, b"", by(steward))

    assert royalty_ledger.splitCountOf(displaced) == 2


def test_rightful_payees_of_a_displaced_work_object_like_any(
    royalty_ledger, displaced, approve_split, steward, elders, customer, mine_at
):
    rightful, own = [(customer.address, 10_000)], [(steward.address, 10_000)]
    for shares in (rightful, own):
        tx = royalty_ledger.proposeSplit(displaced, shares, by(steward))
        if shares is own:
            royalty_ledger.objectToSplit(displaced, split_hash(own), rightful, by(customer))
        mine_at(tx.timestamp + WEEK)
        if shares is rightful:
            royalty_ledger.enactSplit(displaced, rightful, b"", by(steward))

    with refused("SplitContested", displaced, 3):
        royalty_ledger.enactSplit(displaced, own, b"", by(steward))


def test_a_displaced_watcher_proposes_nothing(royalty_ledger, displaced, thief, stolen):
    with refused("NotController", displaced, thief):
        royalty_ledger.proposeSplit(displaced, stolen, by(thief))


def test_the_elders_of_the_work_in_its_place_decide_on_a_first_split(
    royalty_ledger, works, found_community, approve_split, steward, elders, thief, customer, mine_at
):
    community = found_community(steward, elders, 2)
    song = (community, 1, digest("song"), digest("manifest"))
    committed = works.commit(works.commitmentOf(steward, [song], SALT), by(steward)).timestamp
    mine_at(committed + COMMITMENT_AGE_MIN)
    work = works.register((0, *song[1:]), by(thief)).events["WorkRegistered"]["workId"]
    works.reveal([song], SALT, by(steward))
    rightful = [(customer.address, 10_000)]

    decision = royalty_ledger.splitDecision(work, 1, split_hash(rightful))
    with refused("SplitNotDecided", work, community, decision):
        royalty_ledger.setSplit(work, rightful, by(steward))
    approve_split(work, rightful, elders[1:])
    royalty_ledger.setSplit(work, rightful, by(steward))

    assert royalty_ledger.splitCountOf(work) == 1
