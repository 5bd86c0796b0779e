"""Elders' signed words, sent by others: exactly what was signed, here, in time, once."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import ConsentProposal, by, digest
from tests.contracts.signing import DecisionApproval, ElderApproval, mirrored, sign_for_wallet

TERMS = digest("terms")
DECISION = digest("decision")
TIER = Tier.GENERATION


@pytest.fixture
def community(found_community, steward, elders):
    return found_community(steward, elders, 2)


@pytest.fixture
def work(register_work, community, consents, steward):
    work = register_work(steward, community)
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS), by(steward))
    return work


@pytest.fixture
def approval(work, elders):
    return ElderApproval(elders[0].address, work, TIER, 1, TERMS)


def test_two_signatures_grant_though_no_elder_sends_anything(
    consents, approval, signed, elders, relay
):
    other = approval._replace(elder=elders[1].address)

    consents.approveConsentSigned(approval, signed(approval, elders[0]), by(relay))
    tx = consents.approveConsentSigned(other, signed(other, elders[1]), by(relay))

    assert tx.events["ConsentApproved"]["elder"] == elders[1]
    assert "ConsentGranted" in tx.events
    assert consents.liveTermsHash(approval.work, TIER) == "0x" + TERMS.hex()
    assert consents.usesOf(elders[0], approval.nonce) == 1


def test_an_approval_is_used_once(consents, approval, signed, elders, relay):
    signature = signed(approval, elders[0])
    consents.approveConsentSigned(approval, signature, by(relay))

    with refused("NonceSpent", elders[0], approval.nonce):
        consents.approveConsentSigned(approval, signature, by(relay))


def test_an_elder_takes_a_signed_approval_back(consents, approval, signed, elders, relay):
    consents.revokeNonce(approval.nonce, by(elders[0]))

    with refused("NonceSpent", elders[0], approval.nonce):
        consents.approveConsentSigned(approval, signed(approval, elders[0]), by(relay))


@pytest.mark.parametrize(
    "change",
    [
        {"work": 99},
        {"tier": Tier.TRAINING},
        {"offer": 2},
        {"terms_hash": digest("other")},
        {"reaffirms": True},
        {"nonce": 5},
        {"deadline": 2**40 - 2},
    ],
)
def test_an_approval_is_good_for_exactly_what_it_says(
    consents, approval, signed, elders, relay, change
):
    signature = signed(approval, elders[0])

    with refused("NotSignedBy", elders[0]):
        consents.approveConsentSigned(approval._replace(**change), signature, by(relay))


@pytest.mark.parametrize(
    "domain",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "00" * 19 + "01"},
        {"name": "Antiphon Licence Registry"},
    ],
)
def test_an_approval_for_another_chain_or_contract_counts_for_nothing(
    consents, approval, signed, elders, relay, domain
):
    with refused("NotSignedBy", elders[0]):
        consents.approveConsentSigned(approval, signed(approval, elders[0], **domain), by(relay))


def test_the_mirrored_signature_counts_for_nothing(consents, approval, signed, elders, relay):
    with refused("NotSignedBy", elders[0]):
        consents.approveConsentSigned(approval, mirrored(signed(approval, elders[0])), by(relay))


def test_an_approval_past_its_deadline_counts_for_nothing(
    consents, approval, signed, elders, relay, devnet
):
    late = approval._replace(deadline=devnet[-1]["timestamp"] - 1)

    with refused("SignatureExpired", late.deadline):
        consents.approveConsentSigned(late, signed(late, elders[0]), by(relay))


def test_terms_signed_are_the_terms_proposed(consents, approval, signed, elders, relay):
    other = approval._replace(terms_hash=digest("other"))

    with refused("TermsDiffer", TERMS, digest("other")):
        consents.approveConsentSigned(other, signed(other, elders[0]), by(relay))


def test_who_is_no_elder_signs_in_vain(consents, approval, community, signed, stranger, relay):
    mine = approval._replace(elder=stranger.address)

    with refused("NotElder", community, stranger):
        consents.approveConsentSigned(mine, signed(mine, stranger), by(relay))


def test_an_elder_that_is_a_contract_signs_and_acts(
    consents, register_work, words, key_for, elders, steward, relay, SignerWallet
):
    wallets = [SignerWallet.deploy(elders[0], by(elders[0])) for _ in range(2)]
    tx = consents.foundCommunity(wallets, 2, bytes(32), by(steward))
    work = register_work(steward, tx.return_value)
    offer = consents.proposeConsent(work, TIER, ConsentProposal(TERMS), by(steward)).return_value
    approval = ElderApproval(wallets[0].address, work, TIER, offer, TERMS)
    signature = sign_for_wallet(key_for(elders[0]), wallets[0], words(approval))

    consents.approveConsentSigned(approval, signature, by(relay))
    # The same keeper's signature is none of the other wallet's.
    other = approval._replace(elder=wallets[1].address)
    with refused("NotSignedBy", wallets[1]):
        consents.approveConsentSigned(other, signature, by(relay))
    call = consents.approveConsent.encode_input(work, TIER, offer)
    wallets[1].execute(consents, call, by(elders[0]))

    assert consents.consentOf(work, TIER)[:2] == (ConsentState.GRANTED, 2)


def test_decisions_are_approved_by_signature_too(consents, community, signed, elders, relay):
    for elder in elders[:2]:
        word = DecisionApproval(community, DECISION, elder.address)
        tx = consents.approveDecisionSigned(*word, signed(word, elder), by(relay))

    assert "DecisionMade" in tx.events
    assert consents.isDecided(community, DECISION)
    with refused("NonceSpent", elders[1], word.nonce):
        consents.approveDecisionSigned(*word, signed(word, elders[1]), by(relay))
    forged = word._replace(decision_hash=digest("another"))
    with refused("NotSignedBy", elders[1]):
        consents.approveDecisionSigned(*forged, signed(word, elders[1]), by(relay))
