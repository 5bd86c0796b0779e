"""What may come in, from whom, and what an awkward token can and cannot do."""

from __future__ import annotations

import brownie
import pytest
from eth_account import Account

from tests.contracts.permits import key_of
from tests.contracts.royalty_ledger.conftest import (
    CHANT,
    REMIX,
    REMIX_VECTOR,
    UNKNOWN,
    UNLINKED,
)
from tests.contracts.royalty_ledger.stage import SCALE, by, refusal_of, vector_bytes

PAYER_NUMBER = 4


def test_a_payment_for_an_original_accrues_at_once(ledger, token, roles):
    tx = ledger.pay(CHANT, token, 1_000, by(roles.payer))

    assert ledger.accruedOf(CHANT, token) == 1_000 * SCALE
    assert ledger.flowOf(CHANT, token) == (1_000, 1_000)
    assert token.balanceOf(ledger) == 1_000
    assert dict(tx.events["Paid"]) == {
        "workId": CHANT,
        "token": token,
        "payer": roles.payer,
        "amount": 1_000,
        "gross": 1_000,
    }


def test_a_payment_for_a_derivative_waits_to_be_settled(ledger, token, roles):
    ledger.pay(REMIX, token, 1_000, by(roles.payer))
    tx = ledger.pay(REMIX, token, 500, by(roles.payer))

    assert ledger.flowOf(REMIX, token) == (1_500, 0)
    assert ledger.accruedOf(REMIX, token) == 0
    assert tx.events["Paid"]["gross"] == 1_500


def test_a_derivative_without_parents_takes_no_money(ledger, token, roles):
    refused = refusal_of(ledger.pay, UNLINKED, token, 1, sender=roles.payer)

    assert refused == ("DerivativeNotLinked", UNLINKED)


def test_a_derivative_linked_later_takes_money_then(ledger, around, token, roles):
    around.link(UNLINKED, b"", by(roles.deployer))

    ledger.pay(UNLINKED, token, 7, by(roles.payer))

    assert ledger.flowOf(UNLINKED, token) == (7, 0)


def test_a_work_nobody_registered_takes_no_money(ledger, token, roles):
    assert refusal_of(ledger.pay, UNKNOWN, token, 1, sender=roles.payer) == ("WorkUnknown", UNKNOWN)


def test_nothing_is_not_a_payment(ledger, token, roles):
    assert refusal_of(ledger.pay, CHANT, token, 0, sender=roles.payer) == ("ZeroAmount",)


def test_only_tokens_the_curator_accepted_are_taken(ledger, PlainToken, roles):
    other = PlainToken.deploy(6, by(roles.deployer))

    assert refusal_of(ledger.pay, CHANT, other, 1, sender=roles.payer) == (
        "TokenNotAccepted",
        other.address,
    )


def test_a_payer_without_allowance_pays_nothing(ledger, token, roles):
    refused = refusal_of(ledger.pay, CHANT, token, 5, sender=roles.stranger)

    assert refused == ("ERC20InsufficientAllowance", ledger.address, 0, 5)


def test_only_the_licence_registry_pays_for_others(ledger, token, roles):
    arguments = (roles.payer, CHANT, token, 5)

    tx = ledger.payFrom(*arguments, by(roles.licence_registry))

    assert tx.events["Paid"]["payer"] == roles.payer
    assert token.balanceOf(ledger) == 5
    assert refusal_of(ledger.payFrom, *arguments, sender=roles.stranger) == (
        "NotLicenceRegistry",
        roles.stranger.address,
    )


def test_a_token_that_keeps_a_fee_is_refused(ledger, accept, FeeTakingToken, roles):
    token = accept(FeeTakingToken.deploy(by(roles.deployer)))

    refused = refusal_of(ledger.pay, CHANT, token, 1_000, sender=roles.payer)

    assert refused == ("AmountMismatch", 1_000, 990)


def test_a_token_that_delivers_nothing_is_refused(ledger, accept, IdleToken, roles):
    token = accept(IdleToken.deploy(by(roles.deployer)))

    refused = refusal_of(ledger.pay, CHANT, token, 1_000, sender=roles.payer)

    assert refused == ("AmountMismatch", 1_000, 0)


def test_a_token_that_answers_false_is_refused(ledger, accept, FalseReturningToken, roles):
    token = accept(FalseReturningToken.deploy(by(roles.deployer)))

    refused = refusal_of(ledger.pay, CHANT, token, 1_000, sender=roles.payer)

    assert refused == ("SafeERC20FailedOperation", token.address)


def test_a_token_that_returns_nothing_is_fine(ledger, accept, SilentToken, thirds, roles):
    token = accept(SilentToken.deploy(by(roles.deployer)))

    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert [token.balanceOf(payee) for payee, _ in thirds] == [bps for _, bps in thirds]


@pytest.mark.parametrize("inner", ["pay", "settle", "push", "setSplit"])
def test_a_token_that_calls_back_gets_nowhere(ledger, accept, ReentrantToken, thirds, roles, inner):
    token = accept(ReentrantToken.deploy(by(roles.deployer)))
    callbacks = {
        "pay": (CHANT, token, 1),
        "settle": (REMIX, token, b""),
        "push": (CHANT, token, 1, thirds),
        "setSplit": (CHANT, thirds),
    }
    token.arm(ledger, getattr(ledger, inner).encode_input(*callbacks[inner]), by(roles.deployer))

    refused = refusal_of(ledger.pay, CHANT, token, 1_000, sender=roles.payer)

    assert refused == ("ReentrancyGuardReentrantCall",)


