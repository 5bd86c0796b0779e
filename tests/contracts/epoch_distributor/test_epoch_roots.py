"""Funding, and the life of a payout root: proposed, waited for, rejected or activated."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import FUNDS, WINDOW, prepare
from tests.contracts.royalty_ledger.stage import ZERO, PayoutTree, by, refusal_of

REASON = "0x" + "ab" * 32
NOTHING = ("0x" + "00" * 32, 0, 0, 0, 0)


def test_what_a_platform_funds_is_counted(distributor, token, roles):
    distributor.fund(token, 100, by(roles.platform))
    tx = distributor.fund(token, 23, by(roles.platform))

    assert distributor.laneOf(token) == (123, 0, 0)
    assert token.balanceOf(distributor) == 123
    assert dict(tx.events["Funded"]) == {
        "token": token,
        "from": roles.platform,
        "amount": 23,
        "funded": 123,
    }


def test_nothing_is_not_a_funding(distributor, token, roles):
    assert refusal_of(distributor.fund, token, 0, sender=roles.platform) == ("ZeroAmount",)


def test_a_token_that_keeps_a_fee_is_refused(distributor, FeeTakingToken, roles):
    token = prepare(FeeTakingToken.deploy(by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("AmountMismatch", 1_000, 990)


def test_a_token_that_answers_false_is_refused(distributor, FalseReturningToken, roles):
    token = prepare(FalseReturningToken.deploy(by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("SafeERC20FailedOperation", token.address)


def test_a_token_that_calls_back_gets_nowhere(distributor, ReentrantToken, roles):
    token = prepare(ReentrantToken.deploy(by(roles.deployer)), distributor, roles)
    token.arm(distributor, distributor.fund.encode_input(token, 1), by(roles.deployer))

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("ReentrancyGuardReentrantCall",)


def test_more_than_a_lane_holds_is_refused_whole(distributor, token, roles):
    refused = refusal_of(distributor.fund, token, 2**120, sender=roles.platform)

    assert refused == ("SafeCastOverflowedUintDowncast", 120, 2**120)


def test_a_proposed_root_waits_for_its_window(distributor, lane, payees, roles):
    tree = PayoutTree(lane, {payees[0]: 5, payees[1]: 6})

    tx = distributor.propose(*tree.proposal(1, lane), by(roles.oracle))

    claimable_from = tx.timestamp + WINDOW
    expected = ("0x" + tree.root.hex(), 11, 2, 1, claimable_from)
    assert distributor.pendingRoot(lane) == expected
    assert distributor.activeRoot(lane) == NOTHING
    assert distributor.laneOf(lane) == (FUNDS, 0, 0)
    assert dict(tx.events["RootProposed"]) == {
        "token": lane,
        "epoch": 1,
        "sumRoot": expected[0],
        "total": 11,
        "leafCount": 2,
        "claimableFrom": claimable_from,
    }
    assert refusal_of(distributor.activate, lane, sender=roles.keeper) == (
        "WindowOpen",
        1,
        claimable_from,
    )
    assert refusal_of(distributor.claim, *tree.claim(lane, payees[0]), sender=roles.keeper) == (
        "NoActiveRoot",
        lane.address,
    )


def test_anyone_activates_after_the_window(distributor, lane, payees, roles, chain):
    tree = PayoutTree(lane, {payees[0]: 5, payees[1]: 6})
    distributor.propose(*tree.proposal(1, lane), by(roles.oracle))
    chain.sleep(WINDOW)

    tx = distributor.activate(lane, by(roles.keeper))

    assert distributor.pendingRoot(lane) == NOTHING
    assert distributor.activeRoot(lane)[:4] == ("0x" + tree.root.hex(), 11, 2, 1)
    assert distributor.laneOf(lane) == (FUNDS, 11, 0)
    assert tx.events["RootActivated"]["total"] == 11
    assert refusal_of(distributor.activate, lane, sender=roles.keeper) == (
        "NoPendingRoot",
        lane.address,
    )


def test_only_the_oracle_proposes(distributor, lane, payees, roles):
    tree = PayoutTree(lane, {payees[0]: 5})

    refused = refusal_of(distributor.propose, *tree.proposal(1, lane), sender=roles.council)

    assert refused == ("NotUsageOracle", roles.council.address)


def test_a_pending_root_is_never_replaced(distributor, lane, payees, roles, chain):
    tree = PayoutTree(lane, {payees[0]: 5})
    distributor.propose(*tree.proposal(1, lane), by(roles.oracle))

    for _ in range(2):
        refused = refusal_of(distributor.propose, *tree.proposal(2, lane), sender=roles.oracle)
        assert refused == ("RootPending", lane.address, 1)
        chain.sleep(WINDOW)
        chain.mine()


def test_no_more_is_promised_than_was_funded(distributor, lane, payees, roles):
    tree = PayoutTree(lane, {payees[0]: FUNDS + 1})

    refused = refusal_of(distributor.propose, *tree.proposal(1, lane), sender=roles.oracle)

    assert refused == ("NotFunded", FUNDS + 1, FUNDS)


def test_totals_never_fall(distributor, lane, activate, payees, roles):
    activate(lane, {payees[0]: 100})
    less = PayoutTree(lane, {payees[0]: 99})

    refused = refusal_of(distributor.propose, *less.proposal(2, lane), sender=roles.oracle)

    assert refused == ("TotalDecreased", 100, 99)


def test_a_root_without_leaves_is_refused(distributor, lane, roles):
    refused = refusal_of(distributor.propose, 1, lane, REASON, 0, 0, sender=roles.oracle)

    assert refused == ("BadRange", 0, 0)


def test_the_council_rejects_within_the_window(distributor, lane, activate, payees, roles):
    first = activate(lane, {payees[0]: 100})
    bad = PayoutTree(lane, {payees[0]: 100, payees[1]: 10**11})
    distributor.propose(*bad.proposal(2, lane), by(roles.oracle))

    tx = distributor.reject(lane, REASON, by(roles.council))

    assert dict(tx.events["RootRejected"]) == {
        "token": lane,
        "epoch": 2,
        "sumRoot": "0x" + bad.root.hex(),
        "reasonDigest": REASON,
    }
    assert distributor.pendingRoot(lane) == NOTHING
    assert distributor.activeRoot(lane)[0] == "0x" + first.root.hex()
    assert refusal_of(distributor.claim, *bad.claim(lane, payees[1]), sender=roles.keeper) == (
        "InvalidProof",
    )
    good = PayoutTree(lane, {payees[0]: 101})
    distributor.propose(*good.proposal(3, lane), by(roles.oracle))
    assert distributor.pendingRoot(lane)[3] == 3


def test_only_the_council_rejects_and_only_what_is_pending(distributor, lane, roles):
    assert refusal_of(distributor.reject, lane, REASON, sender=roles.oracle) == (
        "NotCouncil",
        roles.oracle.address,
    )
    assert refusal_of(distributor.reject, lane, REASON, sender=roles.council) == (
        "NoPendingRoot",
        lane.address,
    )


def test_the_council_is_too_late_after_the_window(distributor, lane, payees, roles, chain):
    tree = PayoutTree(lane, {payees[0]: 5})
    tx = distributor.propose(*tree.proposal(1, lane), by(roles.oracle))
    chain.sleep(WINDOW)
    chain.mine()

    refused = refusal_of(distributor.reject, lane, REASON, sender=roles.council)

    assert refused == ("WindowClosed", 1, tx.timestamp + WINDOW)


def test_lanes_of_tokens_are_apart(distributor, lane, PlainToken, activate, payees, roles):
    other = prepare(PlainToken.deploy(18, by(roles.deployer)), distributor, roles)
    distributor.fund(other, 10, by(roles.platform))
    tree = activate(lane, {payees[0]: 100})

    foreign = (other, *tree.claim(lane, payees[0])[1:])
    assert refusal_of(distributor.claim, *foreign, sender=roles.keeper) == (
        "NoActiveRoot",
        other.address,
    )
    activate(other, {payees[0]: 10})
    assert refusal_of(distributor.claim, *foreign, sender=roles.keeper) == ("InvalidProof",)
    assert distributor.laneOf(other) == (10, 10, 0)


@pytest.mark.parametrize("to", ["elsewhere", "back"])
def test_a_payee_sends_its_money_elsewhere_and_back(
    distributor, lane, activate, payees, accounts, roles, to
):
    payee = accounts.at(payees[0])
    tree = activate(lane, {payees[0]: 70})
    target = roles.deployer if to == "elsewhere" else payee

    distributor.setPayoutAddress(roles.deployer, by(payee))
    if to == "back":
        distributor.setPayoutAddress(ZERO, by(payee))
    tx = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert distributor.payoutAddressOf(payee) == target
    assert tx.events["PaidOut"]["to"] == target
    assert lane.balanceOf(target) == 70
    assert distributor.claimedBy(lane, payee) == 70


def test_money_is_not_redirected_to_where_it_lies(distributor, roles):
    refused = refusal_of(distributor.setPayoutAddress, distributor, sender=roles.keeper)

    assert refused == ("PayeeIsCustodian", roles.keeper.address)
