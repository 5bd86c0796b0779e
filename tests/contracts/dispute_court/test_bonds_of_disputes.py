"""The loser pays the winner, half is the treasury's, and every bond leaves to those it is owed."""

from __future__ import annotations

import pytest

from tests.contracts.dispute_court.conftest import (
    ANSWER_TIME,
    DISMISSED,
    INCOME,
    MINIMUM_BOND,
    PAYEES_TIME,
    RULING_TIME,
    UPHELD,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, by, digest

BOND = INCOME * 6 // 10 // 20
REPLY = digest("reply")


HALF = BOND // 2
# Owed to the disputer, the payee, a friend who answered in the payee's stead, the treasury.
TABLE = [
    ("ruled upheld", None, [BOND, 0, 0, 0]),
    ("ruled upheld", "payee", [BOND + HALF, 0, 0, HALF]),
    ("ruled upheld", "friend", [BOND + HALF, 0, 0, HALF]),
    ("the payee gives in", None, [BOND, 0, 0, 0]),
    ("the payee gives in", "payee", [BOND + HALF, 0, 0, HALF]),
    ("the payee gives in", "friend", [BOND, 0, BOND, 0]),
    ("the payee gives in too late", None, [BOND, 0, 0, 0]),
    ("the payee gives in too late", "payee", [BOND + HALF, 0, 0, HALF]),
    ("the payee gives in too late", "friend", [BOND + HALF, 0, 0, HALF]),
    ("the payee gives in though it was right", "friend", [BOND, 0, BOND, 0]),
    ("ruled dismissed", None, [0, HALF, 0, HALF]),
    ("ruled dismissed", "payee", [0, BOND + HALF, 0, HALF]),
    ("ruled dismissed", "friend", [0, HALF, BOND, HALF]),
    ("the disputer gives in", None, [0, HALF, 0, HALF]),
    ("the disputer gives in", "payee", [0, BOND + HALF, 0, HALF]),
    ("the disputer gives in", "friend", [0, HALF, BOND, HALF]),
    ("lapsed", None, [HALF, 0, 0, HALF]),
    ("lapsed", "payee", [HALF, BOND, 0, HALF]),
    ("lapsed", "friend", [HALF, 0, BOND, HALF]),
]


@pytest.fixture
def friend(platform):
    return platform


@pytest.fixture
def owed(court, disputer, thief, friend, treasury):
    return lambda: [court.owedTo(account) for account in (disputer, thief, friend, treasury)]


@pytest.fixture
def end(court, decide, disputer, thief, stranger, wait):
    """Ends a case in one of the ways in which one may end."""

    def end(matter, how):
        if how in ("ruled upheld", "ruled dismissed"):
            decide(matter, UPHELD if how == "ruled upheld" else DISMISSED)
            wait(ANSWER_TIME)
            court.rule(matter, by(stranger))
        elif how == "lapsed":
            wait(ANSWER_TIME + RULING_TIME)
            court.lapse(matter, by(stranger))
        else:
            if how == "the payee gives in too late":
                decide(matter, UPHELD)
            elif how == "the payee gives in though it was right":
                decide(matter, DISMISSED)
            court.concede(matter, by(disputer if how == "the disputer gives in" else thief))

    return end


@pytest.mark.parametrize(("how", "defender", "expected"), TABLE)
def test_the_table_of_bonds(
    court, coin, opened, owed, end, thief, friend, wait, how, defender, expected
):
    matter = opened()
    if defender:
        wait(PAYEES_TIME)
        court.answer(matter, REPLY, by(thief if defender == "payee" else friend))

    end(matter, how)

    assert owed() == expected
    assert sum(expected) == coin.balanceOf(court)


def test_nothing_is_gained_by_answering_once_the_arbiter_has_decided(
    court, coin, opened, decide, thief, stranger, wait
):
    matter = opened()
    decide(matter, DISMISSED)
    wait(PAYEES_TIME)
    before = coin.balanceOf(stranger)

    court.answer(matter, REPLY, by(stranger))
    court.rule(matter, by(stranger))
    court.collect(stranger, by(stranger))

    assert coin.balanceOf(stranger) == before
    assert court.owedTo(thief) == HALF


def test_who_answers_its_own_dispute_loses_half_a_bond_all_the_same(
    court, coin, opened, decide, disputer, wait
):
    before = coin.balanceOf(disputer)
    matter = opened()
    wait(PAYEES_TIME)
    court.answer(matter, REPLY, by(disputer))
    decide(matter, DISMISSED)

    court.rule(matter, by(disputer))
    court.collect(disputer, by(disputer))

    assert before - coin.balanceOf(disputer) == BOND


def test_no_bond_is_more_than_an_amount_may_be(
    court, coin, royalty_ledger, work, split, thief, platform, deployer
):
    coin.mint(platform, 2**110, by(deployer))
    coin.approve(royalty_ledger, 2**110, by(platform))
    royalty_ledger.pay(work, coin, 2**110, by(platform))

    assert court.bondFor(work, thief, split) == 2**96 - 1


def test_a_friends_dispute_that_is_lost_costs_half_a_bond(
    court, coin, opened, thief, stranger, treasury
):
    """Both sides are one purse: whichever of them gives in, the treasury has its half."""
    for text, loser in (("a", stranger), ("b", thief)):
        matter = opened(text, disputer=stranger)
        court.answer(matter, REPLY, by(thief))
        before = court.owedTo(treasury)
        court.concede(matter, by(loser))
        assert court.owedTo(treasury) - before == BOND // 2


def test_an_odd_unit_goes_to_the_winner(court, royalty_ledger, coin, work, opened, owed, platform,
    thief, disputer
):  # fmt: skip
    royalty_ledger.pay(work, coin, 34, by(platform))
    matter = opened()
    bond = court.caseOf(court.caseIdOf(matter))[2]
    assert bond % 2 == 1
    court.answer(matter, REPLY, by(thief))

    court.concede(matter, by(disputer))

    assert owed() == [0, bond + bond // 2 + 1, 0, bond // 2]


def test_bonds_are_collected_once_by_anyone_for_their_owner(
    court, coin, opened, thief, disputer, stranger
):
    matter = opened()
    court.concede(matter, by(thief))
    before = coin.balanceOf(disputer)

    tx = court.collect(disputer, by(stranger))

    assert coin.balanceOf(disputer) - before == tx.return_value == BOND
    assert dict(tx.events["BondsCollected"]) == {"account": disputer, "amount": BOND}
    with refused("NothingOwed", disputer.address):
        court.collect(disputer, by(stranger))


def test_every_share_of_a_bond_is_told(court, opened, disputer, thief, treasury):
    matter = opened()

    tx = court.concede(matter, by(disputer))

    told = [(e["caseId"], e["account"], e["amount"]) for e in tx.events["BondsOwed"]]
    case_id = court.caseIdOf(matter)
    assert told == [(case_id, thief, BOND // 2), (case_id, treasury, BOND // 2)]


@pytest.fixture
def court_of(DisputeCourt, RoyaltyLedger, ledger_contracts, deployer, council):
    """Deploys a court that takes bonds in this token, over a ledger of its own."""

    def court_of(token):
        neighbours = [ledger_contracts[name] for name in ("WorkRegistry", "ConsentRegistry")]
        graph, licences = (ledger_contracts[n] for n in ("DerivativeGraph", "LicenceRegistry"))
        expected = deployer.get_deployment_address(deployer.nonce + 1)
        ledger = RoyaltyLedger.deploy(
            *neighbours, graph, licences, expected, ledger_contracts["Authority"], by(deployer)
        )
        arbiters = [ledger_contracts[name] for name in ("CouncilArbiter", "ElderArbiter")]
        court = DisputeCourt.deploy(
            *neighbours, ledger, *arbiters, token, MINIMUM_BOND, council, by(deployer)
        )
        assert court == expected
        return court

    return court_of


@pytest.mark.parametrize(
    ("currency", "received"), [("FeeTakingToken", MINIMUM_BOND * 99 // 100), ("IdleToken", 0)]
)
def test_a_fee_taking_currency_bonds_nothing(
    court_of, deployer, work, split, thief, disputer, currency, received, request
):
    token = request.getfixturevalue(currency).deploy(by(deployer))
    court = court_of(token)
    token.mint(disputer, 10**12, by(deployer))
    token.approve(court, 10**12, by(disputer))

    with refused("AmountMismatch", MINIMUM_BOND, received):
        court.open(work, thief, digest("x"), split, 10**12, by(disputer))


def test_a_barred_winner_holds_up_no_ruling(
    court_of, BlocklistingToken, deployer, work, split, thief, disputer, treasury
):
    token = BlocklistingToken.deploy(by(deployer))
    court = court_of(token)
    token.mint(disputer, 10**12, by(deployer))
    token.approve(court, 10**12, by(disputer))
    court.open(work, thief, digest("x"), split, 10**12, by(disputer))
    token.bar(thief, True, by(deployer))

    court.concede((disputer, work, thief, digest("x")), by(disputer))

    assert court.owedTo(thief) == MINIMUM_BOND // 2
    assert court.collect(treasury, by(deployer)).return_value == MINIMUM_BOND // 2
    token.bar(thief, False, by(deployer))
    assert court.collect(thief, by(deployer)).return_value == MINIMUM_BOND // 2


def test_holding_a_share_for_a_year_costs_a_bond_for_every_stretch(
    court, coin, opened, disputer, wait, thief, work
):
    before = coin.balanceOf(disputer)
    days_frozen = 0
    for stretch in range(4):
        first, second = opened(f"{stretch} a"), None
        wait(44 * DAY - 60)
        second = opened(f"{stretch} b")
        wait(50 * DAY)
        assert not court.isFrozen(work, thief)
        days_frozen += 88
        for matter in (first, second):
            court.lapse(matter, by(disputer))
        court.collect(disputer, by(disputer))
        wait(4 * DAY)

    assert before - coin.balanceOf(disputer) == 8 * BOND // 2
    assert days_frozen < 365
