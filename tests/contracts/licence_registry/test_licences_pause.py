"""A pause stops new licences in every form, for a while, and nothing of the licences there are."""

from __future__ import annotations

import pytest

from chain.ledger.rights import Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, Terms, by
from tests.contracts.signing import Order, Voucher


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.TRAINING, stablecoin.address, price=0, sublicensable=True)


@pytest.fixture
def work(register_work, grant, customer, terms):
    work = register_work(customer)
    grant(customer, work, terms)
    return work


def test_a_pause_stops_every_way_to_take_a_licence(
    licences, work, terms, signed, authorize, stablecoin, council, customer, platform, devnet
):
    licences.takeLicence(work, terms, NO_PERMIT, by(platform))
    tx = licences.pause(by(council))
    until = tx.timestamp + 14 * DAY
    voucher = Voucher(work, terms.hash())
    order = Order(work, terms.hash(), platform.address, 0)
    part = (platform.address, 1, 0, 0)
    ways = [
        ("takeLicence", work, terms, NO_PERMIT),
        ("takeLicences", work, terms, [platform], NO_PERMIT),
        ("redeemVoucher", voucher, signed(voucher, customer), terms, NO_PERMIT),
        ("takeLicenceFor", order, signed(order, platform), terms, NO_PERMIT),
        ("takeLicenceAuthorized", order, terms, authorize(stablecoin, platform, 0, bytes(32))),
        ("sublicense", 1, terms, part),
    ]

    for name, *arguments in ways:
        with refused("NewMoneyPaused", until):
            getattr(licences, name)(*arguments, by(platform))
    assert licences.isActive(1)


def test_a_pause_ends_by_itself(licences, work, terms, council, platform, mine_at):
    tx = licences.pause(by(council))
    mine_at(tx.timestamp + 14 * DAY)

    licences.takeLicence(work, terms, NO_PERMIT, by(platform))

    assert licences.licenceCount() == 1


def test_only_the_guardian_pauses(licences, stranger, deployer):
    for outsider in (stranger, deployer):
        with refused("NotPermitted"):
            licences.pause(by(outsider))
