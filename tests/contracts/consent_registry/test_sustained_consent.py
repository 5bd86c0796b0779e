"""Consent that lapses unless it is reaffirmed, by those who granted it."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, ConsentProposal, by, digest
from tests.contracts.signing import ElderApproval

TERMS = digest("terms")
LABELS = bytes([14, 17]) + bytes(30)
TIER = Tier.TRAINING
PERIOD = 365 * DAY
LIVE_UNTIL = 5
NOTHING = "0x" + bytes(32).hex()


@pytest.fixture
def propose(consents):
    def propose(work, controller, period=PERIOD, until=FOREVER):
        proposal = ConsentProposal(TERMS, until, period, False, LABELS)
        return consents.proposeConsent(work, TIER, proposal, by(controller))

    return propose


@pytest.fixture
def own(register_work, customer, propose):
    """A work of no community: its owner alone reaffirms."""
    work = register_work(customer)
    propose(work, customer)
    return work


@pytest.fixture
def communal(consents, register_work, found_community, propose, steward, elders):
    """Two of three elders granted; two of three reaffirm."""
    work = register_work(steward, found_community(steward, elders, 2))
    propose(work, steward)
    for elder in elders[:2]:
        consents.approveConsent(work, TIER, 1, by(elder))
    return work


def live_until(consents, work):
    return consents.consentOf(work, TIER)[LIVE_UNTIL]


def test_silence_ends_a_consent_and_a_word_brings_it_back(consents, own, customer, devnet, mine_at):
    granted = devnet[-1]["timestamp"]
    assert live_until(consents, own) == granted + PERIOD
    mine_at(granted + PERIOD - 1)
    assert consents.liveTermsHash(own, TIER) == "0x" + TERMS.hex()
    mine_at(granted + PERIOD)
    assert consents.liveTermsHash(own, TIER) == NOTHING
    assert consents.liveOffer(own, TIER) == (0, NOTHING, False)

    tx = consents.reaffirmConsent(own, TIER, 1, by(customer))

    assert dict(tx.events["ConsentReaffirmed"]) == {
        "workId": own,
        "tier": TIER,
        "liveUntil": tx.timestamp + PERIOD,
    }
    assert live_until(consents, own) == tx.timestamp + PERIOD
    assert consents.liveTermsHash(own, TIER) == "0x" + TERMS.hex()


def test_labels_and_period_are_told(consents, own):
    told = consents.consentOf(own, TIER)

    assert told[6:] == (PERIOD, False, "0x" + LABELS.hex())


def test_the_same_quorum_reaffirms_as_granted(consents, communal, elders, devnet):
    before = live_until(consents, communal)
    devnet.sleep(100)

    first = consents.reaffirmConsent(communal, TIER, 1, by(elders[2]))
    assert dict(first.events["ConsentApproved"])["approvals"] == 1
    assert live_until(consents, communal) == before
    second = consents.reaffirmConsent(communal, TIER, 1, by(elders[0]))

    assert live_until(consents, communal) == second.timestamp + PERIOD > before


def test_an_elder_reaffirms_once_each_time(consents, communal, elders):
    community = 1
    consents.reaffirmConsent(communal, TIER, 1, by(elders[0]))
    with refused("AlreadyApproved", community, TERMS, elders[0]):
        consents.reaffirmConsent(communal, TIER, 1, by(elders[0]))
    consents.reaffirmConsent(communal, TIER, 1, by(elders[1]))

    consents.reaffirmConsent(communal, TIER, 1, by(elders[0]))

    assert consents.consentOf(communal, TIER)[1] == 1


def test_elders_reaffirm_by_signature(consents, communal, signed, elders, relay):
    for elder in elders[:2]:
        word = ElderApproval(elder.address, communal, TIER, 1, TERMS, reaffirms=True)
        tx = consents.approveConsentSigned(word, signed(word, elder), by(relay))

    assert live_until(consents, communal) == tx.timestamp + PERIOD


def test_a_signed_approval_of_the_grant_does_not_reaffirm(
    consents, communal, signed, elders, relay
):
    word = ElderApproval(elders[2].address, communal, TIER, 1, TERMS)

    with refused("BadConsentStep", communal, TIER, ConsentState.GRANTED):
        consents.approveConsentSigned(word, signed(word, elders[2]), by(relay))


def test_only_who_granted_reaffirms(consents, own, stranger):
    with refused("NotController", own, stranger):
        consents.reaffirmConsent(own, TIER, 1, by(stranger))


def test_a_steward_does_not_reaffirm_for_the_elders(consents, communal, steward):
    with refused("NotElder", 1, steward):
        consents.reaffirmConsent(communal, TIER, 1, by(steward))


def test_reaffirming_never_outlasts_the_consent(consents, register_work, propose, customer, devnet):
    work = register_work(customer)
    until = devnet[-1]["timestamp"] + 2 * DAY
    propose(work, customer, DAY, until)
    devnet.sleep(int(1.5 * DAY))

    consents.reaffirmConsent(work, TIER, 1, by(customer))

    assert live_until(consents, work) == until


def test_what_is_over_is_not_reaffirmed(
    consents, register_work, propose, customer, devnet, mine_at
):
    work = register_work(customer)
    until = devnet[-1]["timestamp"] + 2 * DAY
    propose(work, customer, DAY, until)
    mine_at(until)

    with refused("ConsentInThePast", until):
        consents.reaffirmConsent(work, TIER, 1, by(customer))


def test_another_offer_than_the_one_that_stands_is_not_reaffirmed(consents, own, customer):
    with refused("OfferDiffers", 1, 2):
        consents.reaffirmConsent(own, TIER, 2, by(customer))


def test_consent_without_a_period_need_not_be_reaffirmed(
    consents, register_work, propose, customer
):
    work = register_work(customer)
    propose(work, customer, period=0)

    assert live_until(consents, work) == FOREVER
    with refused("NotSustained", work, TIER):
        consents.reaffirmConsent(work, TIER, 1, by(customer))


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("suspendConsent", ConsentState.SUSPENDED),
        ("refuseConsent", ConsentState.REFUSED),
        ("withdrawConsent", ConsentState.WITHDRAWN),
    ],
)
def test_a_no_is_not_reaffirmed_away(consents, own, customer, step, state):
    getattr(consents, step)(own, TIER, by(customer))

    with refused("BadConsentStep", own, TIER, state):
        consents.reaffirmConsent(own, TIER, 1, by(customer))
