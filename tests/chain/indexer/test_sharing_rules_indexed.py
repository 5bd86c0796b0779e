"""The rule of a community in an epoch, and the works it holds for, are as on chain."""

from __future__ import annotations

from chain.client.sharing_rules import SharingRules
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import CommunityId, Digest, EpochNumber, WorkId
from chain.ledger.registration import (
    COMMITMENT_AGE_MIN,
    Registration,
    commitment_of,
    registration_domain,
)
from chain.ledger.rights import WorkKind
from chain.ledger.sharing import Announcement, SharingRule
from tests.devnet import CUSTOMER, PLATFORM, Devnet
from tests.heritage import announce_rule, digest_of, register

EPOCHS = [EpochNumber(epoch) for epoch in range(12)]
SALT = Digest(b"\x5a" * 32)
VILLAGE, VALLEY = CommunityId(1), CommunityId(2)


def test_rules_are_indexed_as_announced(devnet: Devnet, follower: Follower, store: Store) -> None:
    steward = devnet.signers[CUSTOMER]
    rules = SharingRules.of(devnet.node, devnet.deployment)
    for _ in (VILLAGE, VALLEY):
        devnet.consents.found_community([], approvals_required=0, signer=steward)
    announced = [
        Announcement(SharingRule.FLOOR_PRO_RATA, 2_000, 1, EpochNumber(5)),
        Announcement(SharingRule.FLOOR_PRO_RATA, 1_000, 2, EpochNumber(5)),
        Announcement(SharingRule.COMMUNITY_ROOT, 0, 3, EpochNumber(9)),
    ]
    for announcement in announced:
        announce_rule(devnet, VILLAGE, announcement, steward=CUSTOMER)

    follower.catch_up()

    at = store.head()
    found = [store.sharing_rule(VILLAGE, epoch, at=at) for epoch in EPOCHS]
    assert found == [rules.rule_at(VILLAGE, epoch, at=at) for epoch in EPOCHS]
    assert found[5:10] == [*[announced[1]] * 4, announced[2]]
    assert rules.announced_rule(VILLAGE, at=at) == announced[2]
    assert store.sharing_rules(EpochNumber(4), at=at) == {}
    assert store.sharing_rules(EpochNumber(9), at=at) == {VILLAGE: announced[2]}


def test_a_displaced_work_is_shared_by_whoever_has_its_content(
    devnet: Devnet, follower: Follower, store: Store
) -> None:
    """The valley registers the village's song and its own; the village said its song first."""
    village, valley = devnet.signers[CUSTOMER], devnet.signers[PLATFORM]
    for steward in (village, valley):
        devnet.consents.found_community([], approvals_required=0, signer=steward)
    domain = registration_domain(devnet.deployment.chain_id, devnet.works.address)
    song = Registration(VILLAGE, WorkKind.RECORDING, digest_of("sound of song"), digest_of("card"))
    commitment = commitment_of(domain, village.address, [song], SALT)
    devnet.works.commit(commitment, signer=village)
    devnet.pass_time(COMMITMENT_AGE_MIN)
    taken = register(devnet, PLATFORM, "song", VALLEY, WorkKind.RECORDING)
    own = register(devnet, PLATFORM, "own", VALLEY, WorkKind.RECORDING)
    devnet.works.reveal([song], SALT, signer=village)
    back = WorkId(3)

    follower.catch_up()

    at = store.head()
    assert store.works_of_communities([VILLAGE], at=at) == {back: VILLAGE, taken: VILLAGE}
    assert store.works_of_communities([VALLEY], at=at) == {own: VALLEY}
    both = store.works_of_communities([VILLAGE, VALLEY], at=at)
    assert both == {back: VILLAGE, taken: VILLAGE, own: VALLEY}
    assert store.works_of_communities([], at=at) == {}
    stewards = {VILLAGE: village.address, VALLEY: valley.address}
    for work, community in both.items():
        assert devnet.works.controller_of(work, at=at) == stewards[community]
