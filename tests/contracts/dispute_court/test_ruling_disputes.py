"""Who answers when, who rules when, and what a ruling does to the freeze."""

from __future__ import annotations

import pytest

from tests.contracts.dispute_court.conftest import (
    ANSWER_TIME,
    ANSWERED,
    CASE_DISMISSED,
    CASE_UPHELD,
    DISMISSED,
    FREEZE_MAX,
    INCOME,
    LAPSED,
    PAYEES_TIME,
    RELEASED,
    RULING_TIME,
    UPHELD,
    Matter,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import by, digest
from tests.contracts.royalty_ledger.stage import resplit

REPLY = digest("she sang it, here is the session")


def status_of(court, matter):
    return court.caseOf(court.caseIdOf(matter))[0]


@pytest.fixture
def opened_at(court):
    return lambda matter: court.caseOf(court.caseIdOf(matter))[1]


def test_the_payee_answers_at_once(court, opened, thief):
    matter = opened()

    tx = court.answer(matter, REPLY, by(thief))

    case_id = court.caseIdOf(matter)
    assert dict(tx.events["CaseAnswered"]) == {
        "caseId": case_id,
        "defender": thief,
        "evidence": "0x" + REPLY.hex(),
    }
    assert court.caseOf(case_id)[0] == ANSWERED
    assert court.caseOf(case_id)[4] == thief


def test_the_first_third_is_the_payees_alone(court, opened, opened_at, stranger, mine_at):
    matter = opened()
    turn_ends = opened_at(matter) + PAYEES_TIME

    with refused("PayeesTurn", court.caseIdOf(matter), turn_ends):
        court.answer(matter, REPLY, by(stranger))
    mine_at(turn_ends)
    court.answer(matter, REPLY, by(stranger))

    assert court.caseOf(court.caseIdOf(matter))[4] == stranger


def test_nobody_answers_after_fourteen_days(court, opened, opened_at, thief, mine_at):
    matter = opened()
    ends = opened_at(matter) + ANSWER_TIME
    mine_at(ends)

    with refused("AnswerTooLate", court.caseIdOf(matter), ends):
        court.answer(matter, REPLY, by(thief))


def test_a_case_is_answered_once_and_with_evidence(court, opened, thief):
    matter = opened()
    with refused("EvidenceMissing"):
        court.answer(matter, bytes(32), by(thief))
    court.answer(matter, REPLY, by(thief))

    with refused("BadCaseStep", court.caseIdOf(matter), ANSWERED):
        court.answer(matter, REPLY, by(thief))


def test_evidence_is_heard_without_a_bond(
    court, coin, opened, thief, disputer, platform, stranger, wait
):
    matter = opened()
    case_id = court.caseIdOf(matter)
    wait(PAYEES_TIME)
    court.answer(matter, REPLY, by(platform))
    held = coin.balanceOf(court)
    for party in (thief, disputer, platform):
        tx = court.giveEvidence(matter, REPLY, by(party))
        assert dict(tx.events["EvidenceGiven"]) == {
            "caseId": case_id,
            "party": party,
            "evidence": "0x" + REPLY.hex(),
        }
    assert coin.balanceOf(court) == held
    with refused("NotParty", case_id, stranger.address):
        court.giveEvidence(matter, REPLY, by(stranger))
    with refused("EvidenceMissing"):
        court.giveEvidence(matter, bytes(32), by(thief))
    court.concede(matter, by(disputer))
    with refused("BadCaseStep", case_id, CASE_DISMISSED):
        court.giveEvidence(matter, REPLY, by(thief))


def test_a_dismissed_dispute_frees_the_share_at_once(court, opened, decide, claim, thief, stranger):
    matter = opened()
    court.answer(matter, REPLY, by(thief))
    decide(matter, DISMISSED)

    tx = court.rule(matter, by(stranger))

    assert dict(tx.events["CaseEnded"]) == {
        "caseId": court.caseIdOf(matter),
        "status": CASE_DISMISSED,
        "frozenUntil": tx.timestamp,
    }
    assert claim(thief) == INCOME * 6 // 10


def test_an_upheld_dispute_freezes_until_day_ninety(
    court, opened, opened_at, decide, claim, work, thief, stranger, mine_at
):
    matter = opened()
    court.answer(matter, REPLY, by(thief))
    decide(matter, UPHELD)

    court.rule(matter, by(stranger))

    ends = opened_at(matter) + FREEZE_MAX
    assert status_of(court, matter) == CASE_UPHELD
    assert court.frozenUntil(work, thief) == ends
    mine_at(ends - 5)
    with refused("ShareFrozen"):
        claim(thief)
    mine_at(ends)
    assert claim(thief) == INCOME * 6 // 10


def test_an_upheld_freeze_is_lifted_by_the_corrected_split(
    court, royalty_ledger, opened, decide, work, split, steward, other, thief, stranger
):
    matter = opened()
    court.answer(matter, REPLY, by(thief))
    decide(matter, UPHELD)
    court.rule(matter, by(stranger))
    with refused("NotController", work, stranger.address):
        court.release(matter, by(stranger))
    with refused("NotCorrected", work, 1):
        court.release(matter, by(steward))

    resplit(royalty_ledger, work, split, [(other.address, 10_000)], steward)
    court.release(matter, by(steward))

    assert status_of(court, matter) == RELEASED
    assert not court.isFrozen(work, thief)


def test_the_disputer_lifts_an_upheld_freeze_at_any_time(court, opened, work, thief, disputer):
    matter = opened()
    with refused("BadCaseStep"):
        court.release(matter, by(disputer))
    court.concede(matter, by(thief))

    court.release(matter, by(disputer))

    assert not court.isFrozen(work, thief)


def test_anybody_closes_an_upheld_case_after_day_ninety(
    court, opened, opened_at, thief, stranger, mine_at
):
    matter = opened()
    court.concede(matter, by(thief))
    mine_at(opened_at(matter) + FREEZE_MAX)

    court.release(matter, by(stranger))

    assert status_of(court, matter) == RELEASED


def test_no_ruling_before_the_payee_could_answer(
    court, opened, opened_at, decide, stranger, mine_at
):
    matter = opened()
    decide(matter, UPHELD)
    ends = opened_at(matter) + ANSWER_TIME

    with refused("RulingTooEarly", court.caseIdOf(matter), ends):
        court.rule(matter, by(stranger))
    mine_at(ends)
    court.rule(matter, by(stranger))


def test_nothing_is_taken_over_that_was_not_ruled(court, opened, thief, stranger):
    matter = opened()
    court.answer(matter, REPLY, by(thief))

    with refused("NotRuled", court.caseIdOf(matter)):
        court.rule(matter, by(stranger))


def test_a_case_nobody_ruled_on_lapses_by_itself(
    court, opened, opened_at, decide, claim, thief, stranger, mine_at
):
    matter = opened()
    over = opened_at(matter) + ANSWER_TIME + RULING_TIME
    with refused("LapseTooEarly", court.caseIdOf(matter), over):
        court.lapse(matter, by(stranger))
    mine_at(over)

    assert claim(thief) == INCOME * 6 // 10
    decide(matter, UPHELD)
    with refused("RulingTooLate", court.caseIdOf(matter), over):
        court.rule(matter, by(stranger))
    with refused("RulingTooLate", court.caseIdOf(matter), over):
        court.concede(matter, by(thief))
    court.lapse(matter, by(stranger))
    assert status_of(court, matter) == LAPSED


def test_either_side_may_concede_and_nobody_else(court, opened, thief, disputer, stranger, wait):
    """Nor may a defender: who freezes a share could answer as its own adversary, and give in."""
    lost, won = opened("first"), opened("second")
    for answers in (False, True):
        if answers:
            wait(PAYEES_TIME)
            court.answer(lost, REPLY, by(stranger))
        with refused("NotParty", court.caseIdOf(lost), stranger.address):
            court.concede(lost, by(stranger))

    court.concede(lost, by(disputer))
    court.concede(won, by(thief))

    assert [status_of(court, m) for m in (lost, won)] == [CASE_DISMISSED, CASE_UPHELD]


@pytest.mark.parametrize("step", ["rule", "concede", "lapse", "answer"])
def test_a_case_that_is_over_takes_no_further_step(court, opened, disputer, step):
    matter = opened()
    court.concede(matter, by(disputer))
    arguments = (matter, REPLY) if step == "answer" else (matter,)

    with refused("BadCaseStep", court.caseIdOf(matter), CASE_DISMISSED):
        getattr(court, step)(*arguments, by(disputer))


@pytest.mark.parametrize("step", ["rule", "concede", "lapse", "answer", "giveEvidence", "release"])
def test_a_case_that_never_was_takes_no_step(court, work, thief, disputer, step):
    matter = Matter(disputer.address, work, thief.address, digest("nothing"))
    arguments = (matter, REPLY) if step in ("answer", "giveEvidence") else (matter,)

    with refused("CaseUnknown", court.caseIdOf(matter)):
        getattr(court, step)(*arguments, by(disputer))
    with refused("CaseUnknown", court.caseIdOf(matter)):
        court.caseOf(court.caseIdOf(matter))
