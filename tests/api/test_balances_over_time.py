"""What is owed and how long it took, when splits change while money waits."""

from __future__ import annotations

from api.application import Application
from api.reading import payee_balances
from api.timelines import direct_uses
from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address
from chain.ledger.rights import Split
from chain.metrics.period import Handover, Use
from tests.api.small_ledger import CHANT_USES, SmallLedger
from tests.heritage import (
    DERIVATIVE_INCOME,
    GENERATION_PRICE,
    UNIT_PRICE,
    change_split,
    pay,
    push_all,
)

INCOME = 1_000_000
DEFERRED_FIRST = (GENERATION_PRICE + DERIVATIVE_INCOME * 15 // 100) // 10_000
EPOCH_DEFERRED = CHANT_USES * UNIT_PRICE // 10_000


def uses(app: Application, at: BlockPin) -> list[Use]:
    return list(direct_uses(app, app.token.address, at, lambda _: Handover.PUSHED))


def waiting_of(app: Application, payee: Address, at: BlockPin) -> int:
    return next(b.waiting for b in payee_balances(app, at) if b.payee == payee)


def test_money_that_waits_under_an_old_split_is_not_forgotten_under_a_new_one(
    writable: Application, ledger: SmallLedger
) -> None:
    devnet, chant = ledger.devnet, ledger.heritage.works[2]
    rejecting = ledger.heritage.rejecting_payee
    before = waiting_of(writable, rejecting, writable.refresh())
    changed = Split.of({devnet.address(22): 4_000, rejecting: 6_000})
    change_split(devnet, chant, ledger.heritage.splits[chant], changed, signer=12)
    pay(devnet, chant, INCOME)
    push_all(devnet, chant, changed, version=2)

    after = waiting_of(writable, rejecting, writable.refresh())

    assert before == DEFERRED_FIRST + EPOCH_DEFERRED
    assert after == DEFERRED_FIRST + INCOME * 6 // 10 + EPOCH_DEFERRED


def test_money_taken_later_waits_no_longer(writable: Application, ledger: SmallLedger) -> None:
    # The payee names another account to be paid at, through the contract that refuses money.
    devnet, chant = ledger.devnet, ledger.heritage.works[2]
    rejecting = ledger.heritage.rejecting_payee
    devnet.rpc("anvil_impersonateAccount", rejecting)
    devnet.rpc("anvil_setBalance", rejecting, hex(10**18))
    data = devnet.ledger.call("setPayoutAddress", devnet.address(29)).data
    transaction = {"from": rejecting, "to": devnet.ledger.address, "data": "0x" + data.hex()}
    devnet.rpc("eth_sendTransaction", transaction)
    push_all(devnet, chant, ledger.heritage.splits[chant])

    balances = {b.payee: b for b in payee_balances(writable, writable.refresh())}

    assert balances[rejecting].waiting == EPOCH_DEFERRED
    assert balances[rejecting].direct == DEFERRED_FIRST


def test_a_payment_is_timed_for_those_who_were_payees_when_it_came(
    writable: Application, ledger: SmallLedger
) -> None:
    devnet, gong = ledger.devnet, ledger.heritage.works[0]
    at = writable.refresh()
    before = sorted(t.value for t in uses(writable, at))
    arrived = sum(1 for t in uses(writable, at) if len(t.times) == 7)

    changed = Split.of({devnet.address(26): 10_000})
    change_split(devnet, gong, ledger.heritage.splits[gong], changed, signer=11)
    at = writable.refresh()

    # Nobody was paid or owed anything new: the figures of the past stay what they were.
    assert sorted(t.value for t in uses(writable, at)) == before
    assert sum(1 for t in uses(writable, at) if len(t.times) == 7) == arrived
