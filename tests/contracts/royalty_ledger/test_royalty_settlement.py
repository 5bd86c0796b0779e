"""Income of a derivative reaches its ancestors exactly, once, whoever asks for it."""

from __future__ import annotations

from tests.contracts.royalty_ledger.conftest import CHANT, DRUM, REMIX, REMIX_VECTOR, UNLINKED
from tests.contracts.royalty_ledger.stage import (
    DERIVATIVE,
    RECORDING,
    SCALE,
    by,
    refusal_of,
    vector_bytes,
)

VECTOR = vector_bytes(REMIX_VECTOR)


def test_income_is_passed_on_by_the_vector(ledger, token, roles):
    ledger.pay(REMIX, token, 1_001, by(roles.payer))

    tx = ledger.settle(REMIX, token, VECTOR, by(roles.stranger))

    assert ledger.accruedOf(CHANT, token) == 1_001 * REMIX_VECTOR[CHANT]
    assert ledger.accruedOf(DRUM, token) == 1_001 * REMIX_VECTOR[DRUM]
    assert ledger.accruedOf(REMIX, token) == 1_001 * (SCALE - sum(REMIX_VECTOR.values()))
    assert ledger.flowOf(REMIX, token) == (1_001, 1_001)
    assert dict(tx.events["Settled"]) == {
        "workId": REMIX,
        "token": token,
        "amount": 1_001,
        "settled": 1_001,
    }


def test_bytes_behind_a_vector_are_nobodys_share(ledger, token, roles):
    ledger.pay(REMIX, token, 1_001, by(roles.payer))
    asked = ledger.settle.encode_input(REMIX, token, VECTOR)

    roles.stranger.transfer(ledger, 0, data=asked + "ff" * 32)

    assert ledger.accruedOf(REMIX, token) == 1_001 * (SCALE - sum(REMIX_VECTOR.values()))


def test_settling_again_changes_nothing(ledger, token, roles):
    ledger.pay(REMIX, token, 1_001, by(roles.payer))
    ledger.settle(REMIX, token, VECTOR, by(roles.stranger))
    before = ledger.accruedOf(CHANT, token)

    tx = ledger.settle(REMIX, token, VECTOR, by(roles.stranger))

    assert ledger.accruedOf(CHANT, token) == before
    assert len(tx.events) == 0


def test_settling_an_original_or_an_empty_derivative_changes_nothing(ledger, token, roles):
    ledger.pay(CHANT, token, 10, by(roles.payer))

    assert len(ledger.settle(CHANT, token, b"", by(roles.stranger)).events) == 0
    assert len(ledger.settle(UNLINKED, token, b"", by(roles.stranger)).events) == 0
    assert ledger.accruedOf(CHANT, token) == 10 * SCALE


def test_only_the_stored_vector_settles(ledger, token, roles):
    ledger.pay(REMIX, token, 1_000, by(roles.payer))
    greedy = vector_bytes({CHANT: SCALE // 2, DRUM: SCALE // 4})

    for vector in (greedy, VECTOR[:12], VECTOR + bytes(12), b""):
        refused = refusal_of(ledger.settle, REMIX, token, vector, sender=roles.stranger)
        assert refused == ("VectorMismatch", REMIX)
    refused = refusal_of(ledger.settle, CHANT, token, VECTOR, sender=roles.stranger)
    assert refused == ("VectorMismatch", CHANT)


def test_small_payments_and_a_large_one_come_to_the_same(ledger, around, token, roles):
    twin = 50
    around.register(twin, roles.steward, DERIVATIVE, by(roles.deployer))
    around.link(twin, vector_bytes({60: 333_333_333, 61: 1}), by(roles.deployer))
    around.register(twin + 1, roles.steward, DERIVATIVE, by(roles.deployer))
    around.link(twin + 1, vector_bytes({62: 333_333_333, 63: 1}), by(roles.deployer))

    for _ in range(7):
        ledger.pay(twin, token, 1, by(roles.payer))
        ledger.settle(twin, token, vector_bytes({60: 333_333_333, 61: 1}), by(roles.stranger))
    ledger.pay(twin + 1, token, 7, by(roles.payer))
    ledger.settle(twin + 1, token, vector_bytes({62: 333_333_333, 63: 1}), by(roles.stranger))

    for dust, lump in ((60, 62), (61, 63), (twin, twin + 1)):
        assert ledger.accruedOf(dust, token) == ledger.accruedOf(lump, token)


def test_thirty_two_ancestors_are_reached(ledger, around, token, roles):
    vector = {100 + i: 15_000_000 + i for i in range(32)}
    for work in vector:
        around.register(work, roles.steward, RECORDING, by(roles.deployer))
    around.register(200, roles.steward, DERIVATIVE, by(roles.deployer))
    around.link(200, vector_bytes(vector), by(roles.deployer))
    ledger.pay(200, token, 10**18 + 1, by(roles.payer))

    ledger.settle(200, token, vector_bytes(vector), by(roles.stranger))

    accrued = [ledger.accruedOf(work, token) for work in (*vector, 200)]
    assert accrued[:-1] == [(10**18 + 1) * share for share in vector.values()]
    assert sum(accrued) == (10**18 + 1) * SCALE
