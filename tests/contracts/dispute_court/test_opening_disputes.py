"""A dispute freezes one payee's share of one work, for a bond, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.dispute_court.conftest import (
    ANSWER_TIME,
    INCOME,
    MINIMUM_BOND,
    OPEN,
    RULING_TIME,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import ZERO, by, digest

SHARE = INCOME * 6 // 10


def test_what_losing_costs_can_be_read_before(court, treasury):
    assert court.BOND_BPS() == 500
    assert court.treasury() == treasury


def test_a_case_is_recorded_whole(court, work, split, disputer, thief, elder_arbiter):
    evidence = digest("the singer was another")

    tx = court.open(work, thief, evidence, split, 10**12, by(disputer))

    case_id = tx.return_value
    until = tx.timestamp + ANSWER_TIME + RULING_TIME
    assert case_id == court.caseIdOf((disputer, work, thief, evidence))
    assert dict(tx.events["CaseOpened"]) == {
        "caseId": case_id,
        "workId": work,
        "payee": thief,
        "disputer": disputer,
        "evidence": "0x" + evidence.hex(),
        "bond": SHARE // 20,
        "arbiter": elder_arbiter,
        "frozenUntil": until,
    }
    assert court.caseOf(case_id) == (OPEN, tx.timestamp, SHARE // 20, elder_arbiter, ZERO)
    assert court.frozenUntil(work, thief) == until


def test_exactly_the_disputed_share_is_frozen(
    court, royalty_ledger, work, coin, split, register_work, steward, platform, opened, claim,
    thief, other, stranger
):  # fmt: skip
    second = register_work(steward, 0)
    royalty_ledger.setSplit(second, split, by(steward))
    royalty_ledger.pay(second, coin, 1_000, by(platform))

    opened()

    with refused("ShareFrozen", work, thief.address):
        claim(thief)
    assert claim(other) == INCOME * 4 // 10
    assert royalty_ledger.claim(second, coin, 1, split, thief, by(stranger)).return_value == 600
    assert [court.isFrozen(w, p) for w in (work, second) for p in (thief, other)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_a_push_passes_the_frozen_share_over(
    royalty_ledger, work, coin, split, opened, thief, other, stranger
):
    opened()
    before = coin.balanceOf(thief)

    tx = royalty_ledger.push(work, coin, 1, split, by(stranger))

    assert [e["payee"] for e in tx.events["PaidOut"]] == [other]
    assert coin.balanceOf(thief) == before


def test_later_income_of_the_share_is_frozen_too(
    royalty_ledger, work, coin, opened, claim, platform, thief, other
):
    opened()
    royalty_ledger.pay(work, coin, 1_000, by(platform))

    with refused("ShareFrozen"):
        claim(thief)
    assert claim(other) == (INCOME + 1_000) * 4 // 10


def test_the_bond_is_a_twentieth_of_what_is_frozen(
    court, work, coin, split, opened, thief, disputer
):
    before = coin.balanceOf(disputer)
    assert court.bondFor(work, thief, split) == SHARE // 20

    opened()

    assert before - coin.balanceOf(disputer) == SHARE // 20
    assert coin.balanceOf(court) == SHARE // 20


@pytest.mark.parametrize("why", ["claimed", "no payee of it", "no split"])
def test_the_bond_is_never_less_than_the_minimum(
    court, register_work, steward, opened, claim, thief, stranger, why
):
    if why == "claimed":
        claim(thief)
        matter = opened()
    elif why == "no payee of it":
        matter = opened(payee=stranger)
    else:
        matter = opened(work=register_work(steward, 0), split=[])

    assert court.caseOf(court.caseIdOf(matter))[2] == MINIMUM_BOND


def test_a_bond_above_what_was_agreed_to_is_not_taken(opened):
    with refused("BondTooHigh", SHARE // 20, SHARE // 20 - 1):
        opened(bond_max=SHARE // 20 - 1)


def test_a_forged_split_does_not_lower_the_bond(work, opened, other):
    with refused("SplitMismatch", work, 1):
        opened(split=[(other.address, 10_000)])
    with refused("SplitMismatch", work, 1):
        opened(split=[])


def test_the_same_claim_is_not_brought_twice(court, opened, thief):
    matter = opened()
    with refused("CaseKnown"):
        opened()

    court.concede(matter, by(thief))
    with refused("CaseKnown"):
        opened()


def test_evidence_used_by_others_or_elsewhere_burns_nobodys_case(
    court, opened, register_work, steward, stranger, other
):
    """Keyed by disputer, target and hash: a stranger's dispute does not spend the evidence."""
    first = opened(disputer=stranger, text="one manifest")
    cases = {
        str(court.caseIdOf(matter))
        for matter in (
            first,
            opened(text="one manifest"),
            opened(text="one manifest", payee=other),
            opened(text="one manifest", work=register_work(steward, 0), split=[]),
        )
    }

    assert len(cases) == 4


def test_evidence_is_asked_for(court, work, split, thief, disputer):
    with refused("EvidenceMissing"):
        court.open(work, thief, bytes(32), split, 10**12, by(disputer))


def test_a_work_that_is_not_registered_cannot_be_disputed(opened):
    with refused("WorkUnknown", 999):
        opened(work=999, split=[])


def test_a_bond_must_be_there(court, coin, work, split, thief, disputer):
    coin.approve(court, 0, by(disputer))

    with refused("ERC20InsufficientAllowance"):
        court.open(work, thief, digest("x"), split, 10**12, by(disputer))
    assert not court.isFrozen(work, thief)


def test_a_contract_can_dispute(court: Any, work, split, coin, thief, purse, accounts, authority):
    """Here the Authority: its admin executes through it, as a Safe would."""
    purse(accounts[0])
    coin.transfer(authority, 10**12, by(accounts[0]))
    evidence = digest("of a contract")
    authority.execute(coin, coin.approve.encode_input(court, 2**256 - 1), by(accounts[0]))

    call = court.open.encode_input(work, thief, evidence, split, 10**12)
    tx = authority.execute(court, call, by(accounts[0]))

    assert tx.events["CaseOpened"]["disputer"] == authority


@pytest.fixture
def authority(Authority, deployer):
    return Authority.deploy(deployer, by(deployer))
