"""A later split: proposed, objected to or agreed to, overruled by elders, enacted."""

from __future__ import annotations

from itertools import product
from typing import Any

import brownie
import pytest

from tests.contracts.rights import split_hash
from tests.contracts.royalty_ledger.conftest import CHANT, DRUM, REMIX, REMIX_VECTOR
from tests.contracts.royalty_ledger.stage import (
    by,
    refusal_of,
    resplit,
    vector_bytes,
)

WEEK = 7 * 24 * 60 * 60
COMMUNITY = 7


@pytest.fixture
def new(payees: list[str]) -> list[tuple[str, int]]:
    return [(payees[3], 10_000)]


@pytest.fixture
def proposed(ledger: Any, thirds: Any, new: Any, roles: Any) -> bytes:
    """The hash of a split that is proposed to follow the thirds."""
    ledger.proposeSplit(CHANT, new, by(roles.steward))
    return split_hash(new)


def enact(ledger: Any, new: Any, roles: Any) -> Any:
    return ledger.enactSplit(CHANT, new, b"", by(roles.steward))


def refusal_to_enact(ledger: Any, new: Any, roles: Any) -> Any:
    return refusal_of(ledger.enactSplit, CHANT, new, b"", sender=roles.steward)


def wait_out() -> None:
    brownie.chain.sleep(WEEK)
    brownie.chain.mine()


def test_payees_can_read_how_long_they_may_object(ledger):
    assert ledger.OBJECTION_PERIOD() == WEEK


def test_a_second_split_is_not_set_at_once(ledger, thirds, new, roles):
    refused = refusal_of(ledger.setSplit, CHANT, new, sender=roles.steward)

    assert refused == ("SplitExists", CHANT, 1)


def test_before_the_first_split_there_is_nothing_to_propose(ledger, new, roles):
    assert refusal_of(ledger.proposeSplit, CHANT, new, sender=roles.steward) == (
        "SplitNotSet",
        CHANT,
    )


def test_a_proposal_is_told_whole_and_changes_nothing_yet(ledger, thirds, new, roles):
    tx = ledger.proposeSplit(CHANT, new, by(roles.steward))

    enactable = tx.timestamp + WEEK
    assert tx.return_value == 2
    assert dict(tx.events["SplitProposed"]) == {
        "workId": CHANT,
        "version": 2,
        "shares": tuple(new),
        "enactableFrom": enactable,
    }
    stored = "0x" + split_hash(new)[:28].hex()
    assert ledger.proposalOf(CHANT) == (stored, enactable, 0, 0, False)
    assert ledger.splitCountOf(CHANT) == 1


def test_a_proposal_is_a_split_like_any_other(ledger, thirds, payees, roles):
    for shares, refused in (
        ([], ("BadPayees",)),
        ([(payees[0], 9_999)], ("SharesNotWhole", 9_999)),
    ):
        assert refusal_of(ledger.proposeSplit, CHANT, shares, sender=roles.steward) == refused


def test_only_the_controller_proposes_and_enacts(ledger, thirds, new, proposed, roles):
    expected = ("NotController", CHANT, roles.stranger.address)

    assert refusal_of(ledger.proposeSplit, CHANT, new, sender=roles.stranger) == expected
    wait_out()
    assert refusal_of(ledger.enactSplit, CHANT, new, b"", sender=roles.stranger) == expected


def test_a_week_without_objections_is_enough(ledger, new, proposed, roles):
    enactable = ledger.proposalOf(CHANT)[1]
    assert refusal_to_enact(ledger, new, roles) == ("SplitTooEarly", CHANT, enactable)

    wait_out()
    tx = enact(ledger, new, roles)

    assert tx.return_value == 2
    assert tx.events["SplitSet"]["shares"] == tuple(new)
    assert ledger.proposalOf(CHANT)[1] == 0
    assert refusal_to_enact(ledger, new, roles) == ("ProposalMismatch", CHANT)


def test_other_shares_than_those_proposed_are_not_enacted(ledger, proposed, payees, roles):
    wait_out()
    other = [(payees[2], 10_000)]

    assert refusal_to_enact(ledger, other, roles) == ("ProposalMismatch", CHANT)


def test_one_objection_stops_a_split(ledger, thirds, new, proposed, payees, accounts, roles):
    tx = ledger.objectToSplit(CHANT, proposed, thirds, by(accounts.at(payees[1])))
    wait_out()

    told = {"workId": CHANT, "version": 2, "payee": payees[1]}
    assert dict(tx.events["SplitObjected"]) == told
    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)


def test_only_present_payees_answer(ledger, thirds, new, proposed, payees, roles):
    for answer in (ledger.objectToSplit, ledger.consentToSplit):
        refused = refusal_of(answer, CHANT, proposed, thirds, sender=payees[3])
        assert refused == ("NotAPayee", payees[3])
        refused = refusal_of(answer, CHANT, proposed, new, sender=payees[3])
        assert refused == ("SplitMismatch", CHANT, 1)


