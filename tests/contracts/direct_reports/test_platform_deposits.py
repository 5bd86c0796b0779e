"""A platform's deposit: what came is there, what is unlocked can be taken back, by it alone."""

from __future__ import annotations

import pytest

from tests.contracts.direct_reports.conftest import DEPOSIT, UNIT_PRICE
from tests.contracts.refusals import refused
from tests.contracts.rights import by
from tests.contracts.royalty_ledger.stage import EVERYTHING, refusal_of

AMOUNT = 1_000_000


def test_anybody_adds_to_a_platforms_deposit(
    direct_reports, desk, stablecoin, platform, customer, deployer
):
    stablecoin.mint(customer, AMOUNT, by(deployer))
    stablecoin.approve(direct_reports, AMOUNT, by(customer))
    tx = direct_reports.deposit(platform, stablecoin, AMOUNT, by(customer))

    assert dict(tx.events["Deposited"]) == {
        "platform": platform,
        "token": stablecoin,
        "from": customer,
        "amount": AMOUNT,
        "free": DEPOSIT + AMOUNT,
    }
    assert direct_reports.depositOf(platform, stablecoin) == DEPOSIT + AMOUNT
    assert direct_reports.depositOf(customer, stablecoin) == 0


def test_what_is_unlocked_can_be_taken_back_whole(direct_reports, desk, stablecoin, platform, now):
    desk.post(desk.report(now))
    before, rest = stablecoin.balanceOf(platform), DEPOSIT - UNIT_PRICE
    tx = direct_reports.takeBack(stablecoin, rest, by(platform))

    taken = {"platform": platform, "token": stablecoin, "amount": rest, "free": 0}
    assert dict(tx.events["TakenBack"]) == taken
    assert stablecoin.balanceOf(platform) == before + rest
    assert stablecoin.balanceOf(direct_reports) == UNIT_PRICE


def test_what_is_locked_or_anothers_is_not(
    direct_reports, desk, stablecoin, platform, stranger, now
):
    desk.post(desk.report(now))
    free = DEPOSIT - UNIT_PRICE

    with refused("DepositTooSmall", platform, stablecoin, free, free + 1):
        direct_reports.takeBack(stablecoin, free + 1, by(platform))
    with refused("DepositTooSmall", stranger, stablecoin, 0, 1):
        direct_reports.takeBack(stablecoin, 1, by(stranger))


def test_nothing_is_no_amount(direct_reports, stablecoin, platform):
    for method, given in (
        (direct_reports.deposit, (platform, stablecoin, 0)),
        (direct_reports.takeBack, (stablecoin, 0)),
    ):
        assert refusal_of(method, *given, sender=platform) == ("ZeroAmount",)


def test_a_token_the_ledger_does_not_take_is_not_taken_here(direct_reports, paying_token, platform):
    """What could never be paid on is never locked."""
    refusal = refusal_of(direct_reports.deposit, platform, paying_token, 1, sender=platform)

    assert refusal == ("TokenNotAccepted", paying_token.address)


def test_every_kind_of_token_comes_and_goes(
    direct_reports, royalty_ledger, paying_token, platform, curator, deployer
):
    royalty_ledger.acceptToken(paying_token, by(curator))
    paying_token.mint(platform, AMOUNT, by(deployer))
    paying_token.approve(direct_reports, AMOUNT, by(platform))
    direct_reports.deposit(platform, paying_token, AMOUNT, by(platform))
    assert direct_reports.depositOf(platform, paying_token) == AMOUNT

    direct_reports.takeBack(paying_token, AMOUNT, by(platform))

    assert paying_token.balanceOf(platform) == AMOUNT
    assert direct_reports.depositOf(platform, paying_token) == 0


@pytest.mark.parametrize(
    ("currency", "received"), [("FeeTakingToken", AMOUNT - AMOUNT // 100), ("IdleToken", 0)]
)
def test_a_token_that_delivers_less_is_refused(
    direct_reports, royalty_ledger, platform, curator, deployer, currency, received, request
):
    token = request.getfixturevalue(currency).deploy(by(deployer))
    royalty_ledger.acceptToken(token, by(curator))
    token.mint(platform, AMOUNT, by(deployer))
    token.approve(direct_reports, AMOUNT, by(platform))

    refusal = refusal_of(direct_reports.deposit, platform, token, AMOUNT, sender=platform)

    assert refusal == ("AmountMismatch", AMOUNT, received)
    assert direct_reports.depositOf(platform, token) == 0


def test_a_token_that_says_no_is_refused(
    direct_reports, royalty_ledger, FalseReturningToken, platform, curator, deployer
):
    token = FalseReturningToken.deploy(by(deployer))
    royalty_ledger.acceptToken(token, by(curator))

    refusal = refusal_of(direct_reports.deposit, platform, token, AMOUNT, sender=platform)

    assert refusal == ("SafeERC20FailedOperation", token.address)


@pytest.mark.parametrize("reentered", ["deposit", "takeBack"])
def test_a_token_that_calls_back_gets_nothing_twice(
    direct_reports, royalty_ledger, ReentrantToken, platform, curator, deployer, reentered
):
    token = ReentrantToken.deploy(by(deployer))
    royalty_ledger.acceptToken(token, by(curator))
    token.mint(platform, AMOUNT, by(deployer))
    token.approve(direct_reports, EVERYTHING, by(platform))
    direct_reports.deposit(platform, token, AMOUNT // 2, by(platform))
    call = direct_reports.takeBack.encode_input(token, 1)
    token.arm(direct_reports, call, by(deployer))

    method, given = {
        "deposit": (direct_reports.deposit, (platform, token, 1)),
        "takeBack": (direct_reports.takeBack, (token, 1)),
    }[reentered]

    assert refusal_of(method, *given, sender=platform) == ("ReentrancyGuardReentrantCall",)
