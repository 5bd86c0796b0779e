"""Freezes overlap, follow each other and end, by time alone, and nobody holds a share for ever."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from tests.contracts.dispute_court.conftest import (
    ANSWER_TIME,
    FREEZE_MAX,
    INCOME,
    RESPITE,
    RULING_TIME,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, by

CASE_TIME = ANSWER_TIME + RULING_TIME
# Where the court keeps its freezes, and the bit at which a share's word counts them.
FREEZES_SLOT, ERA_BIT = 4, 200


def test_one_case_frees_nothing_while_another_goes_on(court, opened, work, thief, disputer):
    first, second = opened("first"), opened("second")

    court.concede(first, by(disputer))
    assert court.isFrozen(work, thief)
    court.concede(second, by(disputer))

    assert not court.isFrozen(work, thief)


def test_a_case_that_is_over_by_time_keeps_no_later_freeze_going(
    court, opened, work, thief, disputer, stranger, wait
):
    opened("nobody ever lapses this one")
    wait(CASE_TIME)
    later = opened("later")

    court.concede(later, by(disputer))

    assert not court.isFrozen(work, thief)


def test_a_case_of_an_earlier_freeze_ends_no_later_one(court, opened, work, thief, stranger, wait):
    stale = opened("stale")
    wait(CASE_TIME)
    opened("later")

    court.lapse(stale, by(stranger))

    assert court.isFrozen(work, thief)


def test_a_stale_case_ends_no_freeze_after_a_turn_of_sixteen_bits(
    court, opened, work, thief, disputer, stranger, wait, web3
):
    """65,535 freezes are a few weeks' work for who disputes itself and gives in at once."""
    stale = opened("stale")
    wait(CASE_TIME)
    inner = web3.keccak(encode(["uint256", "uint256"], [work, FREEZES_SLOT]))
    slot = web3.keccak(encode(["address", "bytes32"], [thief.address, inner]))
    word = int.from_bytes(web3.eth.get_storage_at(court.address, slot), "big")
    assert word >> ERA_BIT & 0xFFFF == 1
    late = word | 0xFFFF << ERA_BIT
    told = [court.address, "0x" + slot.hex().removeprefix("0x"), f"0x{late:064x}"]
    web3.provider.make_request("anvil_setStorageAt", told)
    court.concede(opened("one more"), by(disputer))
    opened("real")

    court.lapse(stale, by(stranger))

    assert court.isFrozen(work, thief)


def test_an_upheld_case_of_an_earlier_freeze_revives_none(
    court, opened, decide, work, thief, wait, stranger, disputer
):
    """Its freeze was ended by the stretch's limit before it was ruled on."""
    opened("first")
    wait(CASE_TIME - 60)
    second = opened("second")
    wait(CASE_TIME - 60)
    third = opened("third")
    wait(3 * DAY)
    assert not court.isFrozen(work, thief)

    court.concede(third, by(thief))
    court.lapse(second, by(stranger))

    assert not court.isFrozen(work, thief)


def test_overlapping_cases_hold_a_share_for_ninety_days_at_most(
    court, opened, claim, work, thief, wait
):
    began = opened("0") and court.caseOf(court.caseIdOf(opened("00")))[1]
    for n in range(1, 3):
        wait(30 * DAY)
        opened(str(n))

    assert court.frozenUntil(work, thief) <= began + FREEZE_MAX
    wait(30 * DAY)
    assert claim(thief) == INCOME * 6 // 10


def test_after_ninety_days_the_share_is_left_alone_for_seven(
    court, opened, work, thief, wait, mine_at
):
    opened("first")
    wait(40 * DAY)
    opened("second")
    wait(40 * DAY)
    opened("third")
    free_from = court.frozenUntil(work, thief)
    mine_at(free_from)

    with refused("FreezeSpent", free_from + RESPITE):
        opened("fourth")
    mine_at(free_from + RESPITE)
    opened("fourth")
    assert court.isFrozen(work, thief)


