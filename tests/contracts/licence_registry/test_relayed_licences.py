"""Orders sent by others: neither who sends one nor a steward in front can change what it buys."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import SCALE, Terms, by
from tests.contracts.signing import (
    Order,
    digest_of,
    mirrored,
    sign,
    sign_for_wallet,
    typed_data,
)

PRICE, SHARE = 25_000_000, 150_000_000


@pytest.fixture
def terms(stablecoin):
    return Terms.generation(stablecoin, share=SHARE, price=PRICE)


@pytest.fixture
def work(register_work, grant, customer, terms):
    work = register_work(customer)
    grant(customer, work, terms)
    return work


@pytest.fixture
def order(work, terms, platform):
    return Order(work, terms.hash(), platform.address, PRICE, SHARE)


def test_a_relayed_order_buys_for_its_signer(
    licences, royalty_ledger, stablecoin, order, terms, signed, permit, platform, relay
):
    had = stablecoin.balanceOf(platform)

    tx = licences.takeLicenceFor(
        order, signed(order, platform), terms, permit(platform, stablecoin, PRICE), by(relay)
    )

    assert tx.events["LicenceTaken"]["holder"] == platform
    assert tx.events["Paid"]["payer"] == platform
    assert stablecoin.balanceOf(platform) == had - PRICE
    assert royalty_ledger.accruedOf(order.work, stablecoin) == PRICE * SCALE
    assert licences.usesOf(platform, order.nonce) == 1


def test_the_hash_of_an_order_is_what_a_wallet_signs(licences, order, words):
    assert licences.hashOrder(order) == "0x" + digest_of(words(order)).hex()


def test_an_order_is_good_once(licences, stablecoin, order, terms, signed, permit, platform, relay):
    signature = signed(order, platform)
    allowed = permit(platform, stablecoin, 2 * PRICE)
    licences.takeLicenceFor(order, signature, terms, allowed, by(relay))

    with refused("NonceSpent", platform, order.nonce):
        licences.takeLicenceFor(order, signature, terms, NO_PERMIT, by(relay))


def test_an_order_taken_back_buys_nothing(licences, order, terms, signed, platform, relay):
    licences.revokeNonce(order.nonce, by(platform))

    with refused("NonceSpent", platform, order.nonce):
        licences.takeLicenceFor(order, signed(order, platform), terms, NO_PERMIT, by(relay))


@pytest.mark.parametrize(
    "change",
    [
        {"work": 99},
        {"max_price": PRICE + 1},
        {"max_share": SHARE + 1},
        {"deadline": 2**40 - 2},
        {"nonce": 1},
    ],
)
def test_who_sends_an_order_cannot_change_it(
    licences, order, terms, signed, platform, relay, change
):
    signature = signed(order, platform)

    with refused("NotSignedBy", platform):
        licences.takeLicenceFor(order._replace(**change), signature, terms, NO_PERMIT, by(relay))


def test_who_sends_an_order_cannot_become_its_holder(
    licences, order, terms, signed, platform, relay
):
    stolen = order._replace(holder=relay.address)

    with refused("NotSignedBy", relay):
        licences.takeLicenceFor(stolen, signed(order, platform), terms, NO_PERMIT, by(relay))


def test_what_is_cheaper_than_ordered_is_bought(
    licences, stablecoin, order, terms, signed, permit, platform, relay
):
    """An order names the most its signer gives, in price and in share."""
    generous = order._replace(max_price=2 * PRICE, max_share=2 * SHARE)
    had = stablecoin.balanceOf(platform)

    tx = licences.takeLicenceFor(
        generous, signed(generous, platform), terms, permit(platform, stablecoin, PRICE), by(relay)
    )

    assert tx.events["LicenceTaken"]["holder"] == platform
    assert stablecoin.balanceOf(platform) == had - PRICE


def test_a_steward_in_front_cannot_raise_the_price(
    licences, order, terms, signed, grant, platform, relay, customer
):
    signature = signed(order, platform)
    raised = terms._replace(price=PRICE + 1)
    grant(customer, order.work, raised)

    with refused("PriceTooHigh", PRICE + 1, PRICE):
        licences.takeLicenceFor(order, signature, raised, NO_PERMIT, by(relay))
    with refused("TermsNotConsented", order.work, raised.hash(), terms.hash()):
        licences.takeLicenceFor(order, signature, terms, NO_PERMIT, by(relay))


def test_a_steward_in_front_cannot_raise_the_share(
    licences, order, terms, signed, grant, platform, relay, customer
):
    signature = signed(order, platform)
    raised = terms._replace(royalty_share=SHARE + 1)
    grant(customer, order.work, raised)

    with refused("ShareTooHigh", SHARE + 1, SHARE):
        licences.takeLicenceFor(order, signature, raised, NO_PERMIT, by(relay))


def test_cheaper_terms_are_other_terms_too(
    licences, order, terms, signed, grant, platform, relay, customer
):
    cheaper = terms._replace(price=1, unit_price=10**9)
    grant(customer, order.work, cheaper)

    with refused("TermsNotConsented", order.work, terms.hash(), cheaper.hash()):
        licences.takeLicenceFor(order, signed(order, platform), cheaper, NO_PERMIT, by(relay))


def test_an_order_past_its_deadline_buys_nothing(
    licences, order, terms, signed, authorize, stablecoin, platform, relay, devnet
):
    late = order._replace(deadline=devnet[-1]["timestamp"] - 1)

    with refused("SignatureExpired", late.deadline):
        licences.takeLicenceFor(late, signed(late, platform), terms, NO_PERMIT, by(relay))
    allowed = authorize(stablecoin, platform, PRICE, bytes(32))
    with refused("SignatureExpired", late.deadline):
        licences.takeLicenceAuthorized(late, terms, allowed, by(relay))


@pytest.mark.parametrize("domain", [{"chainId": 1}, {"verifyingContract": "0x" + "00" * 19 + "01"}])
def test_an_order_for_another_chain_or_contract_buys_nothing(
    licences, order, terms, signed, platform, relay, domain
):
    signature = signed(order, platform, **domain)

    with refused("NotSignedBy", platform):
        licences.takeLicenceFor(order, signature, terms, NO_PERMIT, by(relay))


def test_the_mirrored_signature_buys_nothing(licences, order, terms, signed, platform, relay):
    signature = mirrored(signed(order, platform))

    with refused("NotSignedBy", platform):
        licences.takeLicenceFor(order, signature, terms, NO_PERMIT, by(relay))


def test_an_order_needs_live_consent_when_it_is_sent(
    licences, consents, order, terms, signed, platform, relay, customer
):
    consents.withdrawConsent(order.work, Tier.GENERATION, by(customer))

    with refused("ConsentNotLive", order.work, Tier.GENERATION, ConsentState.WITHDRAWN):
        licences.takeLicenceFor(order, signed(order, platform), terms, NO_PERMIT, by(relay))


def test_a_wallet_that_is_a_contract_orders(
    licences,
    royalty_ledger,
    stablecoin,
    order,
    terms,
    words,
    key_for,
    customer,
    relay,
    SignerWallet,
):
    wallet = SignerWallet.deploy(customer, by(customer))
    stablecoin.mint(wallet, PRICE, by(customer))
    allow = stablecoin.approve.encode_input(royalty_ledger, PRICE)
    wallet.execute(stablecoin, allow, by(customer))
    order = order._replace(holder=wallet.address)
    signature = sign_for_wallet(key_for(customer), wallet, words(order))

    licences.takeLicenceFor(order, signature, terms, NO_PERMIT, by(relay))

    assert licences.holderOf(1) == wallet


# --- paid by an ERC-3009 authorization: one signature for both ---------------------------------


@pytest.fixture
def authorized(licences, stablecoin, authorize, platform):
    """The platform's one signature for an order: the authorization to pay for it."""

    def authorized(order, value=PRICE, **others):
        order_hash = bytes(licences.hashOrder(order))
        return authorize(stablecoin, platform, value, order_hash, **others)

    return authorized


