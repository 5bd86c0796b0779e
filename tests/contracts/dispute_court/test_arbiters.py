"""Who rules: the elders, the council, or whom a community chose; and how far an answer reaches."""

from __future__ import annotations

import pytest

from tests.contracts.dispute_court.conftest import (
    CASE_DISMISSED,
    CASE_UPHELD,
    DISMISSED,
    UPHELD,
    Matter,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import ZERO, by, digest

REPLY = digest("reply")


@pytest.fixture
def council_arbiter(ledger_contracts):
    return ledger_contracts["CouncilArbiter"]


@pytest.fixture
def answered(court, opened, thief):
    def answered(text="a", **others):
        matter = opened(text, **others)
        court.answer(matter, REPLY, by(thief))
        return matter

    return answered


def ruled(court, matter, anyone):
    court.rule(matter, by(anyone))
    return court.caseOf(court.caseIdOf(matter))[0]


@pytest.mark.parametrize(("ruling", "status"), [(UPHELD, CASE_UPHELD), (DISMISSED, CASE_DISMISSED)])
def test_elders_rule_on_their_communitys_works(court, answered, decide, stranger, ruling, status):
    matter = answered()
    decide(matter, ruling)

    assert ruled(court, matter, stranger) == status


def test_elders_that_decide_both_ways_withhold_nobodys_money(court, answered, decide, stranger):
    matter = answered()
    decide(matter, UPHELD)
    decide(matter, DISMISSED)

    assert ruled(court, matter, stranger) == CASE_DISMISSED


def test_a_ruling_names_chain_court_case_and_outcome(
    court, elder_arbiter, opened, council, wait, work, thief
):
    case = court.caseIdOf(opened("a"))
    other = court.caseIdOf(opened("b"))
    names = {
        str(elder_arbiter.rulingDecision(court, case, UPHELD)),
        str(elder_arbiter.rulingDecision(court, case, DISMISSED)),
        str(elder_arbiter.rulingDecision(court, other, UPHELD)),
        str(elder_arbiter.rulingDecision(council, case, UPHELD)),
    }

    assert len(names) == 4


def test_one_elder_of_two_rules_nothing(
    court, answered, elder_arbiter, consents, community, elders, stranger
):
    matter = answered()
    decision = elder_arbiter.rulingDecision(court, court.caseIdOf(matter), UPHELD)
    consents.approveDecision(community, decision, by(elders[0]))

    with refused("NotRuled"):
        court.rule(matter, by(stranger))


def test_the_council_rules_where_there_is_no_community(
    court, council_arbiter, answered, register_work, steward, council, stranger
):
    work = register_work(steward, 0)
    matter = answered(work=work, split=[])
    case_id = court.caseIdOf(matter)

    tx = council_arbiter.decide(court, case_id, UPHELD, by(council))

    assert dict(tx.events["Ruled"]) == {"court": court, "caseId": case_id, "ruling": UPHELD}
    assert ruled(court, matter, stranger) == CASE_UPHELD
    with refused("AlreadyRuled", case_id, UPHELD):
        council_arbiter.decide(court, case_id, DISMISSED, by(council))
    with refused("NoRuling", case_id):
        council_arbiter.decide(court, case_id, 0, by(council))
    with refused("NotPermitted"):
        council_arbiter.decide(court, case_id, UPHELD, by(stranger))


def test_the_council_rules_on_no_communitys_work(
    court, council_arbiter, answered, council, stranger
):
    matter = answered()
    council_arbiter.decide(court, court.caseIdOf(matter), UPHELD, by(council))

    with refused("NotRuled"):
        court.rule(matter, by(stranger))


@pytest.fixture
def chosen(court, consents, community, elders, steward, council_arbiter):
    """The community lets the council rule, as its elders decided."""
    decision = court.arbiterDecision(community, council_arbiter)
    for elder in elders[:2]:
        consents.approveDecision(community, decision, by(elder))
    return court.setArbiter(community, council_arbiter, by(steward))


def test_a_community_chooses_its_arbiter(
    court, chosen, answered, community, council_arbiter, council, stranger
):
    assert dict(chosen.events["ArbiterSet"]) == {
        "communityId": community,
        "arbiter": council_arbiter,
    }
    assert court.arbiterOf(community) == council_arbiter
    matter = answered()
    council_arbiter.decide(court, court.caseIdOf(matter), DISMISSED, by(council))
    assert ruled(court, matter, stranger) == CASE_DISMISSED


def test_open_cases_keep_their_arbiter(
    court, request, answered, decide, elder_arbiter, community, stranger
):
    matter = answered()
    request.getfixturevalue("chosen")
    decide(matter, UPHELD)

    assert court.caseOf(court.caseIdOf(matter))[3] == elder_arbiter
    assert ruled(court, matter, stranger) == CASE_UPHELD


def test_an_arbiter_is_chosen_by_steward_and_elders_together(
    court, community, steward, council_arbiter, stranger
):
    decision = court.arbiterDecision(community, council_arbiter)

    with refused("NotSteward", community, stranger.address):
        court.setArbiter(community, council_arbiter, by(stranger))
    with refused("ArbiterNotDecided", community, decision):
        court.setArbiter(community, council_arbiter, by(steward))
    for nobody in (ZERO, stranger):
        with refused("BadArbiter", nobody if nobody == ZERO else nobody.address):
            court.setArbiter(community, nobody, by(steward))


def test_an_arbiter_that_fails_holds_nothing_up_but_its_own_ruling(
    court, consents, found_community, register_work, opened, steward, stewards, accounts,
    GasBurningPayee, deployer, wait, thief, claim
):  # fmt: skip
    """The worst one answers nothing and burns all gas: its cases lapse, their freeze ends."""
    lone = found_community(stewards[1])
    broken = GasBurningPayee.deploy(by(deployer))
    consents.approveDecision(lone, court.arbiterDecision(lone, broken), by(stewards[1]))
    court.setArbiter(lone, broken, by(stewards[1]))
    matter: Matter = opened(work=register_work(stewards[1], lone), split=[])
    court.answer(matter, REPLY, by(thief))

    with pytest.raises(Exception, match=r"revert|gas|invalid"):
        court.rule(matter, {**by(deployer), "gas_limit": 1_000_000})
    wait(44 * 24 * 3600)
    assert not court.isFrozen(matter.work, thief)
    court.lapse(matter, by(deployer))