def test_a_donation_belongs_to_nobody(ledger, token, thirds, roles):
    ledger.pay(CHANT, token, 10_000, by(roles.payer))
    token.transfer(ledger, 777, by(roles.payer))

    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))

    assert token.balanceOf(ledger) == 777


def test_only_the_curator_accepts_tokens_and_each_once(ledger, token, PlainToken, roles):
    other = PlainToken.deploy(18, by(roles.deployer))

    tx = ledger.acceptToken(other, by(roles.curator))

    assert tx.events["TokenAccepted"]["token"] == other
    assert refusal_of(ledger.acceptToken, other, sender=roles.curator) == (
        "TokenAlreadyAccepted",
        other.address,
    )
    assert refusal_of(ledger.acceptToken, token, sender=roles.stranger) == (
        "NotPermitted",
        roles.stranger.address,
        bytes.fromhex(ledger.acceptToken.signature[2:]),
    )


def test_an_account_without_code_is_no_token(ledger, roles):
    refused = refusal_of(ledger.acceptToken, roles.stranger, sender=roles.curator)

    assert refused == ("TokenNotAccepted", roles.stranger.address)


def test_a_seventeenth_token_is_one_too_many(deploy, PlainToken, roles):
    ledger = deploy()
    for _ in range(16):
        ledger.acceptToken(PlainToken.deploy(6, by(roles.deployer)), by(roles.curator))
    last = PlainToken.deploy(6, by(roles.deployer))

    assert refusal_of(ledger.acceptToken, last, sender=roles.curator) == ("TooManyTokens", 17)


def test_a_sum_beyond_128_bits_is_refused_whole(ledger, token, roles):
    token.mint(roles.payer, 2**128, by(roles.deployer))
    ledger.pay(CHANT, token, 2**128 - 1, by(roles.payer))

    assert refusal_of(ledger.pay, CHANT, token, 1, sender=roles.payer) == ("Panic", 0x11)
    assert ledger.accruedOf(CHANT, token) == (2**128 - 1) * SCALE


def test_a_pause_stops_new_money_and_no_payout(ledger, token, thirds, payees, roles):
    ledger.pay(CHANT, token, 100, by(roles.payer))
    ledger.pay(REMIX, token, 100, by(roles.payer))
    tx = ledger.pause(by(roles.curator))

    refused = ("NewMoneyPaused", tx.timestamp + 14 * 24 * 60 * 60)
    arguments = (CHANT, token, 1)
    assert refusal_of(ledger.pay, *arguments, sender=roles.payer) == refused
    by_registry = (roles.payer, *arguments)
    assert refusal_of(ledger.payFrom, *by_registry, sender=roles.licence_registry) == refused
    signed = (*by_registry, (0, 0, bytes(32), 0, bytes(32), bytes(32)))
    assert refusal_of(ledger.payFromAuthorized, *signed, sender=roles.licence_registry) == refused
    ledger.settle(REMIX, token, vector_bytes(REMIX_VECTOR), by(roles.stranger))
    ledger.claim(CHANT, token, 1, thirds, payees[0], by(roles.stranger))
    ledger.push(CHANT, token, 1, thirds, by(roles.stranger))
    assert token.balanceOf(payees[0]) > 0


def test_nobody_else_pauses(ledger, roles):
    refused = refusal_of(ledger.pause, sender=roles.stranger)

    selector = bytes.fromhex(ledger.pause.signature[2:])
    assert refused == ("NotPermitted", roles.stranger.address, selector)


def authorization(token, ledger, amount, nonce):
    """The payer's ERC-3009 authorization for the ledger, valid now."""
    fields = ("from", "address"), ("to", "address"), ("value", "uint256")
    limits = ("validAfter", "uint256"), ("validBefore", "uint256"), ("nonce", "bytes32")
    key = key_of(PAYER_NUMBER)
    signed = Account.sign_typed_data(
        key,
        domain_data={
            "name": token.name(),
            "version": "1",
            "chainId": brownie.chain.id,
            "verifyingContract": token.address,
        },
        message_types={
            "ReceiveWithAuthorization": [
                {"name": name, "type": kind} for name, kind in (*fields, *limits)
            ]
        },
        message_data={
            "from": Account.from_key(key).address,
            "to": ledger.address,
            "value": amount,
            "validAfter": 0,
            "validBefore": 2**40,
            "nonce": nonce,
        },
    )
    r, s = (part.to_bytes(32, "big") for part in (signed.r, signed.s))
    return (0, 2**40, nonce, signed.v, r, s)


def test_a_signature_pays_once_and_only_through_the_licence_registry(ledger, token, roles):
    signed = authorization(token, ledger, 900, b"\x07" * 32)
    token.approve(ledger, 0, by(roles.payer))
    arguments = (roles.payer, CHANT, token, 900, signed)

    refused = refusal_of(ledger.payFromAuthorized, *arguments, sender=roles.stranger)
    assert refused == ("NotLicenceRegistry", roles.stranger.address)
    tx = ledger.payFromAuthorized(*arguments, by(roles.licence_registry))
    assert tx.events["Paid"]["payer"] == roles.payer
    assert ledger.accruedOf(CHANT, token) == 900 * SCALE
    again = refusal_of(ledger.payFromAuthorized, *arguments, sender=roles.licence_registry)
    assert again == ("ERC3009UsedAuthorization", roles.payer.address, b"\x07" * 32)


def test_a_signature_is_for_one_amount(ledger, token, roles):
    signed = authorization(token, ledger, 900, b"\x08" * 32)
    arguments = (roles.payer, CHANT, token, 901, signed)

    refused = refusal_of(ledger.payFromAuthorized, *arguments, sender=roles.licence_registry)

    assert refused == ("ERC3009InvalidSignature",)
