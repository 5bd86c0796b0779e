"""Decisions of elders, and the one that seats another council: decided, announced, then done."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, ZERO, ConsentProposal, by, digest

DECISION, TERMS = digest("decision"), digest("terms")
DELAY = 7 * DAY


@pytest.fixture
def community(found_community, steward, elders):
    return found_community(steward, elders, 2)


@pytest.fixture
def decide(consents):
    def decide(community, decision, elders):
        for elder in elders:
            tx = consents.approveDecision(community, decision, by(elder))
        return tx

    return decide


@pytest.fixture
def newcomers(accounts):
    return list(accounts[20:24])


@pytest.fixture
def change(community, stewards, newcomers):
    """Another steward, and four elders of whom three must agree."""
    return (community, stewards[1].address, [elder.address for elder in newcomers], 3)


@pytest.fixture
def seated(consents, decide, change, community, elders, stranger, mine_at):
    """The change, carried out."""
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)
    return consents.seatCouncil(*change, by(stranger))


def test_a_decision_is_named_by_all_that_it_says(consents, change, community):
    """Elders sign hashes, so that anybody must be able to make them anew."""
    community_id, steward, elders, required = change
    kinds = ["string", "uint32", "uint32", "address", "address[]", "uint8"]
    words = encode(kinds, ["council", community_id, 2, steward, elders, required])
    decision = consents.councilDecision(*change)

    assert decision == "0x" + keccak(words).hex()
    annulled = keccak(
        encode(["string", "bytes32"], ["annulment", bytes.fromhex(str(decision)[2:])])
    )
    assert consents.annulment(decision) == "0x" + annulled.hex()


def test_the_last_approval_needed_makes_a_decision(consents, community, elders):
    first = consents.approveDecision(community, DECISION, by(elders[1]))
    assert not consents.isDecided(community, DECISION)
    second = consents.approveDecision(community, DECISION, by(elders[2]))
    third = consents.approveDecision(community, DECISION, by(elders[0]))

    assert dict(first.events["DecisionApproved"]) == {
        "communityId": community,
        "decisionHash": "0x" + DECISION.hex(),
        "elder": elders[1],
        "approvals": 1,
    }
    made = {"communityId": community, "decisionHash": "0x" + DECISION.hex()}
    assert dict(second.events["DecisionMade"]) == made
    assert "DecisionMade" not in third.events
    assert consents.isDecided(community, DECISION)


def test_only_elders_decide_and_each_once(consents, community, steward, elders, stranger):
    consents.approveDecision(community, DECISION, by(elders[0]))

    with refused("AlreadyApproved", community, DECISION, elders[0]):
        consents.approveDecision(community, DECISION, by(elders[0]))
    for outsider in (steward, stranger):
        with refused("NotElder", community, outsider):
            consents.approveDecision(community, DECISION, by(outsider))


def test_a_decision_is_that_communitys(consents, community, found_community, decide, elders):
    other = found_community(elders[0], elders, 2)
    decide(community, DECISION, elders[:2])

    assert not consents.isDecided(other, DECISION)


def test_where_no_elder_is_asked_the_steward_decides(
    consents, found_community, steward, elders, stranger
):
    community = found_community(steward, elders, 0)

    consents.approveDecision(community, DECISION, by(steward))

    assert consents.isDecided(community, DECISION)
    for outsider in (stranger, elders[0]):
        with refused("NotElder", community, outsider):
            consents.approveDecision(community, DECISION, by(outsider))


def test_a_council_takes_its_seats_after_the_delay(
    consents, seated, change, community, elders, newcomers, stewards
):
    _, steward, names, required = change

    assert dict(seated.events["CouncilSeated"]) == {
        "communityId": community,
        "council": 2,
        "steward": steward,
        "elders": names,
        "approvalsRequired": required,
    }
    assert consents.communityOf(community)[:4] == (stewards[1], 3, 4, 2)
    assert all(consents.isElder(community, elder) for elder in newcomers)
    assert not any(consents.isElder(community, elder) for elder in elders)


def test_a_council_waits_out_its_delay(
    consents, decide, change, community, elders, stranger, mine_at
):
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    not_before = tx.timestamp + DELAY
    mine_at(not_before - 2)

    with refused("CouncilTooEarly", community, not_before):
        consents.seatCouncil(*change, by(stranger))


def test_a_council_nobody_decided_on_is_not_seated(consents, change, community, elders):
    decision = bytes(consents.councilDecision(*change))
    consents.approveDecision(community, decision, by(elders[0]))

    with refused("CouncilNotDecided", community, decision):
        consents.seatCouncil(*change, by(elders[0]))


def test_a_council_decided_on_is_exactly_that_council(
    consents, decide, change, community, elders, stranger, mine_at
):
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)

    for other in (
        (*change[:3], 0),
        (community, stranger.address, *change[2:]),
        (*change[:2], change[2][1:], 3),
    ):
        with refused("CouncilNotDecided"):
            consents.seatCouncil(*other, by(stranger))


def test_the_elders_take_a_council_back(
    consents, decide, change, community, elders, stranger, mine_at
):
    decision = bytes(consents.councilDecision(*change))
    tx = decide(community, decision, elders[:2])
    decide(community, consents.annulment(decision), elders[1:])
    mine_at(tx.timestamp + DELAY)

    with refused("CouncilNotDecided", community, decision):
        consents.seatCouncil(*change, by(stranger))


def test_the_last_of_thirty_two_elders_has_one_vote(consents, steward, elders):
    others = [f"0x{1 + number:040x}" for number in range(31)]
    tx = consents.foundCommunity([*others, elders[0]], 2, bytes(32), by(steward))
    crowd = tx.return_value
    consents.approveDecision(crowd, DECISION, by(elders[0]))

    with refused("AlreadyApproved", crowd, DECISION, elders[0]):
        consents.approveDecision(crowd, DECISION, by(elders[0]))


def test_elders_take_any_decision_back(consents, decide, community, elders):
    decide(community, DECISION, elders[:2])
    decide(community, consents.annulment(DECISION), elders[1:2])
    assert consents.isDecided(community, DECISION)

    decide(community, consents.annulment(DECISION), elders[2:3])

    assert not consents.isDecided(community, DECISION)
    decide(community, DECISION, elders[2:3])
    assert not consents.isDecided(community, DECISION)


def test_the_next_council_decides_anew_what_was_taken_back(
    consents, decide, seated, community, elders, newcomers, change, stranger, mine_at
):
    again = (community, change[1], [elder.address for elder in elders], 2)
    tx = decide(community, DECISION, newcomers[:3])
    decide(community, consents.annulment(DECISION), newcomers[:3])
    tx = decide(community, consents.councilDecision(*again), newcomers[:3])
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*again, by(stranger))
    assert not consents.isDecided(community, DECISION)

    decide(community, DECISION, elders[:2])

    assert consents.isDecided(community, DECISION)


def test_nobody_takes_back_what_is_decided_later(consents, decide, community, elders, mine_at):
    tx = decide(community, consents.annulment(DECISION), elders[:2])
    mine_at(tx.timestamp + 1)

    decide(community, DECISION, elders[1:])

    assert consents.isDecided(community, DECISION)


def test_a_steward_alone_decides_what_it_took_back_before(
    consents, found_community, steward, mine_at
):
    alone = found_community(steward, [], 0)
    tx = consents.approveDecision(alone, consents.annulment(DECISION), by(steward))
    mine_at(tx.timestamp + 1)

    consents.approveDecision(alone, DECISION, by(steward))

    assert consents.isDecided(alone, DECISION)


def test_a_steward_alone_takes_its_own_decision_back(consents, found_community, steward):
    alone = found_community(steward, [], 0)
    consents.approveDecision(alone, DECISION, by(steward))
    assert consents.isDecided(alone, DECISION)

    consents.approveDecision(alone, consents.annulment(DECISION), by(steward))

    assert not consents.isDecided(alone, DECISION)


def test_a_steward_alone_takes_nothing_back_that_elders_decided(
    consents, decide, community, elders, steward, mine_at
):
    """Not even one that elders seated for want of others."""
    decide(community, DECISION, elders[:2])
    change = (community, steward.address, [], 0)
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*change, by(steward))

    consents.approveDecision(community, consents.annulment(DECISION), by(steward))

    assert consents.isDecided(community, DECISION)


def test_a_council_is_seated_once(consents, seated, change, stranger):
    with refused("CouncilNotDecided"):
        consents.seatCouncil(*change, by(stranger))


@pytest.mark.parametrize(
    ("seats", "error"),
    [
        (lambda steward, elders: (steward, elders, 5), "BadQuorum"),
        (lambda steward, elders: (steward, [*elders, elders[0]], 3), "ElderTwice"),
        (lambda steward, elders: (ZERO, elders, 3), "NotSteward"),
    ],
)
def test_a_council_that_cannot_work_is_not_seated(
    consents, decide, change, community, elders, stranger, mine_at, seats, error
):
    impossible = (community, *seats(change[1], change[2]))
    tx = decide(community, consents.councilDecision(*impossible), elders[:2])
    mine_at(tx.timestamp + DELAY)

    with refused(error):
        consents.seatCouncil(*impossible, by(stranger))


def test_approvals_of_the_old_council_count_no_more(
    consents, register_work, community, decide, change, elders, newcomers, steward, mine_at
):
    tier = Tier.TRAINING
    work = register_work(steward, community)
    offer = consents.proposeConsent(work, tier, ConsentProposal(TERMS), by(steward)).return_value
    consents.approveConsent(work, tier, offer, by(elders[0]))
    consents.approveDecision(community, DECISION, by(elders[0]))
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*change, by(steward))

    with refused("NotElder", community, elders[1]):
        consents.approveConsent(work, tier, offer, by(elders[1]))
    for elder in newcomers[:2]:
        consents.approveConsent(work, tier, offer, by(elder))
        consents.approveDecision(community, DECISION, by(elder))
    assert consents.consentOf(work, tier)[:2] == (ConsentState.PROPOSED, 2)
    assert not consents.isDecided(community, DECISION)
    consents.approveConsent(work, tier, offer, by(newcomers[2]))

    assert consents.consentOf(work, tier)[:2] == (ConsentState.GRANTED, 3)


def test_an_offer_of_stewardship_ends_with_the_council(
    consents, community, decide, change, elders, steward, stranger, mine_at
):
    consents.offerStewardship(community, stranger, by(steward))
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*change, by(steward))

    with refused("NoStewardshipOffer", community, stranger):
        consents.acceptStewardship(community, by(stranger))


def test_consent_given_stays_given_under_another_council(
    consents, register_work, community, decide, change, elders, steward, mine_at
):
    tier = Tier.TRAINING
    work = register_work(steward, community)
    offer = consents.proposeConsent(work, tier, ConsentProposal(TERMS), by(steward)).return_value
    for elder in elders[:2]:
        consents.approveConsent(work, tier, offer, by(elder))
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*change, by(steward))

    assert consents.liveTermsHash(work, tier) == "0x" + TERMS.hex()


def test_what_a_steward_decided_alone_binds_no_elders(
    consents, found_community, decide, steward, elders, stranger, mine_at
):
    """It decides until elders sit, and nothing ahead of them that they would find decided."""
    community = found_community(steward)
    consents.approveDecision(community, DECISION, by(steward))
    seats = (community, steward.address, [elder.address for elder in elders], 2)
    tx = decide(community, consents.councilDecision(*seats), [steward])
    mine_at(tx.timestamp + DELAY)
    assert consents.isDecided(community, DECISION)

    consents.seatCouncil(*seats, by(stranger))

    assert not consents.isDecided(community, DECISION)
    made = decide(community, DECISION, elders[:2])
    assert "DecisionMade" in made.events
    assert consents.isDecided(community, DECISION)


@pytest.mark.parametrize("named", [0, 2])
def test_a_steward_that_decided_alone_does_not_come_back_by_it(
    consents, found_community, decide, stewards, elders, stranger, mine_at, named
):
    old, new = stewards[:2]
    community = found_community(old, elders[:named], 0)
    back = (community, old.address, [], 0)
    ahead = consents.councilDecision(*back)
    tx = decide(community, ahead, [old])
    mine_at(tx.timestamp + DELAY)
    consents.offerStewardship(community, new, by(old))

    accepted = consents.acceptStewardship(community, by(new))

    assert dict(accepted.events["CouncilSeated"]) == {
        "communityId": community,
        "council": 2,
        "steward": new,
        "elders": [],
        "approvalsRequired": 0,
    }
    assert consents.communityOf(community)[:4] == (new, 0, 0, 2)
    assert not any(consents.isElder(community, elder) for elder in elders)
    assert not consents.isDecided(community, ahead)
    with refused("CouncilNotDecided", community, bytes(consents.councilDecision(*back))):
        consents.seatCouncil(*back, by(stranger))
    assert "DecisionMade" in decide(community, DECISION, [new]).events


def test_elders_go_on_when_the_stewardship_is_handed_over(
    consents, community, decide, steward, stewards, elders, change, stranger, mine_at
):
    """Else a steward would escape what they decided by handing over to itself."""
    tx = decide(community, consents.councilDecision(*change), elders[:2])
    consents.offerStewardship(community, stewards[2], by(steward))
    accepted = consents.acceptStewardship(community, by(stewards[2]))
    assert "CouncilSeated" not in accepted.events

    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*change, by(stranger))

    assert consents.stewardOf(community) == change[1]


def test_what_elders_decided_stays_decided(
    consents, community, decide, steward, elders, stranger, mine_at
):
    """Though a steward that decides alone after them says the same once more, and elders follow."""
    decide(community, DECISION, elders[:2])
    for voters, seats in ((elders[:2], ([], 0)), ([steward], ([elders[0].address], 1))):
        change = (community, steward.address, *seats)
        tx = decide(community, consents.councilDecision(*change), voters)
        if voters == [steward]:
            consents.approveDecision(community, DECISION, by(steward))
        mine_at(tx.timestamp + DELAY)
        consents.seatCouncil(*change, by(stranger))

        assert consents.isDecided(community, DECISION)


@pytest.mark.parametrize("of_elders", [True, False])
def test_no_council_decides_ahead_of_time_to_come_back(
    consents, found_community, decide, steward, stewards, elders, newcomers, stranger, mine_at,
    of_elders
):  # fmt: skip
    """A hash may be approved by a council that it is not about; only the one replaced counts."""
    community = found_community(steward, elders, 2 if of_elders else 0)
    voters = elders[:2] if of_elders else [steward]
    back = (community, steward.address, [elders[0].address], 1)
    kinds = ["string", "uint32", "uint32", "address", "address[]", "uint8"]
    ahead = keccak(encode(kinds, ["council", community, 3, *back[1:]]))
    decide(community, ahead, voters)
    seats = (community, stewards[1].address, [elder.address for elder in newcomers], 2)
    tx = decide(community, consents.councilDecision(*seats), voters)
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*seats, by(stranger))
    assert consents.councilDecision(*back) == "0x" + ahead.hex()

    with refused("CouncilNotDecided", community, ahead):
        consents.seatCouncil(*back, by(steward))
    consents.approveDecision(community, ahead, by(newcomers[0]))
    with refused("CouncilNotDecided", community, ahead):
        consents.seatCouncil(*back, by(steward))
    tx = consents.approveDecision(community, ahead, by(newcomers[1]))
    with refused("CouncilTooEarly", community, tx.timestamp + DELAY):
        consents.seatCouncil(*back, by(steward))
    mine_at(tx.timestamp + DELAY)
    consents.seatCouncil(*back, by(stranger))
    assert consents.stewardOf(community) == steward


def test_no_council_sits_in_a_community_that_was_never_founded(consents, steward, stranger):
    seats = (999, steward.address, [], 0)

    with refused("CouncilNotDecided", 999, bytes(consents.councilDecision(*seats))):
        consents.seatCouncil(*seats, by(stranger))
    assert not consents.isDecided(999, DECISION)
