"""Founding a community, its elders and its quorum, and handing the stewardship over."""

from __future__ import annotations

import pytest

from tests.contracts.refusals import refused
from tests.contracts.rights import ZERO, by, digest

PROFILE = digest("profile")
ELDERS_MOST = 32


def address(number):
    return f"0x{number:040x}"


def test_founding_makes_the_caller_steward(consents, steward, elders):
    tx = consents.foundCommunity(elders, 2, PROFILE, by(steward))

    assert tx.return_value == 1
    assert dict(tx.events["CommunityFounded"]) == {
        "communityId": 1,
        "steward": steward,
        "elders": [elder.address for elder in elders],
        "approvalsRequired": 2,
        "profileDigest": "0x" + PROFILE.hex(),
    }
    assert consents.communityOf(1) == (steward, 2, len(elders), 1, "0x" + PROFILE.hex())
    assert consents.stewardOf(1) == steward


def test_communities_are_counted(found_community, stewards):
    assert [found_community(steward) for steward in stewards] == [1, 2, 3]


def test_elders_are_elders_of_their_community_only(consents, found_community, steward, elders):
    first = found_community(steward, elders[:2], 1)
    second = found_community(steward, elders[1:], 1)

    assert [consents.isElder(first, elder) for elder in elders] == [True, True, False]
    assert [consents.isElder(second, elder) for elder in elders] == [False, True, True]
    assert not consents.isElder(first, steward)


@pytest.mark.parametrize(("required", "count"), [(1, 0), (3, 2), (1, 33)])
def test_a_quorum_that_cannot_work_is_refused(consents, steward, required, count):
    council = [address(i + 1) for i in range(count)]

    with refused("BadQuorum", required, count):
        consents.foundCommunity(council, required, PROFILE, by(steward))


def test_the_largest_council_can_be_seated(consents, steward):
    council = [address(i + 1) for i in range(ELDERS_MOST)]

    consents.foundCommunity(council, ELDERS_MOST, PROFILE, by(steward))

    assert consents.communityOf(1)[1:3] == (ELDERS_MOST, ELDERS_MOST)
    assert consents.isElder(1, council[-1])


def test_an_elder_is_named_once(consents, steward, elders):
    with refused("ElderTwice", elders[0]):
        consents.foundCommunity([elders[0], elders[1], elders[0]], 1, PROFILE, by(steward))


def test_nobody_is_no_elder(consents, steward, elders):
    with refused("NotElder", 1, ZERO):
        consents.foundCommunity([elders[0], ZERO], 1, PROFILE, by(steward))


@pytest.mark.parametrize("community", [0, 1])
def test_communities_nobody_founded_are_unknown(consents, community):
    with refused("CommunityUnknown", community):
        consents.communityOf(community)
    with refused("CommunityUnknown", community):
        consents.stewardOf(community)


def test_stewardship_passes_in_two_steps(consents, found_community, stewards):
    old, new = stewards[:2]
    community = found_community(old)

    offered = consents.offerStewardship(community, new, by(old))
    assert consents.stewardOf(community) == old
    accepted = consents.acceptStewardship(community, by(new))

    assert dict(offered.events["StewardshipOffered"]) == {"communityId": community, "to": new}
    assert dict(accepted.events["StewardshipAccepted"]) == {
        "communityId": community,
        "steward": new,
    }
    assert consents.stewardOf(community) == new


def test_only_the_steward_offers_the_stewardship(consents, found_community, steward, stranger):
    community = found_community(steward)

    with refused("NotSteward", community, stranger):
        consents.offerStewardship(community, stranger, by(stranger))
    with refused("CommunityUnknown", 9):
        consents.offerStewardship(9, stranger, by(stranger))


def test_only_whom_it_was_offered_to_accepts(consents, found_community, stewards, stranger):
    community = found_community(stewards[0])
    consents.offerStewardship(community, stewards[1], by(stewards[0]))

    with refused("NoStewardshipOffer", community, stranger):
        consents.acceptStewardship(community, by(stranger))


def test_a_later_offer_replaces_the_earlier(consents, found_community, stewards):
    community = found_community(stewards[0])
    consents.offerStewardship(community, stewards[1], by(stewards[0]))
    consents.offerStewardship(community, stewards[2], by(stewards[0]))

    with refused("NoStewardshipOffer", community, stewards[1]):
        consents.acceptStewardship(community, by(stewards[1]))


def test_an_offer_to_nobody_takes_it_back(consents, found_community, stewards):
    community = found_community(stewards[0])
    consents.offerStewardship(community, stewards[1], by(stewards[0]))
    consents.offerStewardship(community, ZERO, by(stewards[0]))

    with refused("NoStewardshipOffer", community, stewards[1]):
        consents.acceptStewardship(community, by(stewards[1]))


def test_an_offer_is_accepted_once(consents, found_community, stewards):
    old, new = stewards[:2]
    community = found_community(old)
    consents.offerStewardship(community, new, by(old))
    consents.acceptStewardship(community, by(new))

    with refused("NoStewardshipOffer", community, new):
        consents.acceptStewardship(community, by(new))
