"""A work whose content somebody else had committed to before is licensed no more, by anybody or in
any way, whatever its first owner consented to."""

from __future__ import annotations

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MIN
from chain.ledger.rights import WorkKind
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import Terms, by, digest
from tests.contracts.signing import Order, Voucher

PRICE, SHARE, PART = 1_000, 100_000_000, 10
SONG = (0, WorkKind.RECORDING, digest("song"), digest("manifest"))
SALT = digest("salt")


@pytest.fixture
def terms(stablecoin):
    return Terms.generation(
        stablecoin,
        share=SHARE,
        price=PRICE,
        unit_cap=PART,
        revenue_cap=PART,
        sublicensable=True,
    )


@pytest.fixture
def watched(works, grant, take_licence, terms, stablecoin, customer, stranger, platform, mine_at):
    """A stranger's work, consented to and licensed, whose content the customer had committed to."""
    committed = works.commit(works.commitmentOf(customer, [SONG], SALT), by(customer)).timestamp
    mine_at(committed + 1)
    work = works.register(SONG, by(stranger)).return_value
    grant(stranger, work, terms)
    take_licence(platform, work, terms, stablecoin)
    return work


@pytest.fixture
def displace(works, customer, devnet, mine_at):
    def displace():
        mine_at(devnet[-1]["timestamp"] + COMMITMENT_AGE_MIN)
        return works.reveal([SONG], SALT, by(customer)).return_value

    return displace


def test_a_displaced_work_is_not_licensed(licences, watched, displace, terms, platform):
    rightful = displace()

    with refused("Displaced", watched, rightful):
        licences.takeLicence(watched, terms, NO_PERMIT, by(platform))
    with refused("Displaced", watched, rightful):
        licences.takeLicences(watched, terms, [platform] * 2, NO_PERMIT, by(platform))


def test_no_order_buys_a_licence_of_a_displaced_work(
    licences, watched, displace, terms, signed, authorize, stablecoin, platform, relay
):
    rightful = displace()
    order = Order(watched, terms.hash(), platform.address, PRICE, SHARE)
    paid = authorize(stablecoin, platform, PRICE, licences.hashOrder(order))

    with refused("Displaced", watched, rightful):
        licences.takeLicenceFor(order, signed(order, platform), terms, NO_PERMIT, by(relay))
    with refused("Displaced", watched, rightful):
        licences.takeLicenceAuthorized(order, terms, paid, by(relay))


def test_no_voucher_buys_a_licence_of_a_displaced_work(
    licences, watched, displace, terms, signed, customer, platform
):
    """Whoever decides for it now has the work in its place to give licences of."""
    rightful = displace()
    voucher = Voucher(watched, terms.hash(), platform.address)

    with refused("Displaced", watched, rightful):
        licences.redeemVoucher(voucher, signed(voucher, customer), terms, NO_PERMIT, by(platform))


def test_a_licence_of_a_displaced_work_holds_and_is_not_passed_on(
    licences, watched, displace, terms, platform, stranger
):
    expiry = licences.licenceOf(1)[1]
    rightful = displace()

    with refused("Displaced", watched, rightful):
        licences.sublicense(1, terms, (stranger.address, expiry, PART, PART), by(platform))
    assert licences.isActive(1)
    assert licences.royaltyShareFor(1, platform, watched) == SHARE


def test_the_work_in_its_place_is_licensed(
    licences, watched, displace, terms, grant, take_licence, stablecoin, customer, platform
):
    rightful = displace()
    grant(customer, rightful, terms)

    licence = take_licence(platform, rightful, terms, stablecoin)

    assert licences.licenceOf(licence)[3] == rightful
