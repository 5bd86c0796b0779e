"""Several licences at once: ids in order, one payment, all or none."""

from __future__ import annotations

import pytest

from chain.ledger.rights import Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import SCALE, Terms, by

PRICE = 1_000_000


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.DISTRIBUTION, stablecoin.address, price=PRICE)


@pytest.fixture
def work(register_work, grant, customer, terms):
    work = register_work(customer)
    grant(customer, work, terms)
    return work


def test_one_payment_takes_a_licence_for_each(
    licences, royalty_ledger, stablecoin, work, terms, permit, platform, payees
):
    holders = [payee.address for payee in payees[:10]]

    tx = licences.takeLicences(
        work, terms, holders, permit(platform, stablecoin, 10 * PRICE), by(platform)
    )

    assert tx.return_value == 1
    assert [event["holder"] for event in tx.events["LicenceTaken"]] == holders
    assert [licences.holderOf(i) for i in range(1, 11)] == holders
    assert len(tx.events["Paid"]) == 1
    assert tx.events["Paid"]["payer"] == platform
    assert royalty_ledger.accruedOf(work, stablecoin) == 10 * PRICE * SCALE
    assert licences.licenceCount() == 10


@pytest.mark.parametrize("count", [0, 65])
def test_a_batch_has_one_to_sixty_four_licences(licences, work, terms, platform, count):
    with refused("BadLicenceCount", count):
        licences.takeLicences(work, terms, [platform] * count, NO_PERMIT, by(platform))


def test_sixty_four_fit(licences, work, terms, stablecoin, permit, platform):
    allowed = permit(platform, stablecoin, 64 * PRICE)

    licences.takeLicences(work, terms, [platform] * 64, allowed, by(platform))

    assert licences.licenceCount() == 64


def test_a_batch_that_is_not_paid_for_leaves_nothing(
    licences, royalty_ledger, work, terms, stablecoin, permit, platform
):
    allowed = permit(platform, stablecoin, 2 * PRICE - 1)

    with refused("ERC20InsufficientAllowance", royalty_ledger, 2 * PRICE - 1, 2 * PRICE):
        licences.takeLicences(work, terms, [platform, platform], allowed, by(platform))

    assert licences.licenceCount() == 0


def test_a_total_beyond_all_money_is_refused(licences, stablecoin, register_work, grant, customer):
    terms = Terms(Tier.TRAINING, stablecoin.address, price=2**127)
    work = register_work(customer)
    grant(customer, work, terms)

    with refused("SafeCastOverflowedUintDowncast", 128, 2**128):
        licences.takeLicences(work, terms, [customer, customer], NO_PERMIT, by(customer))


def test_terms_are_said_once_for_all_licences_under_an_offer(
    licences, work, terms, stablecoin, take_licence, permit, platform
):
    first = licences.takeLicence(work, terms, permit(platform, stablecoin, PRICE), by(platform))
    again = licences.takeLicence(work, terms, permit(platform, stablecoin, PRICE), by(platform))

    assert "OfferOpened" in first.events
    assert "OfferOpened" not in again.events
    assert licences.licenceOf(1)[2:] == licences.licenceOf(2)[2:]
