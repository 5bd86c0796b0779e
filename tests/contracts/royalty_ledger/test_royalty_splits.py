"""Who may say who is paid, what a split must be, and that a new one takes nothing from the old."""

from __future__ import annotations

import pytest

from tests.contracts.rights import split_hash
from tests.contracts.royalty_ledger.conftest import CHANT, DRUM, REMIX, REMIX_VECTOR, UNKNOWN
from tests.contracts.royalty_ledger.stage import (
    SCALE,
    ZERO,
    by,
    refusal_of,
    resplit,
    vector_bytes,
)

COMMUNITY = 7


def test_a_split_is_recorded_whole(ledger, payees, roles):
    shares = [(payees[0], 1), (payees[1], 9_999)]

    tx = ledger.setSplit(CHANT, shares, by(roles.steward))

    assert tx.return_value == 1
    assert ledger.splitCountOf(CHANT) == 1
    assert tx.events["SplitSet"]["version"] == 1
    assert tx.events["SplitSet"]["shares"] == tuple(shares)


def test_only_the_controller_sets_a_split(ledger, payees, roles):
    refused = refusal_of(ledger.setSplit, CHANT, [(payees[0], 10_000)], sender=roles.stranger)

    assert refused == ("NotController", CHANT, roles.stranger.address)


def test_an_unknown_work_has_no_split(ledger, payees, roles):
    refused = refusal_of(ledger.setSplit, UNKNOWN, [(payees[0], 10_000)], sender=roles.steward)

    assert refused == ("WorkUnknown", UNKNOWN)


@pytest.mark.parametrize(
    "case", ["none", "descending", "twice", "zero address", "the ledger", "nothing for one", "65"]
)
def test_unfit_payees_are_refused(ledger, payees, roles, case):
    one, two = payees[:2]
    many = [(f"0x{i:040x}", 153) for i in range(1, 66)]
    shares = {
        "none": [],
        "descending": [(two, 5_000), (one, 5_000)],
        "twice": [(one, 5_000), (one, 5_000)],
        "zero address": [(ZERO, 5_000), (one, 5_000)],
        "the ledger": sorted([(one, 5_000), (ledger.address, 5_000)], key=lambda s: s[0].lower()),
        "nothing for one": [(one, 10_000), (two, 0)],
        "65": many,
    }[case]

    assert refusal_of(ledger.setSplit, CHANT, shares, sender=roles.steward) == ("BadPayees",)


@pytest.mark.parametrize("second", [4_999, 5_001])
def test_shares_make_a_whole_or_no_split(ledger, payees, roles, second):
    shares = [(payees[0], 5_000), (payees[1], second)]

    refused = refusal_of(ledger.setSplit, CHANT, shares, sender=roles.steward)

    assert refused == ("SharesNotWhole", 5_000 + second)


def test_sixty_four_payees_are_all_paid_in_one_push(ledger, token, roles):
    shares = [(f"0x{0xC0FFEE00 + i:040x}", 157 if i < 16 else 156) for i in range(64)]
    ledger.setSplit(CHANT, shares, by(roles.steward))
    ledger.pay(CHANT, token, 10_000, by(roles.payer))

    tx = ledger.push(CHANT, token, 1, shares, by(roles.stranger))

    assert [token.balanceOf(payee) for payee, _ in shares] == [bps for _, bps in shares]
    assert len(tx.events["PaidOut"]) == 64


def test_the_first_split_owns_what_came_before_it(ledger, token, payees, roles):
    ledger.pay(CHANT, token, 90, by(roles.payer))
    shares = [(payees[0], 10_000)]

    ledger.setSplit(CHANT, shares, by(roles.steward))

    assert ledger.segmentStartOf(CHANT, token, 1) == 0
    assert ledger.dueTo(CHANT, token, 1, shares, payees[0]) == 90


def test_old_income_stays_with_the_old_split(ledger, token, thirds, payees, roles):
    ledger.pay(CHANT, token, 100, by(roles.payer))
    new = [(payees[3], 10_000)]

    tx = resplit(ledger, CHANT, thirds, new, roles.steward)
    ledger.pay(CHANT, token, 11, by(roles.payer))

    assert tx.return_value == 2
    assert ledger.segmentStartOf(CHANT, token, 2) == 100 * SCALE
    assert [ledger.dueTo(CHANT, token, 1, thirds, p) for p, _ in thirds] == [33, 33, 33]
    assert ledger.dueTo(CHANT, token, 2, new, payees[3]) == 11


