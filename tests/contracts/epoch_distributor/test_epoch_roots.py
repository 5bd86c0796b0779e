"""Funding, and the life of a payout root: proposed, waited for, rejected or activated."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import FUNDS, WINDOW, prepare, put_in
from tests.contracts.royalty_ledger.stage import (
    ZERO,
    PayoutTree,
    by,
    refusal_of,
    report_of,
)

REASON = "0x" + "ab" * 32
NO_HASH = "0x" + "00" * 32
NOTHING = (NO_HASH, 0, 0, 0, 0)
COUNCIL, DECREASE, DISORDER, SUMS, OMISSION, BUILT_ON = range(6)


def hash_of(epoch):
    return "0x" + report_of(epoch).hex()


def test_a_proposed_root_waits_for_its_window(distributor, lane, payees, roles):
    tree = PayoutTree(lane, {payees[0]: 5, payees[1]: 6})

    tx = distributor.propose(*tree.proposal(1, lane), by(roles.oracle))

    claimable_from = tx.timestamp + WINDOW
    assert distributor.pendingRoots(lane) == ((hash_of(1), 11, 2, 1, claimable_from),)
    assert distributor.activeRoot(lane) == NOTHING
    assert distributor.laneOf(lane) == (FUNDS, 0, 0)
    assert dict(tx.events["RootProposed"]) == {
        "token": lane,
        "epoch": 1,
        "sumRoot": "0x" + tree.root.hex(),
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

    assert distributor.pendingRoots(lane) == ()
    assert distributor.activeRoot(lane)[:4] == (hash_of(1), 11, 2, 1)
    assert distributor.laneOf(lane) == (FUNDS, 11, 0)
    assert tx.events["RootActivated"]["total"] == 11
    assert refusal_of(distributor.activate, lane, sender=roles.keeper) == (
        "NoPendingRoot",
        lane.address,
        0,
    )


def test_only_the_oracle_proposes(distributor, lane, payees, roles):
    tree = PayoutTree(lane, {payees[0]: 5})

    refused = refusal_of(distributor.propose, *tree.proposal(1, lane), sender=roles.council)

    assert refused == ("NotUsageOracle", roles.council.address)


def test_later_roots_queue_behind_and_delay_nobody(distributor, lane, payees, roles, chain):
    times = []
    for epoch in (1, 2, 3):
        tree = PayoutTree(lane, {payees[0]: 5 * epoch})
        tx = distributor.propose(*tree.proposal(epoch, lane), by(roles.oracle))
        times.append(tx.timestamp + WINDOW)
        chain.sleep(WINDOW // 4)

    assert [root[3:] for root in distributor.pendingRoots(lane)] == list(
        zip((1, 2, 3), times, strict=True)
    )
    chain.sleep(WINDOW // 4)
    distributor.activate(lane, by(roles.keeper))
    assert distributor.activeRoot(lane)[3] == 1
    assert refusal_of(distributor.activate, lane, sender=roles.keeper) == (
        "WindowOpen",
        2,
        times[1],
    )
    chain.sleep(WINDOW)
    distributor.activate(lane, by(roles.keeper))
    distributor.activate(lane, by(roles.keeper))
    assert distributor.activeRoot(lane)[3] == 3
    assert distributor.laneOf(lane)[1] == 15


def test_the_queue_holds_eleven_and_is_ready_again(distributor, lane, payees, roles, chain):
    def propose(epoch):
        tree = PayoutTree(lane, {payees[0]: epoch})
        return tree.proposal(epoch, lane)

    for epoch in range(1, 12):
        distributor.propose(*propose(epoch), by(roles.oracle))
    refused = refusal_of(distributor.propose, *propose(12), sender=roles.oracle)
    chain.sleep(WINDOW)
    for _ in range(11):
        distributor.activate(lane, by(roles.keeper))

    assert refused == ("QueueFull", lane.address, 11)
    for epoch in range(12, 40):
        distributor.propose(*propose(epoch), by(roles.oracle))
        chain.sleep(WINDOW)
        distributor.activate(lane, by(roles.keeper))
        assert distributor.activeRoot(lane)[1:4] == (epoch, 1, epoch)
        assert distributor.standingReport(lane, epoch) == hash_of(epoch)
    assert distributor.standingReport(lane, 1) == NO_HASH


def test_no_more_is_promised_than_was_charged(distributor, lane, payees, roles):
    """Money that nobody was charged stays whose it is, however much of it there is."""
    distributor.fund(lane, FUNDS, by(roles.platform))
    tree = PayoutTree(lane, {payees[0]: FUNDS + 1})

    refused = refusal_of(distributor.propose, *tree.proposal(1, lane), sender=roles.oracle)

    assert refused == ("NotCharged", FUNDS + 1, FUNDS)


def test_totals_never_fall(distributor, lane, activate, payees, roles):
    activate(lane, {payees[0]: 100})
    less = PayoutTree(lane, {payees[0]: 99})

    refused = refusal_of(distributor.propose, *less.proposal(2, lane), sender=roles.oracle)

    assert refused == ("TotalDecreased", 100, 99)


def test_a_root_without_leaves_is_refused(distributor, lane, roles):
    given = (1, REASON, lane, REASON, 0, 0)
    refused = refusal_of(distributor.propose, *given, sender=roles.oracle)

    assert refused == ("BadRange", 0, 0)


def test_the_council_rejects_within_the_window(distributor, lane, activate, payees, roles):
    activate(lane, {payees[0]: 100})
    bad = PayoutTree(lane, {payees[0]: 100, payees[1]: 10**11})
    distributor.propose(*bad.proposal(2, lane), by(roles.oracle))

    tx = distributor.reject(lane, 2, REASON, by(roles.council))

    assert dict(tx.events["RootRejected"]) == {
        "token": lane,
        "epoch": 2,
        "reportHash": hash_of(2),
        "fault": COUNCIL,
        "reason": REASON,
    }
    assert distributor.pendingRoots(lane) == ()
    assert distributor.activeRoot(lane)[0] == hash_of(1)
    assert distributor.rejectedReport(2) == hash_of(2)
    assert distributor.standingReport(lane, 2) == NO_HASH
    assert refusal_of(distributor.claim, *bad.claim(lane, payees[1]), sender=roles.keeper) == (
        "InvalidProof",
    )
    good = PayoutTree(lane, {payees[0]: 101})
    tx = distributor.propose(*good.proposal(3, lane), by(roles.oracle))
    assert tx.return_value == hash_of(1)
    assert distributor.pendingRoots(lane)[0][3] == 3


def test_what_was_built_on_a_rejected_root_falls_with_it(distributor, lane, payees, roles, chain):
    for epoch in (1, 2, 3):
        tree = PayoutTree(lane, {payees[0]: epoch})
        distributor.propose(*tree.proposal(epoch, lane), by(roles.oracle))

    tx = distributor.reject(lane, 2, REASON, by(roles.council))

    told = [(e["epoch"], e["fault"], e["reason"]) for e in tx.events["RootRejected"]]
    built_on = "0x" + (2).to_bytes(32, "big").hex()
    assert told == [(2, COUNCIL, REASON), (3, BUILT_ON, built_on)]
    assert [root[3] for root in distributor.pendingRoots(lane)] == [1]
    assert [distributor.rejectedReport(n) for n in (1, 2, 3)] == [NO_HASH, hash_of(2), hash_of(3)]
    chain.sleep(WINDOW)
    distributor.activate(lane, by(roles.keeper))
    assert distributor.activeRoot(lane)[3] == 1


def test_no_rejected_report_stands(distributor, lane, activate, payees, roles):
    """Their roots lie on the ring until they are written over; none of them is taken for one that
    stands, whoever asks."""
    activate(lane, {payees[0]: 1})
    for epoch in range(2, 13):
        tree = PayoutTree(lane, {payees[0]: epoch})
        distributor.propose(*tree.proposal(epoch, lane), by(roles.oracle))
    distributor.reject(lane, 4, REASON, by(roles.council))

    standing = [distributor.standingReport(lane, epoch) for epoch in range(1, 13)]

    assert standing == [hash_of(1), hash_of(2), hash_of(3), *[NO_HASH] * 9]


def test_only_the_council_rejects_and_only_what_is_pending(distributor, lane, roles):
    selector = bytes.fromhex(distributor.signatures["reject"][2:])
    assert refusal_of(distributor.reject, lane, 1, REASON, sender=roles.oracle) == (
        "NotPermitted",
        roles.oracle.address,
        selector,
    )
    assert refusal_of(distributor.reject, lane, 1, REASON, sender=roles.council) == (
        "NoPendingRoot",
        lane.address,
        1,
    )


def test_the_council_is_too_late_after_the_window(distributor, lane, payees, roles, chain):
    tree = PayoutTree(lane, {payees[0]: 5})
    tx = distributor.propose(*tree.proposal(1, lane), by(roles.oracle))
    chain.sleep(WINDOW)
    chain.mine()

    refused = refusal_of(distributor.reject, lane, 1, REASON, sender=roles.council)

    assert refused == ("WindowClosed", 1, tx.timestamp + WINDOW)


def test_lanes_of_tokens_are_apart(distributor, lane, PlainToken, activate, payees, roles):
    other = prepare(PlainToken.deploy(18, by(roles.deployer)), distributor, roles)
    put_in(distributor, other, 10, roles)
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

    distributor.setPayoutAddress(lane, roles.deployer, by(payee))
    if to == "back":
        distributor.setPayoutAddress(lane, ZERO, by(payee))
    tx = distributor.pushRange(*tree.whole(lane), by(roles.keeper))

    assert distributor.payoutAddressOf(lane, payee) == target
    assert tx.events["PaidOut"]["to"] == target
    assert lane.balanceOf(target) == 70
    assert distributor.claimedBy(lane, payee) == 70


def test_money_is_not_redirected_to_where_it_lies(distributor, lane, roles):
    given = (lane, distributor)
    refused = refusal_of(distributor.setPayoutAddress, *given, sender=roles.keeper)

    assert refused == ("PayeeIsCustodian", roles.keeper.address)
