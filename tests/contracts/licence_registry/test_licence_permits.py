"""ERC-2612 permits: used, sent first by somebody else, expired, forged, replayed, missing."""

from __future__ import annotations

import pytest

from chain.ledger.rights import Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import SCALE, ZERO, Terms, by

PRICE = 25_000_000


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.TRAINING, stablecoin.address, price=PRICE)


@pytest.fixture
def work(register_work, grant, customer, terms):
    work = register_work(customer)
    grant(customer, work, terms)
    return work


def send_permit(token, holder, spender, signed, sender):
    token.permit(
        holder, spender, signed.value, signed.deadline, signed.v, signed.r, signed.s, by(sender)
    )


def test_a_permit_somebody_else_sent_first_does_no_harm(
    licences, royalty_ledger, stablecoin, work, terms, permit, platform, stranger
):
    signed = permit(platform, stablecoin, PRICE)
    send_permit(stablecoin, platform, royalty_ledger, signed, stranger)

    licences.takeLicence(work, terms, signed, by(platform))

    assert royalty_ledger.accruedOf(work, stablecoin) == PRICE * SCALE


def test_a_permit_is_good_once(licences, stablecoin, work, terms, permit, platform):
    signed = permit(platform, stablecoin, PRICE)
    licences.takeLicence(work, terms, signed, by(platform))

    with refused("ERC2612InvalidSigner"):
        licences.takeLicence(work, terms, signed, by(platform))

    assert licences.licenceCount() == 1


def test_a_permit_serves_its_signer_only(
    licences, stablecoin, work, terms, permit, platform, stranger
):
    signed = permit(platform, stablecoin, PRICE)

    with refused("ERC2612InvalidSigner"):
        licences.takeLicence(work, terms, signed, by(stranger))


def test_an_expired_permit_pays_nothing(
    licences, stablecoin, work, terms, permit, platform, devnet
):
    deadline = devnet[-1]["timestamp"] - 1

    with refused("ERC2612ExpiredSignature", deadline):
        licences.takeLicence(
            work, terms, permit(platform, stablecoin, PRICE, deadline=deadline), by(platform)
        )


def test_an_expired_permit_is_not_needed_when_the_allowance_suffices(
    licences, royalty_ledger, stablecoin, work, terms, permit, platform, devnet
):
    deadline = devnet[-1]["timestamp"] - 1
    stablecoin.approve(royalty_ledger, PRICE, by(platform))

    licences.takeLicence(
        work, terms, permit(platform, stablecoin, PRICE, deadline=deadline), by(platform)
    )

    assert licences.licenceCount() == 1


@pytest.mark.parametrize(
    "forgery",
    [
        {"spender": ZERO},
        {"nonce": 1},
        {"chain_id": 1},
        {"key": b"\x07" * 32},
        {"owner": "0x000000000000000000000000000000000000dEaD", "nonce": 0},
    ],
)
def test_a_forged_permit_pays_nothing(licences, stablecoin, work, terms, permit, platform, forgery):
    signed = permit(platform, stablecoin, PRICE, **forgery)

    with refused("ERC2612InvalidSigner"):
        licences.takeLicence(work, terms, signed, by(platform))


def test_a_permit_of_another_amount_than_it_says_is_forged(
    licences, stablecoin, work, terms, permit, platform
):
    signed = permit(platform, stablecoin, 1)._replace(value=PRICE)

    with refused("ERC2612InvalidSigner"):
        licences.takeLicence(work, terms, signed, by(platform))


def test_a_signature_of_the_wrong_form_pays_nothing(
    licences, stablecoin, work, terms, permit, platform
):
    signed = permit(platform, stablecoin, PRICE)
    curve_order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    mirrored = (curve_order - int.from_bytes(signed.s, "big")).to_bytes(32, "big")

    with refused("ECDSAInvalidSignatureS", mirrored):
        licences.takeLicence(work, terms, signed._replace(s=mirrored), by(platform))
    with refused("ECDSAInvalidSignature"):
        licences.takeLicence(work, terms, signed._replace(v=0), by(platform))


def test_a_permit_over_too_little_pays_nothing(
    licences, royalty_ledger, stablecoin, work, terms, permit, platform
):
    signed = permit(platform, stablecoin, PRICE - 1)

    with refused("ERC20InsufficientAllowance", royalty_ledger, PRICE - 1, PRICE):
        licences.takeLicence(work, terms, signed, by(platform))

    assert stablecoin.nonces(platform) == 0


def test_a_permit_over_more_leaves_the_rest_allowed(
    licences, royalty_ledger, stablecoin, work, terms, permit, platform
):
    licences.takeLicence(work, terms, permit(platform, stablecoin, PRICE + 5), by(platform))

    assert stablecoin.allowance(platform, royalty_ledger) == 5


def test_without_permit_and_allowance_nothing_is_taken(
    licences, royalty_ledger, work, terms, platform
):
    with refused("ERC20InsufficientAllowance", royalty_ledger, 0, PRICE):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))


def test_a_licensee_without_money_takes_nothing(
    licences, stablecoin, work, terms, permit, stranger
):
    with refused("ERC20InsufficientBalance", stranger, 0, PRICE):
        licences.takeLicence(work, terms, permit(stranger, stablecoin, PRICE), by(stranger))


def test_a_token_without_permits_says_nothing_and_pays_nothing(
    licences,
    royalty_ledger,
    stablecoin,
    register_work,
    grant,
    permit,
    customer,
    platform,
    PlainToken,
):
    token = PlainToken.deploy(18, by(customer))
    terms = Terms(Tier.TRAINING, token.address, price=PRICE)
    work = register_work(customer)
    grant(customer, work, terms)
    signed = permit(platform, stablecoin, PRICE)

    with pytest.raises(Exception, match="revert"):
        licences.takeLicence(work, terms, signed, by(platform))

    assert licences.licenceCount() == 0
