"""The steps of consent: which lead on from where, who takes them, and what is said of each."""

from __future__ import annotations

from itertools import product

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, ConsentProposal, by, digest

TERMS, OTHER_TERMS = digest("terms"), digest("other terms")
TIER = Tier.GENERATION
S = ConsentState

STEPS = {
    "refuseConsent": ({S.NONE, S.PROPOSED, S.GRANTED, S.SUSPENDED, S.REFUSED}, S.REFUSED),
    "suspendConsent": ({S.GRANTED}, S.SUSPENDED),
    "resumeConsent": ({S.SUSPENDED}, S.GRANTED),
    "withdrawConsent": ({S.GRANTED, S.SUSPENDED}, S.WITHDRAWN),
}
EVENTS = {
    "refuseConsent": "ConsentRefused",
    "suspendConsent": "ConsentSuspended",
    "resumeConsent": "ConsentResumed",
    "withdrawConsent": "ConsentWithdrawn",
}


@pytest.fixture
def work(found_community, register_work, steward, elders):
    """A work whose community asks one of its elders."""
    return register_work(steward, found_community(steward, elders, 1))


@pytest.fixture
def bring_to(consents, work, steward, elders):
    """Brings the work's consent into a state, by the steps that lead there."""

    def bring_to(state):
        if state in (S.NONE, S.REFUSED):
            if state == S.REFUSED:
                consents.refuseConsent(work, TIER, by(steward))
            return
        consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(steward))
        if state == S.PROPOSED:
            return
        consents.approveConsent(work, TIER, consents.consentOf(work, TIER)[4], by(elders[0]))
        if state == S.SUSPENDED:
            consents.suspendConsent(work, TIER, by(steward))
        if state == S.WITHDRAWN:
            consents.withdrawConsent(work, TIER, by(steward))

    return bring_to


def state_of(consents, work):
    return consents.consentOf(work, TIER)[0]


@pytest.mark.parametrize(("step", "state"), list(product(STEPS, S)))
def test_a_step_leads_on_only_from_where_it_may(consents, work, steward, bring_to, step, state):
    bring_to(state)
    may_begin, leads_to = STEPS[step]

    if state in may_begin:
        tx = getattr(consents, step)(work, TIER, by(steward))
        assert dict(tx.events[EVENTS[step]]) == {"workId": work, "tier": TIER}
        assert state_of(consents, work) == leads_to
    else:
        with refused("BadConsentStep", work, TIER, state):
            getattr(consents, step)(work, TIER, by(steward))
        assert state_of(consents, work) == state


@pytest.mark.parametrize("state", list(S))
def test_terms_are_proposed_anew_from_anywhere_but_suspension(
    consents, work, steward, bring_to, state
):
    bring_to(state)

    if state == S.SUSPENDED:
        with refused("BadConsentStep", work, TIER, state):
            consents.proposeConsent(work, TIER, ConsentProposal(OTHER_TERMS, FOREVER), by(steward))
        return
    consents.proposeConsent(work, TIER, ConsentProposal(OTHER_TERMS, FOREVER), by(steward))

    assert consents.consentOf(work, TIER)[:4] == (S.PROPOSED, 0, FOREVER, "0x" + OTHER_TERMS.hex())
    assert consents.liveTermsHash(work, TIER) == "0x" + bytes(32).hex()


@pytest.mark.parametrize("step", STEPS)
def test_only_who_decides_for_a_work_takes_steps(consents, work, elders, stranger, step):
    for outsider in (stranger, elders[0]):
        with refused("NotController", work, outsider):
            getattr(consents, step)(work, TIER, by(outsider))


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_taken_for_an_unknown_work(consents, steward, step):
    with refused("WorkUnknown", 99):
        getattr(consents, step)(99, TIER, by(steward))


def test_only_who_decides_for_a_work_proposes(consents, work, stranger):
    with refused("NotController", work, stranger):
        consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(stranger))
    with refused("WorkUnknown", 99):
        consents.proposeConsent(99, TIER, ConsentProposal(TERMS, FOREVER), by(stranger))


