"""No licence without live consent to exactly these terms in that block; a no costs nothing."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, Terms, by

S = ConsentState


@pytest.fixture
def work(register_work, found_community, steward):
    return register_work(steward, found_community(steward))


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.TRAINING, stablecoin.address)


@pytest.fixture
def attempt(licences, royalty_ledger, stablecoin, permit, platform):
    """Tries to take a licence that must be refused; nothing may have moved."""

    def attempt(work, terms, error, *arguments):
        had = stablecoin.balanceOf(platform)
        nonce = stablecoin.nonces(platform)
        with refused(error, *arguments):
            licences.takeLicence(
                work, terms, permit(platform, stablecoin, terms.price), by(platform)
            )
        assert stablecoin.balanceOf(platform) == had
        assert stablecoin.nonces(platform) == nonce
        assert stablecoin.allowance(platform, royalty_ledger) == 0
        assert licences.licenceCount() == 0

    return attempt


def test_never_means_never(consents, work, terms, attempt, steward):
    consents.refuseConsent(work, Tier.TRAINING, by(steward))

    attempt(work, terms, "TierRefused", work, Tier.TRAINING)


def test_never_train_leaves_the_other_tiers_alone(
    consents, licences, stablecoin, work, terms, grant, take_licence, steward, platform
):
    generation = Terms.generation(stablecoin, share=1)
    consents.refuseConsent(work, Tier.TRAINING, by(steward))
    grant(steward, work, generation)

    licence = take_licence(platform, work, generation, stablecoin)

    assert licences.licenceOf(licence)[2] == Tier.GENERATION


def test_what_nobody_consented_to_is_not_licensed(work, terms, attempt):
    attempt(work, terms, "ConsentNotLive", work, Tier.TRAINING, S.NONE)


def test_consent_to_one_tier_is_none_to_another(work, terms, attempt, grant, steward):
    grant(steward, work, terms)

    other = terms._replace(tier=Tier.DISTRIBUTION)

    attempt(work, other, "ConsentNotLive", work, Tier.DISTRIBUTION, S.NONE)


def test_a_proposal_is_no_consent_yet(
    attempt, terms, grant, register_work, found_community, steward, elders
):
    work = register_work(steward, found_community(steward, elders, 2))
    grant(steward, work, terms)

    attempt(work, terms, "ConsentNotLive", work, Tier.TRAINING, S.PROPOSED)


@pytest.mark.parametrize(
    ("step", "state"), [("suspendConsent", S.SUSPENDED), ("withdrawConsent", S.WITHDRAWN)]
)
def test_suspended_and_withdrawn_consent_licenses_nothing(
    consents, work, terms, attempt, grant, steward, step, state
):
    grant(steward, work, terms)
    getattr(consents, step)(work, Tier.TRAINING, by(steward))

    attempt(work, terms, "ConsentNotLive", work, Tier.TRAINING, state)


def test_consent_that_lapsed_licenses_nothing(
    work, terms, attempt, grant, steward, devnet, mine_at
):
    until = devnet[-1]["timestamp"] + DAY
    grant(steward, work, terms, until)
    mine_at(until)

    attempt(work, terms, "ConsentNotLive", work, Tier.TRAINING, S.GRANTED)


def test_consent_resumed_licenses_again(
    consents, licences, stablecoin, work, terms, grant, take_licence, steward, platform
):
    grant(steward, work, terms)
    consents.suspendConsent(work, Tier.TRAINING, by(steward))
    consents.resumeConsent(work, Tier.TRAINING, by(steward))

    take_licence(platform, work, terms, stablecoin)

    assert licences.licenceCount() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"price": 1},
        {"unit_price": 7},
        {"duration_seconds": DAY},
        {"unit_cap": 2**48 - 1},
        {"revenue_cap": 2**104 - 1},
        {"text_digest": b"\x22" * 32},
    ],
)
def test_other_terms_than_those_consented_to_are_refused(
    work, terms, attempt, grant, steward, change
):
    grant(steward, work, terms)
    changed = terms._replace(**change)

    attempt(work, changed, "TermsNotConsented", work, terms.hash(), changed.hash())


def test_terms_raised_under_a_platforms_feet_are_refused(work, terms, attempt, grant, steward):
    grant(steward, work, terms)
    raised = terms._replace(price=terms.price * 2)
    grant(steward, work, raised)

    attempt(work, terms, "TermsNotConsented", work, raised.hash(), terms.hash())


def test_a_work_nobody_registered_is_not_licensed(terms, attempt):
    attempt(99, terms, "WorkUnknown", 99)


def test_a_suspension_stops_licences_later_in_its_own_block(
    consents, licences, royalty_ledger, stablecoin, work, terms, grant, steward, platform, web3
):
    grant(steward, work, terms)
    stablecoin.approve(royalty_ledger, terms.price, by(platform))
    steps = [
        (steward, consents.suspendConsent.encode_input(work, Tier.TRAINING), consents),
        (
            platform,
            licences.takeLicence.encode_input(work, terms, (0, 0, 0, bytes(32), bytes(32))),
            licences,
        ),
    ]

    receipts = in_one_block(web3, steps)

    assert receipts[0]["blockNumber"] == receipts[1]["blockNumber"]
    assert [receipt["status"] for receipt in receipts] == [1, 0]
    assert licences.licenceCount() == 0


def in_one_block(web3, steps):
    """Mines transactions of several senders in one block, in the order given."""
    request = web3.provider.make_request
    request("evm_setAutomine", [False])
    try:
        sent = [
            web3.eth.send_transaction(
                {
                    "from": sender.address,
                    "to": contract.address,
                    "data": data,
                    "gas": 1_000_000,
                    "maxFeePerGas": 10 - i,
                    "maxPriorityFeePerGas": 10 - i,
                }
            )
            for i, (sender, data, contract) in enumerate(steps)
        ]
        request("evm_mine", [])
    finally:
        request("evm_setAutomine", [True])
    return [web3.eth.get_transaction_receipt(transaction) for transaction in sent]
