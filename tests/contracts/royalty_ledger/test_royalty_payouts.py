"""Who is paid, how often, where to, and that nobody's account decides over anybody else's money."""

from __future__ import annotations

import pytest

from tests.contracts.royalty_ledger.conftest import CHANT, DRUM
from tests.contracts.royalty_ledger.stage import ZERO, ascending, by, double, refusal_of

HOSTILE = ["RejectingPayee", "GasBurningPayee", "ReturnBombPayee"]


def test_anyone_may_claim_and_the_money_goes_to_the_payee(ledger, token, thirds, payees, roles):
    ledger.pay(CHANT, token, 100, by(roles.payer))

    tx = ledger.claim(CHANT, token, 1, thirds, payees[2], by(roles.stranger))

    assert tx.return_value == 33
    assert token.balanceOf(payees[2]) == 33
    assert ledger.paidTo(CHANT, token, 1, payees[2]) == 33
    assert token.balanceOf(ledger) == 67
    assert dict(tx.events["PaidOut"]) == {
        "workId": CHANT,
        "token": token,
        "payee": payees[2],
        "version": 1,
        "to": payees[2],
        "amount": 33,
        "paid": 33,
    }


def test_a_remainder_stays_until_it_is_a_whole_unit(ledger, token, thirds, payees, roles):
    for _ in range(2):
        ledger.pay(CHANT, token, 1, by(roles.payer))
        ledger.push(CHANT, token, 1, thirds, by(roles.stranger))
    assert token.balanceOf(ledger) == 2

    ledger.pay(CHANT, token, 1, by(roles.payer))
    tx = ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert [(e["payee"], e["amount"]) for e in tx.events["PaidOut"]] == [(payees[2], 1)]
    assert token.balanceOf(ledger) == 2


def test_who_was_paid_already_is_paid_nothing_more(ledger, token, thirds, payees, roles):
    """Nor is the call refused: somebody else's earlier one would make a batch of claims fail."""
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    again = ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    claimed = ledger.claim(CHANT, token, 1, thirds, payees[0], by(roles.stranger))

    assert len(again.events) == len(claimed.events) == 0
    assert claimed.return_value == 0
    assert ledger.paidTo(CHANT, token, 1, payees[0]) == token.balanceOf(payees[0]) == 3_333


def test_a_stranger_is_not_a_payee(ledger, token, thirds, roles):
    arguments = (CHANT, token, 1, thirds, roles.stranger)

    expected = ("NotAPayee", roles.stranger.address)
    assert refusal_of(ledger.claim, *arguments, sender=roles.stranger) == expected
    assert refusal_of(ledger.dueTo, *arguments, sender=roles.stranger) == expected


def test_a_payee_sends_its_money_elsewhere_and_back(ledger, token, thirds, payees, accounts, roles):
    payee = accounts.at(payees[0])
    tx = ledger.setPayoutAddress(roles.stranger, by(payee))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    before = token.balanceOf(roles.stranger)

    pushed = ledger.push(CHANT, token, 1, thirds, by(roles.payer))
    ledger.setPayoutAddress(ZERO, by(payee))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    ledger.claim(CHANT, token, 1, thirds, payee, by(roles.payer))

    assert dict(tx.events["PayoutAddressSet"]) == {"payee": payee, "to": roles.stranger}
    assert pushed.events["PaidOut"][0]["to"] == roles.stranger
    assert pushed.events["PaidOut"][0]["payee"] == payee
    assert token.balanceOf(roles.stranger) == before + 3_333
    assert token.balanceOf(payee) == 3_333
    assert ledger.payoutAddressOf(payee) == payee


def test_money_is_not_redirected_to_where_it_lies(ledger, roles):
    refused = refusal_of(ledger.setPayoutAddress, ledger, sender=roles.stranger)

    assert refused == ("PayeeIsCustodian", roles.stranger.address)


