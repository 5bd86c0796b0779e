"""ERC-2981: what is asked of a resale, and that what comes reaches the work's payees."""

from __future__ import annotations

import brownie
import pytest

from tests.contracts.refusals import refused
from tests.contracts.rights import SCALE, by

ERC2981 = "0x2a55205a"
PRICE = 10_000_019


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


def test_ether_goes_to_who_decides_for_the_work(works, work, customer, platform, stranger):
    platform.transfer(works.inboxOf(work), 11, silent=True)
    before = customer.balance()

    works.deliverEther(work, by(stranger))
    assert customer.balance() == before + 11

    # The inbox is there now, and takes ether all the same.
    platform.transfer(works.inboxOf(work), 4, silent=True)
    works.deliverEther(work, by(stranger))
    assert customer.balance() == before + 15
    assert brownie.web3.eth.get_balance(works.inboxOf(work)) == 0


def test_works_nobody_registered_have_no_inbox(works, stablecoin, stranger):
    with refused("WorkUnknown", 1):
        works.deliver(1, stablecoin, by(stranger))
    with refused("WorkUnknown", 1):
        works.deliverEther(1, by(stranger))