def test_one_signature_orders_and_pays(
    licences, royalty_ledger, stablecoin, order, terms, authorized, platform, relay
):
    had = stablecoin.balanceOf(platform)

    tx = licences.takeLicenceAuthorized(order, terms, authorized(order), by(relay))

    assert tx.events["LicenceTaken"]["holder"] == platform
    assert tx.events["Paid"]["payer"] == platform
    assert stablecoin.balanceOf(platform) == had - PRICE
    assert stablecoin.allowance(platform, royalty_ledger) == 0
    assert royalty_ledger.accruedOf(order.work, stablecoin) == PRICE * SCALE


def test_an_authorized_order_is_good_once(licences, order, terms, authorized, platform, relay):
    paid = authorized(order)
    licences.takeLicenceAuthorized(order, terms, paid, by(relay))

    with refused("ERC3009UsedAuthorization", platform, paid.nonce):
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))
    assert licences.licenceCount() == 1


def test_an_authorization_sent_to_the_token_itself_moves_nothing(
    stablecoin, royalty_ledger, order, authorized, platform, relay
):
    paid = authorized(order)

    with refused("ERC20InvalidReceiver", royalty_ledger):
        stablecoin.receiveWithAuthorization(platform, royalty_ledger, PRICE, *paid, by(relay))


