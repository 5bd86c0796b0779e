"""Rules are announced ahead, by who decides for a community, and never change what held."""

from __future__ import annotations

import pytest

from chain.ledger.identifiers import Address, CommunityId, EpochNumber
from chain.ledger.sharing import NOTICE_EPOCHS, Announcement, SharingRule
from tests.contracts.refusals import refused
from tests.contracts.rights import by

PRO_RATA, FLOOR, ROOT = SharingRule
SOONEST = NOTICE_EPOCHS
AHEAD = 10_000


@pytest.fixture
def community(found_community, steward, elders):
    return found_community(steward, elders, 2)


@pytest.fixture
def decide(consents, rules, community, elders):
    def decide(rule, phi, epoch):
        decision = rules.decisionHash(community, rule, phi, epoch)
        for elder in elders[:2]:
            consents.approveDecision(community, decision, by(elder))

    return decide


@pytest.fixture
def announce(rules, community, decide, steward):
    def announce(rule, phi, epoch):
        decide(rule, phi, epoch)
        return rules.announce(community, rule, phi, epoch, by(steward))

    return announce


def test_a_community_without_a_rule_shares_in_proportion(rules, community):
    assert rules.ruleAt(community, 1) == rules.announcedRule(community) == (PRO_RATA, 0, 0, 0)


def test_an_announced_rule_holds_from_its_epoch_on(rules, community, announce):
    tx = announce(FLOOR, 2_000, 5)

    assert tx.return_value == 1
    assert dict(tx.events["SharingRuleAnnounced"]) == {
        "communityId": community,
        "version": 1,
        "rule": FLOOR,
        "phiBps": 2_000,
        "fromEpoch": 5,
    }
    assert rules.ruleAt(community, 4) == (PRO_RATA, 0, 0, 0)
    for epoch in (5, 6, 2**64 - 1):
        assert rules.ruleAt(community, epoch) == (FLOOR, 2_000, 1, 5)
    assert rules.announcedRule(community) == (FLOOR, 2_000, 1, 5)


def test_a_later_rule_leaves_the_past_as_it_was(rules, community, announce):
    announce(FLOOR, 2_000, 5)
    announce(ROOT, 0, 9)
    announce(PRO_RATA, 0, 12)

    found = [rules.ruleAt(community, epoch) for epoch in (4, 5, 8, 9, 11, 12)]
    assert [rule for rule, *_ in found] == [PRO_RATA, FLOOR, FLOOR, ROOT, ROOT, PRO_RATA]
    assert [version for _, _, version, _ in found] == [0, 1, 1, 2, 2, 3]


def test_a_rule_is_replaced_before_it_ever_holds(rules, community, announce):
    announce(FLOOR, 2_000, 5)
    announce(FLOOR, 1_000, 5)

    assert rules.ruleAt(community, 5) == (FLOOR, 1_000, 2, 5)


def test_a_rule_is_known_an_epoch_ahead(rules, community, decide, steward):
    decide(ROOT, 0, SOONEST - 1)

    with refused("TooSoon", SOONEST - 1, SOONEST):
        rules.announce(community, ROOT, 0, SOONEST - 1, by(steward))


def test_the_soonest_epoch_is_the_one_after_the_next(rules, community, announce):
    announce(ROOT, 0, SOONEST)

    assert rules.ruleAt(community, SOONEST)[0] == ROOT


def test_a_rule_is_not_put_before_the_one_announced_last(rules, community, announce, steward):
    announce(ROOT, 0, 9)

    with refused("TooSoon", 8, 9):
        rules.announce(community, PRO_RATA, 0, 8, by(steward))


@pytest.mark.parametrize("epoch", [AHEAD + 1, 1_790_000_000, 2**48, 2**64 - 1])
def test_an_epoch_too_far_ahead_is_refused(rules, community, decide, steward, epoch):
    """A time for an epoch, by mistake: no rule could ever be put before it again."""
    decide(ROOT, 0, epoch)

    with refused("TooFar", epoch, AHEAD):
        rules.announce(community, ROOT, 0, epoch, by(steward))


def test_a_rule_may_hold_from_ten_thousand_epochs_on(rules, community, announce):
    announce(ROOT, 0, AHEAD)

    assert rules.ruleAt(community, AHEAD)[0] == ROOT


@pytest.mark.parametrize(("rule", "phi"), [(PRO_RATA, 1), (ROOT, 1), (FLOOR, 0), (FLOOR, 10_001)])
def test_only_a_floor_has_a_part_and_it_is_part_of_the_whole(rules, community, steward, rule, phi):
    with refused("BadFloor", rule, phi):
        rules.announce(community, rule, phi, 5, by(steward))


def test_nobody_but_the_steward_announces(rules, community, decide, stranger):
    decide(ROOT, 0, 5)

    with refused("NotSteward", community, stranger):
        rules.announce(community, ROOT, 0, 5, by(stranger))
    with refused("CommunityUnknown", 99):
        rules.announce(99, ROOT, 0, 5, by(stranger))


def test_the_elders_decide(rules, consents, community, elders, steward):
    decision = rules.decisionHash(community, ROOT, 0, 5)
    consents.approveDecision(community, decision, by(elders[0]))

    with refused("NotDecided", community, decision):
        rules.announce(community, ROOT, 0, 5, by(steward))


def test_a_decision_is_for_one_announcement(rules, community, announce, steward):
    announce(ROOT, 0, 5)

    with refused("NotDecided"):
        rules.announce(community, ROOT, 0, 5, by(steward))


def test_a_steward_without_elders_decides_alone(rules, consents, found_community, steward):
    community = found_community(steward)
    decision = rules.decisionHash(community, FLOOR, 500, 5)
    with refused("NotDecided", community, decision):
        rules.announce(community, FLOOR, 500, 5, by(steward))

    consents.approveDecision(community, decision, by(steward))
    rules.announce(community, FLOOR, 500, 5, by(steward))

    assert rules.ruleAt(community, 5)[0] == FLOOR


def test_one_communitys_rule_is_nobody_elses(rules, announce, found_community, stewards):
    announce(ROOT, 0, 5)

    assert rules.ruleAt(found_community(stewards[1]), 5)[0] == PRO_RATA


def test_both_sides_name_a_decision_alike(rules, community, devnet):
    announcement = Announcement(FLOOR, 700, 1, EpochNumber(8))

    expected = announcement.decision_hash(devnet.id, Address(rules.address), CommunityId(community))
    assert rules.decisionHash(community, FLOOR, 700, 8) == "0x" + expected.hex()