def test_an_answer_names_what_it_answers(ledger, thirds, payees, proposed, roles):
    swapped = [(payees[2], 10_000)]
    ledger.proposeSplit(CHANT, swapped, by(roles.steward))

    for answer in (ledger.objectToSplit, ledger.consentToSplit):
        for named in (proposed, bytes(32)):
            refused = refusal_of(answer, CHANT, named, thirds, sender=payees[0])
            assert refused == ("ProposalMismatch", CHANT)


def test_an_objection_comes_in_time(ledger, thirds, proposed, payees, roles):
    until = ledger.proposalOf(CHANT)[1]
    wait_out()

    refused = refusal_of(ledger.objectToSplit, CHANT, proposed, thirds, sender=payees[0])
    assert refused == ("ObjectionTooLate", CHANT, until)


def test_all_payees_together_need_not_wait(ledger, thirds, new, proposed, payees, accounts, roles):
    for payee, _ in thirds[:2]:
        tx = ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(payee)))
        told = {"workId": CHANT, "version": 2, "payee": payee}
        assert dict(tx.events["SplitConsented"]) == told
        ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(payee)))
    assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"

    ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(thirds[2][0])))

    assert ledger.proposalOf(CHANT)[2:] == (0b111, 0, True)
    assert enact(ledger, new, roles).return_value == 2


def test_who_objected_may_come_to_agree(ledger, thirds, new, proposed, accounts, roles):
    """The objection is gone with that, before the week is over or after."""
    objector = by(accounts.at(thirds[0][0]))
    ledger.objectToSplit(CHANT, proposed, thirds, objector)
    wait_out()
    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)

    ledger.consentToSplit(CHANT, proposed, thirds, objector)

    assert ledger.proposalOf(CHANT)[2:] == (0b001, 0, False)
    assert enact(ledger, new, roles).return_value == 2


def test_who_agreed_may_come_to_object(ledger, thirds, new, proposed, payees, accounts, roles):
    """And is no longer among those who need not wait, whoever else agrees, and when."""
    for payee, _ in thirds:
        ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(payee)))
    assert ledger.proposalOf(CHANT)[4]

    ledger.objectToSplit(CHANT, proposed, thirds, by(accounts.at(payees[1])))
    assert ledger.proposalOf(CHANT)[2:] == (0b101, 0b010, False)
    assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"
    ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(payees[0])))

    assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"
    wait_out()
    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)


@pytest.mark.parametrize("speakers", [(0, 0, 1), (0, 1, 0), (1, 0, 0)])
def test_each_payees_last_word_counts_in_any_order(
    ledger, thirds, new, payees, accounts, roles, speakers
):
    """Two payees speak, one of them twice, each time yes or no; the third agrees throughout."""
    people = [by(accounts.at(payee)) for payee in payees[:3]]
    proposed = split_hash(new)
    for words in product((True, False), repeat=3):
        ledger.proposeSplit(CHANT, new, by(roles.steward))
        ledger.consentToSplit(CHANT, proposed, thirds, people[2])
        last = {2: True}
        for payee, is_yes in zip(speakers, words, strict=True):
            answer = ledger.consentToSplit if is_yes else ledger.objectToSplit
            answer(CHANT, proposed, thirds, people[payee])
            last[payee] = is_yes
        consents = sum(1 << payee for payee, is_yes in last.items() if is_yes)
        objections = 0b111 ^ consents
        assert ledger.proposalOf(CHANT)[2:] == (consents, objections, not objections)
        if objections:
            assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"
        else:
            ledger.enactSplit.call(CHANT, new, b"", by(roles.steward))


def test_the_last_of_sixty_four_payees_has_its_say(ledger, new, accounts, roles):
    last = max(accounts, key=lambda account: int(account.address, 16))
    shares = [*((f"0x{1 + i:040x}", 156) for i in range(63)), (last.address, 10_000 - 63 * 156)]
    ledger.setSplit(DRUM, shares, by(roles.steward))
    ledger.proposeSplit(DRUM, new, by(roles.steward))

    ledger.consentToSplit(DRUM, split_hash(new), shares, by(last))
    assert ledger.proposalOf(DRUM)[2:] == (1 << 63, 0, False)
    ledger.objectToSplit(DRUM, split_hash(new), shares, by(last))

    assert ledger.proposalOf(DRUM)[2:] == (0, 1 << 63, False)


def test_another_proposal_begins_anew(ledger, thirds, new, proposed, payees, accounts, roles):
    for payee, _ in thirds:
        ledger.consentToSplit(CHANT, proposed, thirds, by(accounts.at(payee)))

    ledger.proposeSplit(CHANT, new, by(roles.steward))

    assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"


def test_consents_are_for_one_version(ledger, thirds, new, payees, roles):
    """A split that comes back later is agreed to again."""
    resplit(ledger, CHANT, thirds, new, roles.steward)

    ledger.proposeSplit(CHANT, thirds, by(roles.steward))

    assert refusal_of(ledger.enactSplit, CHANT, thirds, b"", sender=roles.steward)[0] == (
        "SplitTooEarly"
    )