def test_the_owner_of_a_work_alone_consents_at_once(consents, register_work, customer):
    work = register_work(customer)

    tx = consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(customer))

    granted = {"workId": work, "tier": TIER, "termsHash": "0x" + TERMS.hex(), "until": FOREVER}
    proposal = (TERMS, FOREVER, 0, False, bytes(32))
    assert dict(tx.events["ConsentProposed"]) == {
        "workId": work,
        "tier": TIER,
        "offer": 1,
        "proposal": tuple("0x" + v.hex() if isinstance(v, bytes) else v for v in proposal),
    }
    assert dict(tx.events["ConsentGranted"]) == granted
    assert consents.consentOf(work, TIER) == (
        S.GRANTED,
        0,
        FOREVER,
        "0x" + TERMS.hex(),
        1,
        FOREVER,
        0,
        False,
        "0x" + bytes(32).hex(),
    )
    assert consents.liveOffer(work, TIER) == (1, "0x" + TERMS.hex(), False)
    assert consents.termsHashOf(1) == "0x" + TERMS.hex()
    assert consents.liveTermsHash(work, TIER) == "0x" + TERMS.hex()


def test_tiers_are_consented_to_one_by_one(consents, register_work, customer):
    work = register_work(customer)

    consents.proposeConsent(work, Tier.TRAINING, ConsentProposal(TERMS, FOREVER), by(customer))
    consents.refuseConsent(work, Tier.GENERATION, by(customer))

    states = [consents.consentOf(work, tier)[0] for tier in Tier]
    assert states == [S.GRANTED, S.REFUSED, S.NONE]


def test_consent_passes_on_with_the_work(consents, works, register_work, customer, stranger):
    work = register_work(customer)
    works.transferFrom(customer, stranger, work, by(customer))

    with refused("NotController", work, customer):
        consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(customer))
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(stranger))

    assert state_of(consents, work) == S.GRANTED


def test_consent_that_would_have_ended_is_not_proposed(consents, work, steward, devnet):
    now = devnet[-1]["timestamp"]

    with refused("ConsentInThePast", now):
        consents.proposeConsent(work, TIER, ConsentProposal(TERMS, now), by(steward))


def test_consent_lapses_in_the_block_it_ends_in(consents, register_work, customer, devnet, mine_at):
    work = register_work(customer)
    until = devnet[-1]["timestamp"] + DAY
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, until), by(customer))

    mine_at(until - 1)
    assert consents.liveTermsHash(work, TIER) == "0x" + TERMS.hex()
    mine_at(until)

    assert consents.liveTermsHash(work, TIER) == "0x" + bytes(32).hex()
    assert state_of(consents, work) == S.GRANTED


def test_consent_that_lapsed_while_suspended_is_not_resumed(
    consents, register_work, customer, devnet, mine_at
):
    work = register_work(customer)
    until = devnet[-1]["timestamp"] + DAY
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, until), by(customer))
    consents.suspendConsent(work, TIER, by(customer))
    mine_at(until)

    with refused("ConsentInThePast", until):
        consents.resumeConsent(work, TIER, by(customer))


@pytest.mark.parametrize("step", ["suspendConsent", "refuseConsent", "withdrawConsent"])
def test_a_no_holds_in_its_own_block(consents, register_work, customer, step):
    work = register_work(customer)
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(customer))

    tx = getattr(consents, step)(work, TIER, by(customer))

    live = consents.liveTermsHash.call(work, TIER, block_identifier=tx.block_number)
    assert live == "0x" + bytes(32).hex()


def test_resuming_brings_the_same_terms_back(consents, register_work, customer):
    work = register_work(customer)
    consents.proposeConsent(work, TIER, ConsentProposal(TERMS, FOREVER), by(customer))

    consents.suspendConsent(work, TIER, by(customer))
    consents.resumeConsent(work, TIER, by(customer))

    assert consents.liveTermsHash(work, TIER) == "0x" + TERMS.hex()
