"""Who rules: the elders, the council, or whom a community chose; and how far an answer reaches."""

from __future__ import annotations

import brownie
import pytest
from brownie import web3
from eth_abi import encode
from eth_utils import keccak

from tests.contracts.dispute_court.conftest import (
    CASE_DISMISSED,
    CASE_UPHELD,
    DISMISSED,
    PAYEES_TIME,
    UPHELD,
    Matter,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, ZERO, by, digest

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


def test_a_ruling_names_chain_court_case_community_council_and_outcome(
    court, elder_arbiter, opened, council, community, found_community, steward
):
    case = court.caseIdOf(opened("a"))
    other = court.caseIdOf(opened("b"))
    neighbours = found_community(steward)
    kinds = ["uint256", "address", "string", "bytes32", "uint32", "uint32", "uint8"]
    words = encode(kinds, [31337, court.address, "ruling", case, community, 1, UPHELD])
    names = {
        str(elder_arbiter.rulingDecision(court, case, community, UPHELD)),
        str(elder_arbiter.rulingDecision(court, case, community, DISMISSED)),
        str(elder_arbiter.rulingDecision(court, other, community, UPHELD)),
        str(elder_arbiter.rulingDecision(council, case, community, UPHELD)),
        str(elder_arbiter.rulingDecision(court, case, neighbours, UPHELD)),
    }

    assert len(names) == 5
    assert "0x" + keccak(words).hex() in names


def test_a_council_that_gave_up_its_seats_rules_on_nothing(
    court, opened, decide, consents, community, elders, steward, accounts, thief, stranger, mine_at
):
    """Neither for nor against, however early: its successor decides."""
    matter = opened()
    court.answer(matter, REPLY, by(thief))
    decide(matter, UPHELD)
    others = [elder.address for elder in accounts[20:22]]
    change = (community, steward.address, others, 1)
    for elder in elders[:2]:
        tx = consents.approveDecision(community, consents.councilDecision(*change), by(elder))
    mine_at(tx.timestamp + 7 * DAY)
    consents.seatCouncil(*change, by(stranger))

    with refused("NotRuled", court.caseIdOf(matter)):
        court.rule(matter, by(stranger))
    decide(matter, DISMISSED, accounts[20:21])

    assert ruled(court, matter, stranger) == CASE_DISMISSED


def test_one_elder_of_two_rules_nothing(
    court, answered, elder_arbiter, consents, community, elders, stranger
):
    matter = answered()
    decision = elder_arbiter.rulingDecision(court, court.caseIdOf(matter), community, UPHELD)
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
def choose(court, consents, community, elders, steward):
    """The elders decide for an arbiter, and the steward carries it out."""

    def choose(arbiter):
        decision = court.arbiterDecision(community, arbiter)
        for elder in elders[:2]:
            consents.approveDecision(community, decision, by(elder))
        return court.setArbiter(community, arbiter, by(steward))

    return choose


@pytest.fixture
def chosen(choose, council_arbiter):
    """The community lets the council rule, as its elders decided."""
    return choose(council_arbiter)


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


def test_a_decision_for_an_arbiter_is_good_for_one_change(
    court, choose, community, steward, council_arbiter, elder_arbiter
):
    choose(council_arbiter)
    choose(elder_arbiter)
    choose(council_arbiter)
    choose(elder_arbiter)

    again = court.arbiterDecision(community, council_arbiter)
    with refused("ArbiterNotDecided", community, again):
        court.setArbiter(community, council_arbiter, by(steward))
    assert court.arbiterOf(community) == elder_arbiter


@pytest.mark.parametrize("kind", ["knows no rulings", "bombs"])
def test_an_arbiter_that_fails_keeps_nobody_from_giving_in(
    court, coin, choose, opened, thief, platform, deployer, purse, wait, kind
):
    bomb = brownie.project.get_loaded_projects()[0].BombingArbiter
    choose(coin if kind == "knows no rulings" else bomb.deploy(by(deployer)))
    matter = opened()
    wait(PAYEES_TIME)
    court.answer(matter, REPLY, by(platform))

    # Enough for the bomb itself, and not to copy it too.
    court.concede(matter, {"from": thief, "gas_limit": 3_000_000})

    assert court.caseOf(court.caseIdOf(matter))[0] == CASE_UPHELD
    assert court.owedTo(platform) == court.caseOf(court.caseIdOf(matter))[2]


def test_nobody_uses_the_numbers_of_arbiters_up(court, choose, community, council_arbiter):
    """As if communities had chosen 70,000 times: the list's length is the court's first slot."""
    slot = [court.address, "0x0", f"{70_000:#066x}"]
    web3.provider.make_request("anvil_setStorageAt", slot)

    choose(council_arbiter)

    assert court.arbiterOf(community) == council_arbiter
    assert int.from_bytes(web3.eth.get_storage_at(court.address, 0), "big") == 70_001


@pytest.fixture
def lone(found_community, stewards):
    """A community whose steward decides alone."""
    return found_community(stewards[1])


def test_a_steward_without_elders_does_not_judge_its_own_works(
    court, consents, elder_arbiter, council_arbiter, answered, lone, stewards, register_work,
    council, stranger
):  # fmt: skip
    steward = stewards[1]
    assert court.arbiterOf(lone) == council_arbiter
    decision = court.arbiterDecision(lone, elder_arbiter)
    consents.approveDecision(lone, decision, by(steward))
    with refused("ArbiterNotDecided", lone, decision):
        court.setArbiter(lone, elder_arbiter, by(steward))

    matter = answered(work=register_work(steward, lone), split=[])
    case_id = court.caseIdOf(matter)
    word = elder_arbiter.rulingDecision(court, case_id, lone, DISMISSED)
    consents.approveDecision(lone, word, by(steward))
    with refused("NotRuled", case_id):
        court.rule(matter, by(stranger))
    council_arbiter.decide(court, case_id, UPHELD, by(council))

    assert ruled(court, matter, stranger) == CASE_UPHELD


def test_whom_elders_chose_rules_on_without_elders(
    court, consents, choose, community, elders, steward, elder_arbiter, wait, stranger
):
    """They may give their say up; the arbiter stays the one that they decided for."""
    choose(elder_arbiter)
    council = (community, steward, [], 0)
    decision = consents.councilDecision(*council)
    for elder in elders[:2]:
        consents.approveDecision(community, decision, by(elder))
    wait(7 * 24 * 3600)
    consents.seatCouncil(*council, by(stranger))

    assert court.arbiterOf(community) == elder_arbiter


def test_no_community_no_arbiter(court):
    with refused("CommunityUnknown", 999):
        court.arbiterOf(999)


def test_an_arbiter_that_fails_holds_nothing_up_but_its_own_ruling(
    court, choose, community, register_work, opened, steward, GasBurningPayee, deployer, wait, thief
):  # fmt: skip
    """The worst one answers nothing and burns all gas: its cases lapse, their freeze ends."""
    choose(GasBurningPayee.deploy(by(deployer)))
    matter: Matter = opened(work=register_work(steward, community), split=[])
    court.answer(matter, REPLY, by(thief))

    with pytest.raises(Exception, match=r"revert|gas|invalid"):
        court.rule(matter, {**by(deployer), "gas_limit": 1_000_000})
    wait(44 * 24 * 3600)
    assert not court.isFrozen(matter.work, thief)
    court.lapse(matter, by(deployer))