def test_segments_close_in_every_token(ledger, token, accept, PlainToken, thirds, payees, roles):
    other = accept(PlainToken.deploy(18, by(roles.deployer)))
    ledger.pay(CHANT, token, 10, by(roles.payer))
    ledger.pay(CHANT, other, 10**18, by(roles.payer))
    new = [(payees[3], 10_000)]

    resplit(ledger, CHANT, thirds, new, roles.steward)
    later = accept(PlainToken.deploy(0, by(roles.deployer)))
    ledger.pay(CHANT, later, 3, by(roles.payer))

    assert ledger.segmentStartOf(CHANT, token, 2) == 10 * SCALE
    assert ledger.segmentStartOf(CHANT, other, 2) == 10**18 * SCALE
    assert ledger.dueTo(CHANT, later, 1, thirds, payees[0]) == 0
    assert ledger.dueTo(CHANT, later, 2, new, payees[3]) == 3


def test_income_on_its_way_is_settled_before_a_split_ends(ledger, token, payees, roles):
    old, new = [(payees[0], 10_000)], [(payees[1], 10_000)]
    ledger.setSplit(REMIX, old, by(roles.steward))
    ledger.pay(REMIX, token, 1_000, by(roles.payer))

    tx = resplit(ledger, REMIX, old, new, roles.steward, vector_bytes(REMIX_VECTOR))

    assert tx.events["Settled"]["amount"] == 1_000
    assert ledger.accruedOf(CHANT, token) == 1_000 * REMIX_VECTOR[CHANT]
    assert ledger.dueTo(REMIX, token, 1, old, payees[0]) == 650
    assert ledger.dueTo(REMIX, token, 2, new, payees[1]) == 0


def test_a_first_split_waits_for_nothing(ledger, token, payees, roles):
    ledger.pay(REMIX, token, 1_000, by(roles.payer))

    ledger.setSplit(REMIX, [(payees[0], 10_000)], by(roles.steward))

    assert ledger.splitCountOf(REMIX) == 1


def test_where_elders_have_a_say_they_decide_on_the_first_split(
    ledger, around, token, payees, roles
):
    """What came in before belongs to it: a steward alone does not say to whom."""
    shares = [(payees[0], 10_000)]
    ledger.pay(CHANT, token, 90, by(roles.payer))
    around.belong(CHANT, COMMUNITY, 2, by(roles.deployer))
    decision = ledger.splitDecision(CHANT, 1, split_hash(shares))
    expected = ("SplitNotDecided", CHANT, COMMUNITY, bytes(decision))
    assert refusal_of(ledger.setSplit, CHANT, shares, sender=roles.steward) == expected

    # What other elders decided, or these for another split, version or work, is no such decision.
    others = [
        (COMMUNITY + 1, decision),
        (COMMUNITY, ledger.splitDecision(CHANT, 1, split_hash([(payees[1], 10_000)]))),
        (COMMUNITY, ledger.splitDecision(CHANT, 2, split_hash(shares))),
        (COMMUNITY, ledger.splitDecision(DRUM, 1, split_hash(shares))),
    ]
    for community, other in others:
        around.decide(community, other, by(roles.deployer))
    assert refusal_of(ledger.setSplit, CHANT, shares, sender=roles.steward) == expected

    around.decide(COMMUNITY, decision, by(roles.deployer))
    refused = refusal_of(ledger.setSplit, CHANT, shares, sender=roles.stranger)
    assert refused == ("NotController", CHANT, roles.stranger.address)
    assert ledger.setSplit(CHANT, shares, by(roles.steward)).return_value == 1


def test_where_no_approvals_are_required_the_steward_sets_the_first_split(
    ledger, around, payees, roles
):
    around.belong(CHANT, COMMUNITY, 0, by(roles.deployer))

    ledger.setSplit(CHANT, [(payees[0], 10_000)], by(roles.steward))

    assert ledger.splitCountOf(CHANT) == 1


@pytest.mark.parametrize("version", [0, 2])
def test_a_version_that_never_was_matches_nothing(ledger, token, thirds, payees, roles, version):
    arguments = (CHANT, token, version, thirds)

    expected = ("SplitMismatch", CHANT, version)
    assert refusal_of(ledger.push, *arguments, sender=roles.stranger) == expected
    assert refusal_of(ledger.claim, *arguments, payees[0], sender=roles.stranger) == expected
    assert refusal_of(ledger.dueTo, *arguments, payees[0], sender=roles.stranger) == expected


def test_other_shares_than_those_set_match_nothing(ledger, token, thirds, payees, roles):
    forged = [(payees[0], 3_334), (payees[1], 3_333), (payees[2], 3_333)]

    refused = refusal_of(ledger.push, CHANT, token, 1, forged, sender=payees[0])

    assert refused == ("SplitMismatch", CHANT, 1)


def test_splits_of_works_are_apart(ledger, token, thirds, payees, roles):
    ledger.setSplit(DRUM, [(payees[3], 10_000)], by(roles.steward))

    refused = refusal_of(ledger.push, DRUM, token, 1, thirds, sender=roles.stranger)

    assert refused == ("SplitMismatch", DRUM, 1)
