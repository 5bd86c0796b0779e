"""n-of-m approvals: each elder once, of exactly the terms proposed, and the last one grants."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, ConsentProposal, by, digest

TERMS, OTHER_TERMS = digest("terms"), digest("other terms")
TIER = Tier.TRAINING
OFFER = 4
NO_TERMS = "0x" + bytes(32).hex()


@pytest.fixture
def community(found_community, steward, elders):
    """Two of its three elders must agree."""
    return found_community(steward, elders, 2)


@pytest.fixture
def work(register_work, community, steward):
    return register_work(steward, community)


@pytest.fixture
def proposed(consents, work, steward):
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(steward))
    return work


@pytest.fixture
def approve(consents):
    """An elder approves what was put forward last."""

    def approve(work, elder):
        offer = consents.consentOf(work, TIER)[OFFER]
        return consents.approveConsent(work, TIER, offer, by(elder))

    return approve


def test_a_proposal_waits_for_the_elders(consents, work, steward):
    tx = consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(steward))

    assert tx.return_value == tx.events["ConsentProposed"]["offer"] == 1
    assert "ConsentGranted" not in tx.events
    assert consents.consentOf(work, TIER)[:2] == (ConsentState.PROPOSED, 0)
    assert consents.liveTermsHash(work, TIER) == NO_TERMS


def test_two_of_three_elders_grant(approve, consents, proposed, elders):
    first = approve(proposed, elders[2])
    assert consents.liveTermsHash(proposed, TIER) == NO_TERMS
    second = approve(proposed, elders[0])

    assert dict(first.events["ConsentApproved"]) == {
        "workId": proposed,
        "tier": TIER,
        "elder": elders[2],
        "approvals": 1,
    }
    assert "ConsentGranted" not in first.events
    assert second.events["ConsentApproved"]["approvals"] == 2
    assert dict(second.events["ConsentGranted"]) == {
        "workId": proposed,
        "tier": TIER,
        "termsHash": "0x" + TERMS.hex(),
        "until": FOREVER,
    }
    assert consents.consentOf(proposed, TIER)[:2] == (ConsentState.GRANTED, 2)
    assert consents.liveTermsHash(proposed, TIER) == "0x" + TERMS.hex()


def test_an_elder_counts_once(approve, community, proposed, elders):
    approve(proposed, elders[0])

    with refused("AlreadyApproved", community, TERMS, elders[0]):
        approve(proposed, elders[0])


def test_an_elder_approves_the_offer_it_read(consents, proposed, elders):
    offer = consents.consentOf(proposed, TIER)[OFFER]

    with refused("OfferDiffers", offer, offer + 1):
        consents.approveConsent(proposed, TIER, offer + 1, by(elders[0]))


def test_changing_the_terms_needs_all_approvals_again(approve, consents, proposed, steward, elders):
    approve(proposed, elders[0])
    tx = consents.proposeConsent(proposed, TIER, ConsentProposal(OTHER_TERMS, FOREVER), by(steward))

    approve(proposed, elders[1])

    assert tx.events["ConsentProposed"]["offer"] == tx.return_value
    assert consents.consentOf(proposed, TIER)[:2] == (ConsentState.PROPOSED, 1)
    approve(proposed, elders[0])
    assert consents.liveTermsHash(proposed, TIER) == "0x" + OTHER_TERMS.hex()


def test_an_approval_of_the_offer_before_does_not_slip_into_the_new_one(
    consents, proposed, steward, elders
):
    before = consents.consentOf(proposed, TIER)[OFFER]
    # The same terms until another day: who approved them for a year did not approve more.
    consents.proposeConsent(proposed, TIER, ConsentProposal(TERMS, FOREVER - 1), by(steward))

    with refused("OfferDiffers", before + 1, before):
        consents.approveConsent(proposed, TIER, before, by(elders[0]))


def test_only_elders_of_that_community_approve(
    approve, consents, proposed, community, found_community, steward, stranger, customer
):
    found_community(steward, [customer], 1)

    for outsider in (steward, stranger, customer):
        with refused("NotElder", community, outsider):
            approve(proposed, outsider)


def test_what_was_not_proposed_cannot_be_approved(approve, consents, work, elders):
    with refused("BadConsentStep", work, TIER, ConsentState.NONE):
        approve(work, elders[0])


def test_a_granted_consent_takes_no_more_approvals(approve, consents, proposed, elders):
    for elder in elders[:2]:
        approve(proposed, elder)

    with refused("BadConsentStep", proposed, TIER, ConsentState.GRANTED):
        approve(proposed, elders[2])


def test_a_refusal_ends_the_round(approve, consents, proposed, steward, elders):
    approve(proposed, elders[0])
    consents.refuseConsent(proposed, TIER, by(steward))

    with refused("BadConsentStep", proposed, TIER, ConsentState.REFUSED):
        approve(proposed, elders[1])


def test_a_proposal_that_lapsed_cannot_be_approved(
    approve, consents, work, steward, elders, devnet, mine_at
):
    until = devnet[-1]["timestamp"] + DAY
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, until), by(steward))
    mine_at(until)

    with refused("ConsentInThePast", until):
        approve(work, elders[0])


def test_the_thirty_second_elder_counts_like_the_first(
    approve, consents, accounts, found_community, register_work, steward
):
    nobody = [f"0x{number:040x}" for number in range(1, 31)]
    first, last = accounts[27], accounts[28]
    work = register_work(steward, found_community(steward, [first, *nobody, last], 2))
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(steward))

    approve(work, last)
    approve(work, first)

    assert consents.consentOf(work, TIER)[:2] == (ConsentState.GRANTED, 2)
