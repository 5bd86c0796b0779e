"""n-of-m approvals: each elder once, of exactly the terms proposed, and the last one grants."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, by, digest

TERMS, OTHER_TERMS = digest("terms"), digest("other terms")
TIER = Tier.TRAINING
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
    consents.proposeConsent(work, TIER, TERMS, FOREVER, by(steward))
    return work


def test_a_proposal_waits_for_the_elders(consents, work, steward):
    tx = consents.proposeConsent(work, TIER, TERMS, FOREVER, by(steward))

    assert tx.events["ConsentProposed"]["round"] == 1
    assert "ConsentGranted" not in tx.events
    assert consents.consentOf(work, TIER)[:2] == (ConsentState.PROPOSED, 0)
    assert consents.liveTermsHash(work, TIER) == NO_TERMS


def test_two_of_three_elders_grant(consents, proposed, elders):
    first = consents.approveConsent(proposed, TIER, TERMS, by(elders[2]))
    assert consents.liveTermsHash(proposed, TIER) == NO_TERMS
    second = consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))

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


def test_an_elder_counts_once(consents, proposed, elders):
    consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))

    with refused("AlreadyApproved", proposed, TIER, elders[0]):
        consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))


def test_an_elder_approves_the_terms_it_read(consents, proposed, elders):
    with refused("TermsDiffer", TERMS, OTHER_TERMS):
        consents.approveConsent(proposed, TIER, OTHER_TERMS, by(elders[0]))


def test_changing_the_terms_needs_all_approvals_again(consents, proposed, steward, elders):
    consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))
    tx = consents.proposeConsent(proposed, TIER, OTHER_TERMS, FOREVER, by(steward))

    consents.approveConsent(proposed, TIER, OTHER_TERMS, by(elders[1]))

    assert tx.events["ConsentProposed"]["round"] == 2
    assert consents.consentOf(proposed, TIER)[:2] == (ConsentState.PROPOSED, 1)
    consents.approveConsent(proposed, TIER, OTHER_TERMS, by(elders[0]))
    assert consents.liveTermsHash(proposed, TIER) == "0x" + OTHER_TERMS.hex()


def test_an_approval_of_the_terms_before_does_not_slip_into_the_new_round(
    consents, proposed, steward, elders
):
    consents.proposeConsent(proposed, TIER, OTHER_TERMS, FOREVER, by(steward))

    with refused("TermsDiffer", OTHER_TERMS, TERMS):
        consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))


def test_only_elders_of_that_community_approve(
    consents, proposed, community, found_community, steward, stranger, customer
):
    found_community(steward, [customer], 1)

    for outsider in (steward, stranger, customer):
        with refused("NotElder", community, outsider):
            consents.approveConsent(proposed, TIER, TERMS, by(outsider))


def test_a_work_of_no_community_has_no_elders(consents, register_work, customer, elders):
    work = register_work(customer)

    with refused("NotElder", 0, elders[0]):
        consents.approveConsent(work, TIER, TERMS, by(elders[0]))


def test_an_unknown_work_is_not_approved(consents, elders):
    with refused("WorkUnknown", 99):
        consents.approveConsent(99, TIER, TERMS, by(elders[0]))


def test_what_was_not_proposed_cannot_be_approved(consents, work, elders):
    with refused("BadConsentStep", work, TIER, ConsentState.NONE):
        consents.approveConsent(work, TIER, TERMS, by(elders[0]))


def test_a_granted_consent_takes_no_more_approvals(consents, proposed, elders):
    for elder in elders[:2]:
        consents.approveConsent(proposed, TIER, TERMS, by(elder))

    with refused("BadConsentStep", proposed, TIER, ConsentState.GRANTED):
        consents.approveConsent(proposed, TIER, TERMS, by(elders[2]))


def test_a_refusal_ends_the_round(consents, proposed, steward, elders):
    consents.approveConsent(proposed, TIER, TERMS, by(elders[0]))
    consents.refuseConsent(proposed, TIER, by(steward))

    with refused("BadConsentStep", proposed, TIER, ConsentState.REFUSED):
        consents.approveConsent(proposed, TIER, TERMS, by(elders[1]))


def test_a_proposal_that_lapsed_cannot_be_approved(
    consents, work, steward, elders, devnet, mine_at
):
    until = devnet[-1]["timestamp"] + DAY
    consents.proposeConsent(work, TIER, TERMS, until, by(steward))
    mine_at(until)

    with refused("ConsentInThePast", until):
        consents.approveConsent(work, TIER, TERMS, by(elders[0]))


def test_the_thirty_second_elder_counts_like_the_first(
    consents, accounts, found_community, register_work, steward
):
    nobody = [f"0x{number:040x}" for number in range(1, 31)]
    first, last = accounts[27], accounts[28]
    work = register_work(steward, found_community(steward, [first, *nobody, last], 2))
    consents.proposeConsent(work, TIER, TERMS, FOREVER, by(steward))

    consents.approveConsent(work, TIER, TERMS, by(last))
    consents.approveConsent(work, TIER, TERMS, by(first))

    assert consents.consentOf(work, TIER)[:2] == (ConsentState.GRANTED, 2)
