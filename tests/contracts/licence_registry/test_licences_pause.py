"""A pause of the ledger stops new licences in every form, and nothing of those there are."""

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


@pytest.mark.parametrize("price", [0, 5])
def test_a_pause_stops_every_way_to_take_a_licence(
    licences, royalty_ledger, register_work, grant, take_licence, terms, price, signed, authorize,
    stablecoin, council, customer, platform
):  # fmt: skip
    """A paid licence is stopped where it is paid, and a free one where it is taken."""
    terms = terms._replace(price=price)
    work = register_work(customer)
    grant(customer, work, terms)
    take_licence(platform, work, terms, stablecoin)
    until = royalty_ledger.pause(by(council)).timestamp + 14 * DAY
    voucher = Voucher(work, terms.hash())
    order = Order(work, terms.hash(), platform.address, price)
    paid = authorize(stablecoin, platform, price, licences.hashOrder(order))
    part = (platform.address, 1, 0, 0)
    ways = [
        ("takeLicence", work, terms, NO_PERMIT),
        ("takeLicences", work, terms, [platform], NO_PERMIT),
        ("redeemVoucher", voucher, signed(voucher, customer), terms, NO_PERMIT),
        ("takeLicenceFor", order, signed(order, platform), terms, NO_PERMIT),
        ("sublicense", 1, terms, part),
    ]
    if price:
        ways.append(("takeLicenceAuthorized", order, terms, paid))

    for name, *arguments in ways:
        with refused("NewMoneyPaused", until):
            getattr(licences, name)(*arguments, by(platform))
    assert licences.licenceCount() == 1
    assert licences.isActive(1)


def test_a_pause_ends_by_itself(licences, royalty_ledger, work, terms, council, platform, mine_at):
    tx = royalty_ledger.pause(by(council))
    mine_at(tx.timestamp + 14 * DAY)

    licences.takeLicence(work, terms, NO_PERMIT, by(platform))

    assert licences.licenceCount() == 1


def test_pauses_in_turn_stop_licences_no_longer_than_one(
    licences, ledger_contracts, royalty_ledger, register_work, grant, take_licence, stablecoin,
    council, customer, platform, mine_at
):  # fmt: skip
    """A paid licence goes through two contracts. Were each to have a switch of its own, the two
    could take turns."""
    paid = Terms(Tier.TRAINING, stablecoin.address, price=5)
    work = register_work(customer)
    grant(customer, work, paid)
    until = royalty_ledger.pause(by(council)).timestamp + 14 * DAY
    mine_at(until)
    for contract in ledger_contracts.values():
        if hasattr(contract, "pausedUntil") and contract != royalty_ledger:
            contract.pause(by(council))

    assert not hasattr(licences, "pause")
    take_licence(platform, work, paid, stablecoin)
    mine_at(until + 14 * DAY - 60)
    take_licence(platform, work, paid, stablecoin)
