"""Whose money the lane holds: funded by or for a holder, charged to that holder alone."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import FUNDS, WINDOW, prepare
from tests.contracts.royalty_ledger.stage import PayoutTree, by, refusal_of

REASON = "0x" + "ab" * 32


@pytest.fixture(scope="module")
def other(accounts):
    """A platform that funds nothing itself."""
    return accounts[5]


@pytest.fixture
def credited(distributor, token, roles, other):
    """The platform with 1,000, the other one with 50."""
    distributor.fund(token, 1_000, by(roles.platform))
    distributor.fundFor(token, other, 50, by(roles.platform))
    return token


def credits_of(distributor, token, *holders):
    return [distributor.creditOf(token, holder) for holder in holders]


def test_what_a_platform_funds_is_its_credit(distributor, token, roles):
    distributor.fund(token, 100, by(roles.platform))
    tx = distributor.fund(token, 23, by(roles.platform))

    assert distributor.laneOf(token) == (123, 0, 0)
    assert token.balanceOf(distributor) == distributor.creditOf(token, roles.platform) == 123
    assert dict(tx.events["Funded"]) == {
        "token": token,
        "holder": roles.platform,
        "amount": 23,
        "credit": 123,
        "funded": 123,
    }


def test_who_funds_for_another_gives_it_the_credit(distributor, token, roles, other):
    distributor.fund(token, 100, by(roles.platform))

    tx = distributor.fundFor(token, other, 23, by(roles.platform))

    assert credits_of(distributor, token, roles.platform, other) == [100, 23]
    assert dict(tx.events["Funded"]) == {
        "token": token,
        "holder": other,
        "amount": 23,
        "credit": 23,
        "funded": 123,
    }


def test_nothing_is_not_a_funding(distributor, token, roles, other):
    for method, given in ((distributor.fund, ()), (distributor.fundFor, (other,))):
        assert refusal_of(method, token, *given, 0, sender=roles.platform) == ("ZeroAmount",)


def test_a_token_that_keeps_a_fee_is_refused(distributor, FeeTakingToken, roles, other):
    token = prepare(FeeTakingToken.deploy(by(roles.deployer)), distributor, roles)

    for method, given in ((distributor.fund, ()), (distributor.fundFor, (other,))):
        refused = refusal_of(method, token, *given, 1_000, sender=roles.platform)
        assert refused == ("AmountMismatch", 1_000, 990)


def test_a_token_that_delivers_nothing_is_refused(distributor, IdleToken, roles):
    token = prepare(IdleToken.deploy(by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("AmountMismatch", 1_000, 0)


def test_a_token_that_answers_false_is_refused(distributor, FalseReturningToken, roles):
    token = prepare(FalseReturningToken.deploy(by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("SafeERC20FailedOperation", token.address)


def test_a_token_that_calls_back_gets_nowhere(distributor, ReentrantToken, roles, other):
    token = prepare(ReentrantToken.deploy(by(roles.deployer)), distributor, roles)
    for call in (
        distributor.fund.encode_input(token, 1),
        distributor.fundFor.encode_input(token, other, 1),
    ):
        token.arm(distributor, call, by(roles.deployer))
        for method, given in ((distributor.fund, ()), (distributor.fundFor, (other,))):
            refused = refusal_of(method, token, *given, 1_000, sender=roles.platform)
            assert refused == ("ReentrancyGuardReentrantCall",)


def test_more_than_a_lane_holds_is_refused_whole(distributor, token, roles, other):
    distributor.fund(token, 2**119, by(roles.platform))

    refused = refusal_of(distributor.fundFor, token, other, 2**119, sender=roles.platform)

    assert refused == ("SafeCastOverflowedUintDowncast", 120, 2**120)
    distributor.fundFor(token, other, 2**119 - 1, by(roles.platform))
    assert distributor.laneOf(token)[0] == 2**120 - 1


def test_an_epoch_is_charged_to_each_holder_for_its_own(distributor, credited, roles, other):
    charges = [(roles.platform, 300), (other, 20), (roles.platform, 7), (other, 30)]

    tx = distributor.charge(credited, charges, by(roles.oracle))

    told = [(e["token"], e["holder"], e["amount"], e["credit"]) for e in tx.events["Charged"]]
    assert told == [
        (credited, roles.platform, 300, 700),
        (credited, other, 20, 30),
        (credited, roles.platform, 7, 693),
        (credited, other, 30, 0),
    ]
    assert credits_of(distributor, credited, roles.platform, other) == [693, 0]
    assert distributor.chargedOf(credited) == 357
    assert distributor.laneOf(credited) == (1_050, 0, 0)


def test_nobodys_use_is_paid_with_anothers_money(distributor, credited, roles, other):
    """However full the lane is."""
    for charges in ([(other, 51)], [(roles.platform, 1), (other, 25), (other, 26)]):
        left = 50 if len(charges) == 1 else 25
        refused = refusal_of(distributor.charge, credited, charges, sender=roles.oracle)
        assert refused == (
            "CreditExceeded",
            credited.address,
            other.address,
            charges[-1][1],
            left,
        )


def test_a_credit_is_in_one_token(distributor, credited, PlainToken, roles):
    foreign = prepare(PlainToken.deploy(6, by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.charge, foreign, [(roles.platform, 1)], sender=roles.oracle)

    assert refused == ("CreditExceeded", foreign.address, roles.platform.address, 1, 0)


def test_what_was_charged_comes_back_to_whom_it_was_charged(distributor, credited, roles, other):
    charges = [(roles.platform, 300), (other, 20), (roles.platform, 7)]
    distributor.charge(credited, charges, by(roles.oracle))

    tx = distributor.returnCharges(credited, charges, by(roles.oracle))

    told = [(e["holder"], e["amount"], e["credit"]) for e in tx.events["ChargeReturned"]]
    assert told == [(roles.platform, 300, 993), (other, 20, 50), (roles.platform, 7, 1_000)]
    assert {event["token"] for event in tx.events["ChargeReturned"]} == {credited.address}
    assert credits_of(distributor, credited, roles.platform, other) == [1_000, 50]
    assert distributor.chargedOf(credited) == 0


def test_only_the_oracle_charges_and_returns(distributor, credited, roles, other):
    for method in (distributor.charge, distributor.returnCharges):
        for charges in ([], [(other, 1)]):
            refused = refusal_of(method, credited, charges, sender=roles.council)
            assert refused == ("NotUsageOracle", roles.council.address)


def test_what_roots_that_stand_promise_does_not_come_back(
    distributor, credited, payees, roles, other
):
    """An epoch that was charged nothing lives on what a rejected one was; it must go first."""
    charges = [(other, 30)]
    distributor.charge(credited, charges, by(roles.oracle))
    for epoch, promised in ((1, 30), (2, 29)):
        tree = PayoutTree(credited, {payees[0]: promised})
        distributor.propose(*tree.proposal(epoch, credited), by(roles.oracle))
        if epoch == 1:
            distributor.reject(credited, 1, REASON, by(roles.council))

    refused = refusal_of(distributor.returnCharges, credited, charges, sender=roles.oracle)
    distributor.reject(credited, 2, REASON, by(roles.council))
    distributor.returnCharges(credited, charges, by(roles.oracle))

    assert refused == ("NotCharged", 29, 0)
    assert credits_of(distributor, credited, other) == [50]


def test_credits_and_charges_are_what_was_funded(
    distributor, credited, payees, roles, other, chain
):
    """Also when it was paid out."""
    distributor.charge(credited, [(roles.platform, 300), (other, 20)], by(roles.oracle))
    tree = PayoutTree(credited, {payees[0]: 320})
    distributor.propose(*tree.proposal(1, credited), by(roles.oracle))
    chain.sleep(WINDOW)
    distributor.activate(credited, by(roles.keeper))
    distributor.pushRange(*tree.whole(credited), by(roles.keeper))

    left = credits_of(distributor, credited, roles.platform, other)
    assert distributor.laneOf(credited) == (1_050, 320, 320)
    assert sum(left) + distributor.chargedOf(credited) == 1_050
    assert sum(left) == credited.balanceOf(distributor)


def test_a_credit_is_whose_call_brought_it(distributor, token, wallet, through, roles):
    """Not who pays the gas of it."""
    token.mint(wallet, FUNDS, by(roles.deployer))
    through(token.approve, distributor, FUNDS)

    tx = through(distributor.fund, token, FUNDS)

    assert tx.events["Funded"]["holder"] == wallet
    assert distributor.creditOf(token, wallet) == FUNDS
