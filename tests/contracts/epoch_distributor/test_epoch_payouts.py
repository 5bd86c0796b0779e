"""Pushing and claiming: cumulative, idempotent, and no payee decides over another."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import prepare, put_in
from tests.contracts.royalty_ledger.stage import ZERO, PayoutTree, by, refusal_of

HOSTILE = ["RejectingPayee", "GasBurningPayee", "ReturnBombPayee"]


def test_a_push_pays_everybody_and_a_second_nobody(distributor, lane, activate, payees, roles):
    tree = activate(lane, {payee: 100 + i for i, payee in enumerate(payees[:5])})

    first = distributor.pushRange(*tree.whole(lane), by(roles.keeper))
    second = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert [lane.balanceOf(payee) for payee in payees[:5]] == [100, 101, 102, 103, 104]
    assert distributor.laneOf(lane)[1:] == (510, 510)
    assert dict(first.events["PaidOut"][1]) == {
        "token": lane,
        "payee": payees[1],
        "to": payees[1],
        "amount": 101,
        "claimed": 101,
    }
    assert len(second.events) == 0


def test_later_roots_pay_the_difference(distributor, lane, activate, payees, roles):
    first = activate(lane, {payees[0]: 10, payees[1]: 20})
    distributor.claim(*first.claim(lane, payees[0]), by(roles.keeper))
    second = activate(lane, {payees[0]: 15, payees[1]: 20, payees[2]: 1})

    tx = distributor.pushRange(*second.whole(lane), by(roles.keeper))

    paid = [(e["payee"], e["amount"], e["claimed"]) for e in tx.events["PaidOut"]]
    assert paid == [(payees[0], 5, 15), (payees[1], 20, 20), (payees[2], 1, 1)]
    assert distributor.laneOf(lane)[1:] == (36, 36)


def test_a_claim_of_what_was_paid_is_refused(distributor, lane, activate, payees, roles):
    tree = activate(lane, {payees[0]: 10, payees[1]: 20})
    distributor.claim(*tree.claim(lane, payees[0]), by(roles.keeper))

    refused = refusal_of(distributor.claim, *tree.claim(lane, payees[0]), sender=roles.keeper)

    assert refused == ("NothingDue", lane.address, payees[0])


def test_an_old_root_proves_nothing_any_more(distributor, lane, activate, payees, roles):
    old = activate(lane, {payees[0]: 10, payees[1]: 20})
    activate(lane, {payees[0]: 11, payees[1]: 20})

    refused = refusal_of(distributor.claim, *old.claim(lane, payees[0]), sender=roles.keeper)

    assert refused == ("InvalidProof",)


def test_nothing_is_sent_to_nobody(distributor, SilentToken, activate, roles):
    """By a token that would let it."""
    token = prepare(SilentToken.deploy(by(roles.deployer)), distributor, roles)
    put_in(distributor, token, 40, roles)
    tree = activate(token, {ZERO: 40})

    tx = distributor.pushRange(*tree.whole(token), by(roles.keeper))

    assert dict(tx.events["PayoutDeferred"]) == {"token": token, "payee": ZERO, "amount": 40}
    assert (token.balanceOf(ZERO), token.balanceOf(distributor)) == (0, 40)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_payee_that_cannot_be_paid_changes_nobody_elses_outcome(
    distributor, lane, activate, payees, roles, request, kind
):
    hostile = request.getfixturevalue(kind).deploy(by(roles.deployer))
    tree = activate(lane, {**dict.fromkeys(payees[:6], 100), hostile.address: 40})

    tx = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert [lane.balanceOf(payee) for payee in payees[:6]] == [100] * 6
    assert lane.balanceOf(hostile) == 0
    assert distributor.claimedBy(lane, hostile) == 0
    assert distributor.laneOf(lane)[1:] == (640, 600)
    deferred = {"token": lane, "payee": hostile, "amount": 40}
    assert dict(tx.events["PayoutDeferred"]) == deferred
    assert tx.gas_used < 650_000


def test_a_deferred_payee_is_paid_at_another_address(
    distributor, lane, activate, RejectingPayee, payees, accounts, roles
):
    hostile = RejectingPayee.deploy(by(roles.deployer))
    tree = activate(lane, {hostile.address: 40, payees[0]: 1})
    distributor.pushRange(*tree.whole(lane), by(roles.keeper))
    claim = tree.claim(lane, hostile)
    assert refusal_of(distributor.claim, *claim, sender=roles.keeper) == ("MoneyRefused",)

    owner = accounts.at(hostile.address, force=True)
    distributor.setPayoutAddress(lane, payees[1], by(owner))
    distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert lane.balanceOf(payees[1]) == 40
    assert distributor.claimedBy(lane, hostile) == 40


def test_a_barred_payee_is_paid_once_it_is_not(
    distributor, BlocklistingToken, activate, payees, roles
):
    token = prepare(BlocklistingToken.deploy(by(roles.deployer)), distributor, roles)
    put_in(distributor, token, 100, roles)
    tree = activate(token, {payees[0]: 40, payees[1]: 60})
    token.bar(payees[0], True, by(roles.deployer))

    distributor.pushRange(*tree.whole(token), by(roles.keeper))
    assert [token.balanceOf(payee) for payee in payees[:2]] == [0, 60]

    token.bar(payees[0], False, by(roles.deployer))
    distributor.claim(*tree.claim(token, payees[0]), by(roles.keeper))
    assert token.balanceOf(payees[0]) == 40


def test_a_silent_token_pays(distributor, SilentToken, activate, payees, roles):
    token = prepare(SilentToken.deploy(by(roles.deployer)), distributor, roles)
    put_in(distributor, token, 100, roles)
    tree = activate(token, {payees[0]: 40, payees[1]: 60})

    distributor.pushRange(*tree.range(token, 0, 1), by(roles.keeper))
    distributor.claim(*tree.claim(token, payees[1]), by(roles.keeper))

    assert [token.balanceOf(payee) for payee in payees[:2]] == [40, 60]
    # Not only moved but booked: a silence taken for a refusal would be paid a second time.
    assert distributor.laneOf(token)[1:] == (100, 100)


def test_a_payee_that_calls_back_is_only_deferred(
    distributor, lane, activate, ReentrantPayee, payees, roles
):
    hostile = ReentrantPayee.deploy(by(roles.deployer))
    tree = activate(lane, {hostile.address: 40, payees[0]: 1})
    callback = distributor.claim.encode_input(*tree.claim(lane, hostile))
    hostile.arm(distributor, callback, by(roles.deployer))

    tx = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert tx.events["PayoutDeferred"]["payee"] == hostile
    assert lane.balanceOf(payees[0]) == 1


def test_a_payee_that_calls_back_from_its_claim_is_refused(
    distributor, lane, activate, ReentrantPayee, roles
):
    hostile = ReentrantPayee.deploy(by(roles.deployer))
    claim = activate(lane, {hostile.address: 40}).claim(lane, hostile)
    hostile.arm(distributor, distributor.claim.encode_input(*claim), by(roles.deployer))

    refused = refusal_of(distributor.claim, *claim, sender=roles.keeper)

    assert refused == ("ReentrancyGuardReentrantCall",)


def test_leaves_for_nobody_and_for_the_distributor_itself_wait(
    distributor, lane, activate, payees, roles
):
    tree = activate(lane, {ZERO: 5, distributor.address: 6, payees[0]: 7})

    tx = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert lane.balanceOf(payees[0]) == 7
    assert len(tx.events["PayoutDeferred"]) == 2
    assert distributor.laneOf(lane)[1:] == (18, 7)
    claim = tree.claim(lane, distributor)
    assert refusal_of(distributor.claim, *claim, sender=roles.keeper) == (
        "PayeeIsCustodian",
        distributor.address,
    )


def test_a_root_that_drops_a_paid_payee_pays_no_more_than_its_total(
    distributor, lane, activate, payees, roles
):
    first = activate(lane, {payees[0]: 100})
    distributor.pushRange(*first.whole(lane), by(roles.keeper))
    second = activate(lane, {payees[1]: 60, payees[2]: 41})

    for refused in (
        refusal_of(distributor.claim, *second.claim(lane, payees[1]), sender=roles.keeper),
        refusal_of(distributor.pushRange, *second.range(lane, 0, 1), sender=roles.keeper),
    ):
        assert refused == ("NotFunded", 160, 101)


def test_a_payee_whose_total_fell_keeps_what_it_has(distributor, lane, activate, payees, roles):
    first = activate(lane, {payees[0]: 100, payees[1]: 1})
    distributor.pushRange(*first.whole(lane), by(roles.keeper))
    second = activate(lane, {payees[0]: 90, payees[1]: 11})

    tx = distributor.pushRange(*second.range(lane, 0, 1), by(roles.keeper))

    assert len(tx.events) == 0
    assert distributor.claimedBy(lane, payees[0]) == 100
    assert refusal_of(distributor.claim, *second.claim(lane, payees[0]), sender=roles.keeper) == (
        "NothingDue",
        lane.address,
        payees[0],
    )


def test_too_little_gas_defers_nobody(distributor, lane, activate, payees, roles):
    tree = activate(lane, {payees[0]: 1, payees[1]: 2})

    refused = refusal_of(distributor.pushRange, *tree.whole(lane), sender=roles.keeper, gas=200_000)

    # 150,000 to give, what a call keeps back of them, and 30,000 to book what came of it.
    assert (refused[0], refused[2]) == ("TooLittleGas", 150_000 + 150_000 // 32 + 30_000)


def test_a_donation_belongs_to_nobody(distributor, lane, activate, payees, roles):
    lane.transfer(distributor, 999, by(roles.platform))
    tree = activate(lane, {payees[0]: 5})

    distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    funded, _, claimed = distributor.laneOf(lane)
    assert lane.balanceOf(distributor) == funded - claimed + 999


def test_a_range_of_hundreds_is_pushed_at_once(distributor, PlainToken, activate, roles):
    token = prepare(PlainToken.deploy(6, by(roles.deployer)), distributor, roles)
    put_in(distributor, token, 10**9, roles)
    many = {f"0x{0xFEED0000 + i:040x}": 1_000 + i for i in range(200)}
    tree = activate(token, many)

    tx = distributor.pushRange(*tree.range(token, 0, 128), by(roles.keeper))

    assert len(tx.events["PaidOut"]) == 128
    assert distributor.laneOf(token)[2] == sum(list(many.values())[:128])


def test_the_whole_tree_and_its_parts_come_to_the_same(distributor, lane, activate, payees, roles):
    tree: PayoutTree = activate(lane, {payee: 3 + i for i, payee in enumerate(payees[:7])})

    for first, length in ((4, 2), (0, 4), (6, 1), (4, 4), (0, 8)):
        distributor.pushRange(*tree.range(lane, first, length), by(roles.keeper))

    assert [lane.balanceOf(payee) for payee in payees[:7]] == [3, 4, 5, 6, 7, 8, 9]
    assert distributor.laneOf(lane)[1:] == (42, 42)
