"""Stewards, elders and controllers that are contracts: who acts is the caller, not who pays gas."""

from __future__ import annotations

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.rights import ConsentProposal, by, digest

DECISION, TERMS = digest("decision"), digest("terms")


def test_a_wallet_founds_and_hands_over(consents, wallet, through, steward):
    told = through(consents.foundCommunity, [wallet], 1, bytes(32)).events["CommunityFounded"]
    community = told["communityId"]

    assert told["steward"] == consents.stewardOf(community) == wallet
    through(consents.offerStewardship, community, steward)
    consents.acceptStewardship(community, by(steward))
    assert consents.stewardOf(community) == steward


def test_a_wallet_takes_a_community_over(consents, found_community, wallet, through, steward):
    community = found_community(steward)
    consents.offerStewardship(community, wallet, by(steward))

    told = through(consents.acceptStewardship, community).events["StewardshipAccepted"]

    assert told["steward"] == consents.stewardOf(community) == wallet


def test_a_wallet_is_an_elder(consents, found_community, wallet, through, steward):
    community = found_community(steward, [wallet], 1)

    told = through(consents.approveDecision, community, DECISION).events["DecisionApproved"]

    assert told["elder"] == wallet
    assert consents.isDecided(community, DECISION)


def test_a_wallet_consents_to_the_use_of_its_work(consents, register_work, wallet, through, works):
    work = through(
        works.register, (0, 0, digest("wallet samples"), digest("wallet manifest"))
    ).events["WorkRegistered"]["workId"]

    through(consents.proposeConsent, work, Tier.GENERATION, ConsentProposal(TERMS))

    assert consents.consentOf(work, Tier.GENERATION)[0] == ConsentState.GRANTED
