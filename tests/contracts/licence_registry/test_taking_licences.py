"""Taking a licence: what is frozen, what is paid, what is said."""

from __future__ import annotations

import pytest

from chain.ledger.rights import Tier, WorkKind
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, SCALE, ZERO, Terms, by

PRICE = 25_000_000


@pytest.fixture
def work(register_work, found_community, steward):
    return register_work(steward, found_community(steward))


@pytest.fixture
def terms(stablecoin):
    return Terms.generation(
        stablecoin,
        share=150_000_000,
        price=PRICE,
        unit_price=1_500,
        unit_cap=1_000,
        revenue_cap=2_000_000,
        duration_seconds=30 * DAY,
    )


def test_one_signature_takes_and_pays_for_a_licence(
    licences, royalty_ledger, stablecoin, work, terms, grant, permit, steward, platform
):
    grant(steward, work, terms)
    had = stablecoin.balanceOf(platform)

    tx = licences.takeLicence(work, terms, permit(platform, stablecoin, PRICE), by(platform))

    expiry = tx.timestamp + 30 * DAY
    event = tx.events["LicenceTaken"]
    assert tx.return_value == 1
    assert (event["licenceId"], event["workId"], event["expiry"]) == (1, work, expiry)
    assert event["holder"] == platform
    opened = tx.events["OfferOpened"]
    assert (opened["offer"], opened["workId"]) == (event["offer"], work) == (1, work)
    assert tuple(opened["terms"])[:-1] == tuple(terms)[:-1]
    assert opened["terms"]["textDigest"] == "0x" + terms.text_digest.hex()
    assert tx.events["Paid"]["payer"] == platform
    assert tx.events["Paid"]["amount"] == PRICE
    assert stablecoin.balanceOf(platform) == had - PRICE
    assert stablecoin.balanceOf(licences) == 0
    assert royalty_ledger.accruedOf(work, stablecoin) == PRICE * SCALE
    assert licences.licenceCount() == 1


def test_a_licence_freezes_what_it_was_taken_under(
    licences, stablecoin, work, terms, grant, take_licence, steward, platform, devnet
):
    grant(steward, work, terms)

    licence = take_licence(platform, work, terms, stablecoin)

    assert licences.licenceOf(licence) == (
        platform,
        devnet[-1]["timestamp"] + 30 * DAY,
        Tier.GENERATION,
        work,
        150_000_000,
        1_000,
        0,
        2_000_000,
        0,
        "0x" + terms.hash().hex(),
        1,
        0,
    )


def test_the_hash_of_terms_is_that_of_their_abi_encoding(licences, terms):
    assert licences.hashTerms(terms) == "0x" + terms.hash().hex()


@pytest.mark.parametrize("tier", list(Tier))
def test_every_tier_is_licensed_alike(
    licences, stablecoin, work, grant, take_licence, steward, platform, tier
):
    terms = Terms(tier, stablecoin.address)
    grant(steward, work, terms)

    licence = take_licence(platform, work, terms, stablecoin)

    assert licences.licenceOf(licence)[2] == tier


def test_a_licence_runs_out_in_the_block_it_expires_in(
    licences, stablecoin, work, terms, grant, take_licence, steward, platform, devnet, mine_at
):
    grant(steward, work, terms)
    licence = take_licence(platform, work, terms, stablecoin)
    expiry = devnet[-1]["timestamp"] + 30 * DAY

    mine_at(expiry - 1)
    assert licences.isActive(licence)
    mine_at(expiry)

    assert not licences.isActive(licence)


def test_a_licence_lives_on_when_consent_is_withdrawn(
    licences, consents, stablecoin, work, terms, grant, take_licence, steward, platform
):
    grant(steward, work, terms)
    licence = take_licence(platform, work, terms, stablecoin)

    consents.withdrawConsent(work, terms.tier, by(steward))

    assert licences.isActive(licence)


def test_licences_nobody_took_are_unknown(licences):
    with refused("LicenceUnknown", 1):
        licences.licenceOf(1)
    with refused("LicenceUnknown", 0):
        licences.licenceOf(0)

    assert not licences.isActive(1)


def test_a_free_licence_moves_no_money(
    licences, royalty_ledger, stablecoin, work, grant, steward, stranger
):
    terms = Terms(Tier.TRAINING, stablecoin.address, price=0)
    grant(steward, work, terms)

    tx = licences.takeLicence(work, terms, NO_PERMIT, by(stranger))

    assert "Paid" not in tx.events
    assert licences.licenceOf(1)[0] == stranger
    assert royalty_ledger.accruedOf(work, stablecoin) == 0