@pytest.fixture
def contested(ledger: Any, thirds: Any, proposed: bytes, accounts: Any) -> bytes:
    """The decision that would overrule the objection; the week is over."""
    ledger.objectToSplit(CHANT, proposed, thirds, by(accounts.at(thirds[0][0])))
    wait_out()
    return bytes(ledger.splitDecision(CHANT, 2, proposed))


def test_elders_overrule_an_objection(ledger, around, contested, new, roles):
    around.belong(CHANT, COMMUNITY, 2, by(roles.deployer))
    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)

    around.decide(COMMUNITY, contested, by(roles.deployer))

    assert enact(ledger, new, roles).return_value == 2


def test_elders_of_others_overrule_nobody(ledger, around, contested, new, roles):
    around.belong(CHANT, COMMUNITY, 2, by(roles.deployer))
    around.decide(COMMUNITY + 1, contested, by(roles.deployer))

    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)


def test_a_decision_is_for_one_work_version_and_split(ledger, around, contested, new, roles):
    proposed = split_hash(new)
    decisions = {
        bytes(ledger.splitDecision(*given))
        for given in ((CHANT, 2, proposed), (REMIX, 2, proposed), (CHANT, 3, proposed))
    }
    assert contested in decisions
    assert len(decisions | {bytes(ledger.splitDecision(CHANT, 2, bytes(32)))}) == 4


@pytest.mark.parametrize("community", [0, COMMUNITY])
def test_without_elders_nobody_overrules_a_payee(ledger, around, contested, new, roles, community):
    """A steward's own approval makes decisions where none are required: not this one."""
    around.belong(CHANT, community, 0, by(roles.deployer))
    around.decide(community, contested, by(roles.deployer))

    assert refusal_to_enact(ledger, new, roles) == ("SplitContested", CHANT, 2)


def test_payees_of_a_displaced_work_object_in_vain(ledger, around, contested, new, roles):
    """A watcher who registered first named them; the week is theirs to notice it in, no more."""
    around.displace(CHANT, REMIX, by(roles.deployer))

    assert enact(ledger, new, roles).return_value == 2


@pytest.fixture
def displace(around: Any, roles: Any) -> Any:
    return lambda work, by_work: around.displace(work, by_work, by(roles.deployer))


def contest(ledger: Any, work: int, present: Any, shares: Any, accounts: Any, roles: Any) -> None:
    ledger.proposeSplit(work, shares, by(roles.steward))
    objector = by(accounts.at(present[0][0]))
    ledger.objectToSplit(work, split_hash(shares), present, objector)
    wait_out()


def test_payees_named_after_the_displacement_object_like_any(
    ledger, displace, contested, thirds, new, roles, accounts
):
    displace(CHANT, REMIX)
    enact(ledger, new, roles)

    contest(ledger, CHANT, new, thirds, accounts, roles)

    refused = refusal_of(ledger.enactSplit, CHANT, thirds, b"", sender=roles.steward)
    assert refused == ("SplitContested", CHANT, 3)


def test_payees_of_a_first_split_set_after_the_displacement_object_like_any(
    ledger, displace, thirds, new, roles, accounts
):
    displace(REMIX, CHANT)
    ledger.setSplit(REMIX, thirds, by(roles.steward))

    contest(ledger, REMIX, thirds, new, accounts, roles)

    refused = refusal_of(
        ledger.enactSplit, REMIX, new, vector_bytes(REMIX_VECTOR), sender=roles.steward
    )
    assert refused == ("SplitContested", REMIX, 2)


def test_payees_that_the_next_watcher_named_object_in_vain_too(
    ledger, displace, contested, thirds, new, roles, accounts
):
    """The work in its place is displaced in turn."""
    displace(CHANT, REMIX)
    enact(ledger, new, roles)
    displace(CHANT, REMIX + 1)

    contest(ledger, CHANT, new, thirds, accounts, roles)

    assert ledger.enactSplit(CHANT, thirds, b"", by(roles.steward)).return_value == 3


def test_payees_of_a_displaced_work_have_their_week(ledger, around, proposed, new, roles):
    around.displace(CHANT, REMIX, by(roles.deployer))

    assert refusal_to_enact(ledger, new, roles)[0] == "SplitTooEarly"


def test_dust_does_not_hold_up_a_split(ledger, token, payees, accounts, roles):
    old, new = [(payees[0], 10_000)], [(payees[1], 10_000)]
    ledger.setSplit(REMIX, old, by(roles.steward))
    ledger.proposeSplit(REMIX, new, by(roles.steward))
    wait_out()
    ledger.pay(REMIX, token, 1, by(roles.payer))

    refused = refusal_of(ledger.enactSplit, REMIX, new, b"", sender=roles.steward)
    assert refused == ("VectorMismatch", REMIX)
    ledger.enactSplit(REMIX, new, vector_bytes(REMIX_VECTOR), by(roles.steward))

    assert ledger.flowOf(REMIX, token) == (1, 1)