def test_short_gaps_do_not_begin_the_ninety_days_anew(
    court, opened, work, thief, disputer, wait, mine_at
):
    """What is frozen counts, to the second, less 90 for every seven that were free."""
    used, ended = 0, 0
    for n in range(9):
        matter = opened(str(n))
        began = court.caseOf(court.caseIdOf(matter))[1]
        used = max(used - (began - ended) * 90 // 7, 0)
        wait(20 * DAY)
        ended = court.concede(matter, by(disputer)).timestamp
        used += ended - began
        wait(DAY)
    last = opened("last")

    free_from = court.frozenUntil(work, thief)
    began = court.caseOf(court.caseIdOf(last))[1]
    used = max(used - (began - ended) * 90 // 7, 0)
    assert used > FREEZE_MAX - CASE_TIME
    assert used + free_from - began == FREEZE_MAX
    mine_at(free_from + RESPITE - 1)
    with refused("FreezeSpent", free_from + RESPITE):
        opened("one more")


def test_disputes_that_freeze_nothing_use_no_stretch_up(
    court, opened, work, thief, stranger, disputer, wait
):
    """A thief that disputes itself and gives in, over and over, leaves a real dispute its time."""
    for n in range(15):
        matter = opened(str(n), disputer=stranger)
        court.concede(matter, by(thief))
        court.release(matter, by(stranger))
        wait(RESPITE - DAY // 2)

    real = opened("real")
    court.concede(real, by(thief))

    opened_at = court.caseOf(court.caseIdOf(real))[1]
    assert court.frozenUntil(work, thief) - opened_at > FREEZE_MAX - 60


def test_a_stretch_is_not_kept_used_up_by_disputes_that_freeze_nothing(
    court, opened, work, thief, stranger, disputer, wait
):
    """A thief freezes itself for nearly all of it, and then keeps it so by a dispute a week."""
    first = opened("first", disputer=stranger)
    court.concede(first, by(thief))
    wait(FREEZE_MAX - 60)
    court.release(first, by(stranger))
    for n in range(3):
        wait(RESPITE - 60)
        matter = opened(str(n), disputer=stranger)
        court.concede(matter, by(thief))
        court.release(matter, by(stranger))

    real = opened("real")
    court.concede(real, by(thief))

    opened_at = court.caseOf(court.caseIdOf(real))[1]
    assert court.frozenUntil(work, thief) - opened_at > FREEZE_MAX - 60


def test_who_agrees_to_be_frozen_shortens_no_later_dispute_by_the_time_before(
    court, opened, work, thief, stranger, disputer, wait
):
    """A thief that gives in to a friend is free now and then, to claim, and frozen else."""
    for n in range(12):
        matter = opened(str(n), disputer=stranger)
        wait(8 * DAY)
        court.concede(matter, by(thief))
        court.release(matter, by(stranger))

    real = opened("real")

    opened_at = court.caseOf(court.caseIdOf(real))[1]
    assert court.frozenUntil(work, thief) == opened_at + CASE_TIME


def test_who_is_ruled_against_agrees_to_nothing(
    court, opened, decide, work, thief, disputer, stranger, wait
):
    """Nor who gives in when the ruling is there."""
    first = opened("first")
    wait(CASE_TIME - 60)
    second = opened("second")
    court.answer(second, b"reply".rjust(32), by(thief))
    wait(CASE_TIME - 120)
    decide(second, 1)
    court.concede(second, by(thief))

    began = court.caseOf(court.caseIdOf(first))[1]
    assert court.frozenUntil(work, thief) == began + FREEZE_MAX


def test_free_days_before_a_long_freeze_begin_nothing_anew_after_it(
    court, opened, work, thief, disputer, wait
):
    """Else two freezes of 90 days each would lie a minute apart."""
    court.concede(opened("early"), by(disputer))
    wait(RESPITE - 60)
    long = opened("long")
    court.concede(long, by(thief))
    wait(FREEZE_MAX - 60)
    court.release(long, by(disputer))
    wait(60)

    again = opened("again")

    opened_at = court.caseOf(court.caseIdOf(again))[1]
    assert court.frozenUntil(work, thief) - opened_at < DAY


def test_a_case_whose_time_is_over_is_lapsed_by_anybody(
    court, opened, work, thief, disputer, stranger, wait
):
    """Until then it keeps a freeze going that another case prolonged."""
    upheld, later = opened("upheld"), opened("later")
    court.concede(upheld, by(thief))
    court.release(upheld, by(disputer))
    wait(CASE_TIME)
    assert court.isFrozen(work, thief)

    court.lapse(later, by(stranger))

    assert not court.isFrozen(work, thief)


def test_a_week_of_freedom_begins_them_anew(court, opened, work, thief, disputer, wait):
    court.concede(opened("first"), by(disputer))
    wait(RESPITE)

    matter = opened("second")
    court.concede(matter, by(thief))

    opened_at = court.caseOf(court.caseIdOf(matter))[1]
    assert court.frozenUntil(work, thief) == opened_at + FREEZE_MAX


def test_the_past_is_told_to_the_second(court, opened, work, thief, disputer, other, wait):
    spans = []
    for text in ("first", "second"):
        matter = opened(text)
        wait(2 * DAY)
        ended = court.concede(matter, by(disputer)).timestamp
        spans.append((court.caseOf(court.caseIdOf(matter))[1], ended))
        wait(DAY)

    for began, ended in spans:
        # Of the second in which it began a block may be meant that came before.
        told = [court.frozenAt(work, thief, t) for t in (began, began + 1, ended - 1, ended)]
        assert told == [False, True, True, False]
        assert not court.frozenAt(work, other, began + 1)
    court.concede(opened("third"), by(disputer))
    assert not court.frozenAt(work, thief, spans[0][0] + 1)
    assert court.frozenAt(work, thief, spans[1][0] + 1)


def test_a_share_is_frozen_in_the_block_of_its_dispute(court, opened, work, thief):
    opened_at = court.caseOf(court.caseIdOf(opened()))[1]

    assert court.isFrozen(work, thief)
    assert not court.frozenAt(work, thief, opened_at)


@pytest.mark.parametrize("time", [0, 2**40 - 1])
def test_a_share_never_disputed_was_never_frozen(court: Any, work, other, time):
    assert not court.isFrozen(work, other)
    assert not court.frozenAt(work, other, time)
