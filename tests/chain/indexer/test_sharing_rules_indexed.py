"""The rule of a community in an epoch is the same in the index as on chain."""

from __future__ import annotations

from chain.client.sending import send
from chain.client.sharing_rules import SharingRules
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import CommunityId, EpochNumber
from chain.ledger.sharing import Announcement, SharingRule
from tests.devnet import CUSTOMER, Devnet

EPOCHS = [EpochNumber(epoch) for epoch in range(12)]


def test_rules_are_indexed_as_announced(devnet: Devnet, follower: Follower, store: Store) -> None:
    steward = devnet.signers[CUSTOMER]
    rules = SharingRules.of(devnet.node, devnet.deployment)
    devnet.consents.found_community([], approvals_required=0, signer=steward)
    community = CommunityId(1)
    announced = [
        Announcement(SharingRule.FLOOR_PRO_RATA, 2_000, 1, EpochNumber(5)),
        Announcement(SharingRule.FLOOR_PRO_RATA, 1_000, 2, EpochNumber(5)),
        Announcement(SharingRule.COMMUNITY_ROOT, 0, 3, EpochNumber(9)),
    ]
    for announcement in announced:
        decision = announcement.decision_hash(devnet.deployment.chain_id, rules.address, community)
        approve = devnet.consents.call("approveDecision", community, decision)
        send(devnet.node, approve, signer=steward)
        rules.announce(community, announcement, signer=steward)

    follower.catch_up()

    at = store.head()
    found = [store.sharing_rule(community, epoch, at=at) for epoch in EPOCHS]
    assert found == [rules.rule_at(community, epoch, at=at) for epoch in EPOCHS]
    assert found[5:10] == [*[announced[1]] * 4, announced[2]]
    assert rules.announced_rule(community, at=at) == announced[2]