def test_an_authorization_taken_back_pays_for_nothing(
    licences, stablecoin, order, terms, authorized, key_for, devnet, platform, relay
):
    paid = authorized(order)
    words = typed_data(
        stablecoin, "CancelAuthorization", (platform, paid.nonce), chain_id=devnet.id
    )
    signature = sign(key_for(platform), words)
    v, r, s = signature[64], signature[:32], signature[32:64]
    stablecoin.cancelAuthorization(platform, paid.nonce, v, r, s, by(relay))

    with refused("ERC3009UsedAuthorization", platform, paid.nonce):
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))


def test_an_order_taken_back_is_not_bought_by_its_authorization(
    licences, royalty_ledger, stablecoin, order, terms, authorized, platform, relay
):
    """The token knows nothing of the order; only its nonce says that the signer took it back."""
    paid, had = authorized(order), stablecoin.balanceOf(platform)
    licences.revokeNonce(order.nonce, by(platform))

    with refused("NonceSpent", platform, order.nonce):
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))
    assert stablecoin.balanceOf(platform) == had
    assert licences.licenceCount() == 0


def test_an_order_used_by_its_own_signature_is_not_bought_again_by_an_authorization(
    licences, stablecoin, order, terms, signed, permit, authorized, platform, relay
):
    paid = authorized(order)
    allowed = permit(platform, stablecoin, PRICE)
    licences.takeLicenceFor(order, signed(order, platform), terms, allowed, by(relay))

    with refused("NonceSpent", platform, order.nonce):
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))


def test_an_authorization_over_another_amount_pays_for_nothing(
    licences, order, terms, authorized, relay
):
    for value in (PRICE - 1, PRICE + 1):
        with refused("ERC3009InvalidSignature"):
            licences.takeLicenceAuthorized(order, terms, authorized(order, value), by(relay))


def test_an_authorization_past_its_time_pays_for_nothing(
    licences, order, terms, authorized, relay, devnet
):
    late = devnet[-1]["timestamp"]

    with refused("ERC3009InvalidAuthorizationTime", 0, late):
        paid = authorized(order, valid_before=late)
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))


def test_the_mirrored_authorization_pays_for_nothing(licences, order, terms, authorized, relay):
    paid = authorized(order)
    other = mirrored(paid.r + paid.s + bytes([paid.v]))

    with refused("ECDSAInvalidSignatureS", other[32:64]):
        forged = paid._replace(v=other[64], s=other[32:64])
        licences.takeLicenceAuthorized(order, terms, forged, by(relay))


def test_who_sends_an_authorized_order_cannot_change_it(
    licences, order, terms, authorized, platform, relay
):
    paid = authorized(order)

    for change in ({"holder": relay.address}, {"max_price": PRICE + 1}, {"nonce": 1}):
        changed = order._replace(**change)
        with refused("AuthorizationUnfit", paid.nonce, bytes(licences.hashOrder(changed))):
            licences.takeLicenceAuthorized(changed, terms, paid, by(relay))


def test_an_authorization_for_anything_else_pays_for_no_order(
    licences, order, terms, authorize, stablecoin, platform, relay
):
    other = b"\x05" * 32

    with refused("AuthorizationUnfit", other, bytes(licences.hashOrder(order))):
        licences.takeLicenceAuthorized(
            order, terms, authorize(stablecoin, platform, PRICE, other), by(relay)
        )


def test_a_free_licence_is_not_taken_in_somebodys_name_without_a_word_of_theirs(
    licences, register_work, grant, stablecoin, authorize, customer, platform, relay
):
    free = Terms(Tier.TRAINING, stablecoin.address, price=0)
    work = register_work(customer)
    grant(customer, work, free)
    order = Order(work, free.hash(), platform.address, 0)
    order_hash = bytes(licences.hashOrder(order))

    with refused("NothingToPay", work):
        licences.takeLicenceAuthorized(
            order, free, authorize(stablecoin, relay, 0, order_hash), by(relay)
        )