@pytest.mark.parametrize(
    "contradiction",
    [
        {"tier": Tier.TRAINING, "royalty_share": 1},
        {"tier": Tier.DISTRIBUTION, "royalty_share": 1},
        {"royalty_share": SCALE // 2 + 1},
        {"duration_seconds": 0},
        {"duration_seconds": FOREVER},
    ],
)
def test_terms_that_contradict_themselves_are_refused(
    licences, stablecoin, work, terms, grant, steward, platform, contradiction
):
    impossible = terms._replace(**contradiction)
    grant(steward, work, impossible)

    with refused("BadTerms"):
        licences.takeLicence(work, impossible, NO_PERMIT, by(platform))


@pytest.mark.parametrize("price", [0, PRICE])
def test_a_derivative_is_licensed_only_once_it_is_linked(
    licences, stablecoin, register_work, grant, permit, platform, customer, price
):
    derivative = register_work(customer, kind=WorkKind.DERIVATIVE)
    terms = Terms(Tier.DISTRIBUTION, stablecoin.address, price=price)
    grant(customer, derivative, terms)
    signed = permit(platform, stablecoin, price) if price else NO_PERMIT

    with refused("DerivativeNotLinked", derivative):
        licences.takeLicence(derivative, terms, signed, by(platform))


def test_a_linked_derivative_is_licensed_like_any_work(
    licences,
    graph,
    royalty_ledger,
    stablecoin,
    work,
    terms,
    register_work,
    grant,
    take_licence,
    steward,
    platform,
    customer,
):
    grant(steward, work, terms)
    parent_licence = take_licence(platform, work, terms, stablecoin)
    derivative = register_work(platform, kind=WorkKind.DERIVATIVE)
    graph.link(derivative, "0x07", [(work, parent_licence)], [b""], by(platform))
    onward = Terms(Tier.DISTRIBUTION, stablecoin.address, price=PRICE)
    grant(platform, derivative, onward)
    stablecoin.mint(customer, PRICE, by(customer))

    licence = take_licence(customer, derivative, onward, stablecoin)

    assert licences.licenceOf(licence)[3] == derivative
    assert royalty_ledger.flowOf(derivative, stablecoin) == (PRICE, 0)


def test_a_token_the_ledger_does_not_take_buys_nothing(
    licences, work, grant, steward, platform, PlainToken, deployer
):
    other = PlainToken.deploy(18, by(deployer))
    terms = Terms(Tier.TRAINING, other.address, price=1)
    grant(steward, work, terms)

    with refused("TokenNotAccepted", other):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))


def test_no_token_at_all_buys_nothing(licences, work, grant, steward, platform, permit, stablecoin):
    terms = Terms(Tier.TRAINING, ZERO, price=1)
    grant(steward, work, terms)

    with refused("TokenNotAccepted", ZERO):
        licences.takeLicence(work, terms, permit(platform, stablecoin, 1), by(platform))


def test_every_honest_token_buys_a_licence(
    licences, royalty_ledger, paying_token, work, grant, steward, platform, curator
):
    royalty_ledger.acceptToken(paying_token, by(curator))
    paying_token.mint(platform, PRICE, by(curator))
    paying_token.approve(royalty_ledger, PRICE, by(platform))
    terms = Terms(Tier.TRAINING, paying_token.address, price=PRICE)
    grant(steward, work, terms)

    licences.takeLicence(work, terms, NO_PERMIT, by(platform))

    assert paying_token.balanceOf(royalty_ledger) == PRICE
    assert licences.licenceCount() == 1


def test_a_token_that_delivers_less_buys_nothing(
    licences, royalty_ledger, failing_token, work, grant, steward, platform, curator
):
    royalty_ledger.acceptToken(failing_token, by(curator))
    failing_token.mint(platform, PRICE, by(curator))
    failing_token.approve(royalty_ledger, PRICE, by(platform))
    terms = Terms(Tier.TRAINING, failing_token.address, price=PRICE)
    grant(steward, work, terms)
    failure = {"Fee Taking": "AmountMismatch", "False Returning": "SafeERC20FailedOperation"}

    with refused(failure[failing_token.name()]):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))

    assert licences.licenceCount() == 0
    assert failing_token.balanceOf(platform) == PRICE


def test_a_barred_licensee_buys_nothing(
    licences, royalty_ledger, BlocklistingToken, work, grant, steward, platform, curator
):
    token = BlocklistingToken.deploy(by(curator))
    royalty_ledger.acceptToken(token, by(curator))
    token.mint(platform, PRICE, by(curator))
    token.approve(royalty_ledger, PRICE, by(platform))
    token.bar(platform, True, by(curator))
    terms = Terms(Tier.TRAINING, token.address, price=PRICE)
    grant(steward, work, terms)

    with refused("AccountBarred", platform):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))


def test_a_token_that_calls_back_finds_the_ledger_closed(
    licences, royalty_ledger, ReentrantToken, work, grant, steward, platform, curator
):
    token = ReentrantToken.deploy(by(curator))
    royalty_ledger.acceptToken(token, by(curator))
    token.mint(platform, PRICE, by(curator))
    token.approve(royalty_ledger, PRICE, by(platform))
    token.arm(royalty_ledger, royalty_ledger.pay.encode_input(work, token, 1), by(curator))
    terms = Terms(Tier.TRAINING, token.address, price=PRICE)
    grant(steward, work, terms)

    with refused("ReentrancyGuardReentrantCall"):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))
