"""Funding, and the life of a payout root: proposed, waited for, rejected or activated."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import FUNDS, WINDOW, prepare
from tests.contracts.royalty_ledger.stage import (
    ZERO,
    PayoutTree,
    by,
    deploy_distributor,
    refusal_of,
    report_of,
)

REASON = "0x" + "ab" * 32
NO_HASH = "0x" + "00" * 32
NOTHING = (NO_HASH, 0, 0, 0, 0)
COUNCIL, DECREASE, DISORDER, SUMS, OMISSION, BUILT_ON = range(6)


def hash_of(epoch):
    return "0x" + report_of(epoch).hex()


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


def test_a_token_that_delivers_nothing_is_refused(distributor, IdleToken, roles):
    token = prepare(IdleToken.deploy(by(roles.deployer)), distributor, roles)

    refused = refusal_of(distributor.fund, token, 1_000, sender=roles.platform)

    assert refused == ("AmountMismatch", 1_000, 0)


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


@pytest.fixture
def limited(contracts, lane, roles):
    """A distributor with a ceiling of a tenth of the pool, funded with 1,000,000."""
    distributor = deploy_distributor(
        contracts, roles.deployer, roles.oracle, roles.council, WINDOW, ceiling=1_000
    )
    prepare(lane, distributor, roles)
    distributor.fund(lane, 1_000_000, by(roles.platform))
    return distributor


def test_an_epoch_above_a_tenth_of_the_pool_needs_the_council(limited, lane, payees, roles):
    most, more = (PayoutTree(lane, {payees[0]: 100_000 + i}) for i in (0, 1))
    refused = refusal_of(limited.propose, *more.proposal(1, lane), sender=roles.oracle)
    assert refused == ("AboveCeiling", 100_001, 100_000)
    assert limited.ceilingOf(lane) == 100_000

    limited.propose(*most.proposal(1, lane), by(roles.oracle))
    limited.reject(lane, 1, REASON, by(roles.council))
    tx = limited.cosign(more.root, by(roles.council))
    assert limited.isCosigned(more.root)
    assert not limited.isCosigned(most.root)
    limited.propose(*more.proposal(2, lane), by(roles.oracle))

    assert dict(tx.events["RootCosigned"]) == {
        "sumRoot": "0x" + more.root.hex(),
        "council": roles.council,
    }
    assert limited.pendingRoots(lane)[0][1] == 100_001


def test_the_councils_signature_serves_once(limited, lane, payees, roles):
    more = PayoutTree(lane, {payees[0]: 100_001})
    limited.cosign(more.root, by(roles.council))
    limited.propose(*more.proposal(1, lane), by(roles.oracle))
    limited.reject(lane, 1, REASON, by(roles.council))

    refused = refusal_of(limited.propose, *more.proposal(2, lane), sender=roles.oracle)

    assert refused == ("AboveCeiling", 100_001, 100_000)
    assert not limited.isCosigned(more.root)


def test_only_the_council_cosigns(limited, roles):
    refused = refusal_of(limited.cosign, REASON, sender=roles.oracle)

    selector = bytes.fromhex(limited.signatures["cosign"][2:])
    assert refused == ("NotPermitted", roles.oracle.address, selector)


def test_a_lane_may_grow_by_three_times_its_mean(limited, lane, payees, roles, chain):
    """90,000 an epoch uses the pool up; what counts then is what was usual."""
    total = 0
    for epoch in range(1, 9):
        total += 90_000
        tree = PayoutTree(lane, {payees[0]: total})
        limited.propose(*tree.proposal(epoch, lane), by(roles.oracle))
        chain.sleep(WINDOW)
        limited.activate(lane, by(roles.keeper))
        pool, mean = 1_000_000 - total, 90_000 * min(epoch, 4) // 4
        assert limited.ceilingOf(lane) == max(3 * mean, pool // 10)

    limited.fund(lane, 1_000_000, by(roles.platform))
    above = PayoutTree(lane, {payees[0]: total + 270_001})
    refused = refusal_of(limited.propose, *above.proposal(9, lane), sender=roles.oracle)
    assert refused == ("AboveCeiling", 270_001, 270_000)


@pytest.mark.parametrize("bps", [0, 10_001])
def test_a_ceiling_is_a_part_of_the_pool(EpochDistributor, roles, web3, bps):
    data = EpochDistributor.deploy.encode_input(roles.oracle, roles.oracle, WINDOW, bps)
    call = {"from": str(roles.deployer), "data": data}
    answer = web3.provider.make_request("eth_call", [call, "latest"])

    expected = web3.keccak(text="BadCeiling(uint16)")[:4] + bps.to_bytes(32, "big")
    assert answer["error"]["data"] == web3.to_hex(expected)


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
