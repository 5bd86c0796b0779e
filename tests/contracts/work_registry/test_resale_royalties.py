"""ERC-2981: what is asked of a resale, and that what comes reaches the work's payees."""

from __future__ import annotations

import brownie
import pytest

from scripts.deployment import NO_TOKEN
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, SCALE, by, digest

ERC2981 = "0x2a55205a"
PRICE = 10_000_019


@pytest.fixture(scope="module")
def ether(ledger_contracts):
    return ledger_contracts["DevEther"]


@pytest.fixture
def work(register_work, customer):
    return register_work(customer)


@pytest.mark.parametrize("price", [0, 1, 19, 20, PRICE, 2**256 - 1])
def test_a_twentieth_of_the_price_is_asked_for_to_the_works_inbox(works, work, price):
    assert works.royaltyInfo(work, price) == (works.inboxOf(work), price * 500 // 10_000)
    assert works.supportsInterface(ERC2981)


def test_every_work_has_an_inbox_of_its_own(works, register_work, customer):
    inboxes = {works.inboxOf(register_work(customer)) for _ in range(3)}

    assert len(inboxes) == 3


def test_nothing_is_asked_for_tokens_that_were_never_minted(works, work):
    for token in (0, 2, 2**64 + work):
        with refused("ERC721NonexistentToken", token):
            works.royaltyInfo(token, PRICE)


def test_what_a_market_paid_is_delivered_to_the_work(
    works, work, stablecoin, royalty_ledger, platform, stranger
):
    inbox, amount = works.royaltyInfo(work, PRICE)
    stablecoin.transfer(inbox, amount, by(platform))

    works.deliver(work, stablecoin, by(stranger))

    assert stablecoin.balanceOf(inbox) == 0
    assert royalty_ledger.accruedOf(work, stablecoin) == amount * SCALE


def test_an_inbox_says_whose_it_is(
    WorkInbox, works, work, stablecoin, royalty_ledger, platform, stranger
):
    """Who finds money at an address reads there which work it is for, and who keeps the books."""
    stablecoin.transfer(works.inboxOf(work), 1, by(platform))
    works.deliver(work, stablecoin, by(stranger))
    inbox = WorkInbox.at(works.inboxOf(work))

    assert (inbox.works(), inbox.ledger(), inbox.workId()) == (works, royalty_ledger, work)
    assert inbox.wrappedEther() == works.wrappedEther()


def test_an_inbox_serves_again(works, work, stablecoin, royalty_ledger, platform, stranger):
    for _ in range(2):
        stablecoin.transfer(works.inboxOf(work), 7, by(platform))
        works.deliver(work, stablecoin, by(stranger))

    assert royalty_ledger.accruedOf(work, stablecoin) == 14 * SCALE


def test_an_empty_inbox_delivers_nothing(works, work, stablecoin, stranger):
    with refused("ZeroAmount"):
        works.deliver(work, stablecoin, by(stranger))


def test_a_token_the_ledger_does_not_take_waits(
    works, work, PlainToken, royalty_ledger, curator, deployer, stranger
):
    token = PlainToken.deploy(18, by(deployer))
    token.mint(works.inboxOf(work), 5, by(deployer))

    with refused("TokenNotAccepted", token):
        works.deliver(work, token, by(stranger))
    royalty_ledger.acceptToken(token, by(curator))
    works.deliver(work, token, by(stranger))

    assert royalty_ledger.accruedOf(work, token) == 5 * SCALE


def test_ether_is_wrapped_and_paid_to_the_work(
    works, work, ether, royalty_ledger, curator, customer, platform, stranger
):
    """Whoever decides for the work, or bought its token since, gets none of it."""
    royalty_ledger.acceptToken(ether, by(curator))
    inbox = works.inboxOf(work)
    platform.transfer(inbox, 11, silent=True)
    works.transferFrom(customer, stranger, work, by(customer))
    before = (customer.balance(), stranger.balance())

    works.deliverEther(work, by(platform))
    assert royalty_ledger.accruedOf(work, ether) == 11 * SCALE

    # The inbox is there now, and takes ether all the same.
    platform.transfer(inbox, 4, silent=True)
    works.deliverEther(work, by(platform))
    assert royalty_ledger.accruedOf(work, ether) == 15 * SCALE
    assert (customer.balance(), stranger.balance()) == before
    assert brownie.web3.eth.get_balance(inbox) == ether.balanceOf(inbox) == 0
    assert ether.balanceOf(royalty_ledger) == brownie.web3.eth.get_balance(ether.address) == 15


def test_ether_waits_until_the_ledger_takes_it(
    works, work, ether, royalty_ledger, curator, council, platform, stranger
):
    inbox = works.inboxOf(work)
    platform.transfer(inbox, 11, silent=True)

    with refused("TokenNotAccepted", ether):
        works.deliverEther(work, by(stranger))
    royalty_ledger.acceptToken(ether, by(curator))
    until = royalty_ledger.pause(by(council)).timestamp + 14 * DAY
    with refused("NewMoneyPaused", until):
        works.deliverEther(work, by(stranger))
    assert brownie.web3.eth.get_balance(inbox) == 11
    royalty_ledger.unpause(by(council))
    works.deliverEther(work, by(stranger))

    assert royalty_ledger.accruedOf(work, ether) == 11 * SCALE


def test_where_nothing_wraps_ether_none_is_taken(
    WorkRegistry, WorkInbox, consents, royalty_ledger, deployer, platform, stranger
):
    works = WorkRegistry.deploy(consents, royalty_ledger, NO_TOKEN, by(deployer))
    works.register((0, 1, digest("samples"), digest("manifest")), by(platform))
    inbox = WorkInbox.deploy(royalty_ledger, NO_TOKEN, 1, by(deployer))

    with refused("EtherNotTaken", 1):
        works.deliverEther(1, by(stranger))
    with refused("EtherNotTaken", 1):
        platform.transfer(inbox, 4, silent=True)


def test_ether_comes_out_of_its_token_again(ether, platform):
    """As long as it is only of use on development chains, but not a trap there."""
    ether.deposit({"from": platform, "value": 7})
    before = platform.balance()

    ether.withdraw(3, {"from": platform, "gas_price": 0})

    assert platform.balance() == before + 3
    assert ether.balanceOf(platform) == 4


def test_works_nobody_registered_have_no_inbox(works, stablecoin, stranger):
    with refused("WorkUnknown", 1):
        works.deliver(1, stablecoin, by(stranger))
    with refused("WorkUnknown", 1):
        works.deliverEther(1, by(stranger))