def test_a_frozen_share_waits_while_others_are_paid(ledger, around, token, thirds, payees, roles):
    around.freeze(CHANT, payees[1], True, by(roles.deployer))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))

    tx = ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert [e["payee"] for e in tx.events["PaidOut"]] == [payees[0], payees[2]]
    assert "PayoutDeferred" not in tx.events
    assert ledger.dueTo(CHANT, token, 1, thirds, payees[1]) == 3_333
    refused = refusal_of(ledger.claim, CHANT, token, 1, thirds, payees[1], sender=payees[1])
    assert refused == ("ShareFrozen", CHANT, payees[1])

    around.freeze(CHANT, payees[1], False, by(roles.deployer))
    ledger.claim(CHANT, token, 1, thirds, payees[1], by(roles.stranger))
    assert token.balanceOf(payees[1]) == 3_333


def test_only_the_court_notes_a_dispute(ledger, around, thirds, roles):
    refused = refusal_of(ledger.noteDispute, CHANT, sender=roles.stranger)
    splits = ledger.noteDispute.call(CHANT, {"from": around})

    assert refused == ("NotCourt", roles.stranger.address)
    assert splits == 1


def test_a_court_that_fails_holds_back_no_work_it_noted_no_dispute_of(deploy, token, payees, roles):
    # An account without code: whoever calls it for an answer is reverted.
    court = roles.stranger
    ledger = deploy(court)
    ledger.acceptToken(token, by(roles.curator))
    token.approve(ledger, 400, by(roles.payer))
    shares = [(payees[0], 10_000)]
    for work in (CHANT, DRUM):
        ledger.setSplit(work, shares, by(roles.steward))
        ledger.pay(work, token, 100, by(roles.payer))
    assert ledger.noteDispute(DRUM, by(court)).return_value == 1

    ledger.claim(CHANT, token, 1, shares, payees[0], by(roles.payer))
    ledger.pay(CHANT, token, 100, by(roles.payer))
    ledger.push(CHANT, token, 1, shares, by(roles.payer))
    silent = refusal_of(ledger.claim, DRUM, token, 1, shares, payees[0], sender=roles.payer)

    assert silent[0] == ""
    assert token.balanceOf(payees[0]) == 200
    assert ledger.splitCountOf(DRUM) == 1


def test_a_note_changes_nothing_but_who_is_asked(ledger, around, token, thirds, payees, roles):
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    around.freeze(CHANT, payees[0], True, by(roles.deployer))
    around.freeze(CHANT, payees[0], False, by(roles.deployer))

    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert [token.balanceOf(payee) for payee in payees[:3]] == [3_333, 3_333, 3_334]
    assert ledger.splitCountOf(CHANT) == 1


def test_without_a_court_nothing_is_frozen(deploy, around, token, payees, roles):
    alone = deploy(ZERO)
    alone.acceptToken(token, by(roles.curator))
    token.approve(alone, 100, by(roles.payer))
    shares = [(payees[0], 10_000)]
    alone.setSplit(CHANT, shares, by(roles.steward))
    around.freeze(CHANT, payees[0], True, by(roles.deployer))
    alone.pay(CHANT, token, 100, by(roles.payer))

    alone.claim(CHANT, token, 1, shares, payees[0], by(roles.stranger))

    assert token.balanceOf(payees[0]) == 100


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_payee_that_cannot_be_paid_changes_nobody_elses_outcome(
    ledger, token, payees, roles, request, kind
):
    hostile = request.getfixturevalue(kind).deploy(by(roles.deployer))
    order = ascending(hostile, payees[0], payees[1])
    shares = list(zip(order, (5_000, 3_000, 2_000), strict=True))
    ledger.setSplit(CHANT, shares, by(roles.steward))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))

    tx = ledger.push(CHANT, token, 1, shares, by(roles.stranger))

    assert [token.balanceOf(p) for p, _ in shares] == [
        0 if p == hostile.address else bps for p, bps in shares
    ]
    deferred = tx.events["PayoutDeferred"]
    assert dict(deferred) == {
        "workId": CHANT,
        "token": token,
        "payee": hostile,
        "version": 1,
        "amount": dict(shares)[hostile.address],
    }
    assert ledger.paidTo(CHANT, token, 1, hostile) == 0
    assert token.balanceOf(ledger) == deferred["amount"]
    assert tx.gas_used < 450_000


def test_a_hostile_payee_is_paid_once_it_can_be(
    ledger, token, RejectingPayee, payees, accounts, roles
):
    hostile = RejectingPayee.deploy(by(roles.deployer))
    shares = [(hostile.address, 10_000)]
    ledger.setSplit(CHANT, shares, by(roles.steward))
    ledger.pay(CHANT, token, 900, by(roles.payer))
    ledger.push(CHANT, token, 1, shares, by(roles.stranger))
    assert refusal_of(ledger.claim, CHANT, token, 1, shares, hostile, sender=roles.stranger) == (
        "MoneyRefused",
    )

    ledger.setPayoutAddress(payees[3], by(accounts.at(hostile.address, force=True)))
    ledger.push(CHANT, token, 1, shares, by(roles.stranger))

    assert token.balanceOf(payees[3]) == 900


def test_a_payee_that_calls_back_is_only_deferred(ledger, token, ReentrantPayee, payees, roles):
    hostile = ReentrantPayee.deploy(by(roles.deployer))
    order = ascending(hostile, payees[0])
    shares = [(payee, 5_000) for payee in order]
    ledger.setSplit(CHANT, shares, by(roles.steward))
    ledger.pay(CHANT, token, 1_000, by(roles.payer))
    callback = ledger.claim.encode_input(CHANT, token, 1, shares, hostile)
    hostile.arm(ledger, callback, by(roles.deployer))

    tx = ledger.push(CHANT, token, 1, shares, by(roles.stranger))

    assert token.balanceOf(payees[0]) == 500
    assert token.balanceOf(hostile) == 0
    assert tx.events["PayoutDeferred"]["payee"] == hostile


def test_a_barred_payee_delays_nobody(ledger, accept, BlocklistingToken, thirds, payees, roles):
    token = accept(BlocklistingToken.deploy(by(roles.deployer)))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    token.bar(payees[0], True, by(roles.deployer))

    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))
    assert [token.balanceOf(p) for p, _ in thirds] == [0, 3_333, 3_334]

    token.bar(payees[0], False, by(roles.deployer))
    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))
    assert token.balanceOf(payees[0]) == 3_333


def test_a_barred_ledger_keeps_everybodys_claim(
    ledger, accept, BlocklistingToken, thirds, payees, roles
):
    token = accept(BlocklistingToken.deploy(by(roles.deployer)))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    token.bar(ledger, True, by(roles.deployer))

    tx = ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert len(tx.events["PayoutDeferred"]) == 3
    assert token.balanceOf(ledger) == 10_000
    token.bar(ledger, False, by(roles.deployer))
    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))
    assert token.balanceOf(ledger) == 0


def test_a_flood_of_returned_data_is_not_copied(ledger, roles):
    """Copied, what each failed transfer returns would cost more with every payee after it."""
    token = double("BombToken").deploy(by(roles.deployer))
    ledger.acceptToken(token, by(roles.curator))
    shares = [(f"0x{0xB0B0 + i:040x}", 625) for i in range(16)]
    ledger.setSplit(CHANT, shares, by(roles.steward))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))

    tx = ledger.push(CHANT, token, 1, shares, by(roles.stranger))

    assert len(tx.events["PayoutDeferred"]) == 16
    assert token.balanceOf(ledger) == 10_000
    assert tx.gas_used < 16 * 125_000


def test_too_little_gas_defers_nobody(ledger, token, thirds, roles):
    ledger.pay(CHANT, token, 10_000, by(roles.payer))

    refused = refusal_of(ledger.push, CHANT, token, 1, thirds, sender=roles.stranger, gas=200_000)

    assert (refused[0], refused[2]) == ("TooLittleGas", 150_000 + 150_000 // 32 + 30_000)
    assert refused[1] < refused[2]
