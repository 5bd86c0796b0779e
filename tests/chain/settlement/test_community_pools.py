"""Communities' pools: divided by the announced rule, whole, and as fractions say."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import (
    ALICE,
    BETO,
    CHEN,
    DERIVED,
    FIRST,
    GENERATION_OF_4,
    PLAY_2,
    PLAY_3,
    SECOND,
    STATE,
    TOKEN,
    account,
    event,
)

from chain.ledger.epoch import Withheld
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, CommunityId, Digest, EpochNumber, WorkId
from chain.ledger.rights import BPS_WHOLE, UNIT_NUMERATOR, Split
from chain.ledger.sharing import Announcement, SharingRule
from chain.ledger.sum_tree import Payout
from chain.settlement import pools
from chain.settlement.facts import SettlementState
from chain.settlement.pools import Parts, entitlements
from chain.settlement.settle import Carried, settle_epoch

VILLAGE, VALLEY = CommunityId(1), CommunityId(2)
NOTHING = Carried()
PAYEES = [account(0xA0 + number) for number in range(6)]
WORKS = [WorkId(number) for number in range(1, 8)]


def rule(kind: SharingRule, phi_bps: int = 0) -> Announcement:
    return Announcement(kind, phi_bps, 1, EpochNumber(3))


def floor(phi_bps: int) -> Announcement:
    return rule(SharingRule.FLOOR_PRO_RATA, phi_bps)


ROOT = rule(SharingRule.COMMUNITY_ROOT)


def ruled(announced: Announcement, *works: WorkId) -> SettlementState:
    """The small chain, where these works are the village's and the village announced a rule."""
    communities = dict.fromkeys(works, VILLAGE)
    return dataclasses.replace(STATE, rules={VILLAGE: announced}, communities=communities)


def units(parts: Parts, payee: Address) -> Fraction:
    return Fraction(sum(n for (_, p), n in parts.items() if p == payee), UNIT_NUMERATOR)


# --- by hand -----------------------------------------------------------------------------------


def test_a_floor_is_everybodys_who_earned() -> None:
    # 1,001 units for the second work, 7 for the first: 1,008 in the pool, 504 of them the floor.
    plays = [event(1, PLAY_2), event(2)]

    settlement = settle_epoch(plays, ruled(floor(5_000), FIRST, SECOND), NOTHING)

    alice = Fraction(504, 2) + Fraction(7 * 3_333, 2 * 10_000)
    assert units(settlement.entitled, ALICE) == alice
    assert settlement.payouts == (Payout(ALICE, int(alice)), Payout(BETO, int(1_008 - alice)))


def test_the_whole_pool_can_be_the_floor() -> None:
    settlement = settle_epoch([event(1, PLAY_2), event(2)], ruled(floor(10_000), 1, 2), NOTHING)

    assert settlement.payouts == (Payout(ALICE, 504), Payout(BETO, 504))


def test_roots_are_taken_of_what_works_with_the_same_payees_earned() -> None:
    state = ruled(ROOT, *WORKS)
    state = dataclasses.replace(
        state,
        splits={
            WorkId(1): Split.of({ALICE: 10_000}),
            WorkId(2): Split.of({BETO: 9_000, CHEN: 1_000}),
            WorkId(3): Split.of({BETO: 1, CHEN: 9_999}),
        },
    )
    scale = 10**9

    income = {WorkId(1): 9_000 * scale, WorkId(2): 600 * scale, WorkId(3): 400 * scale}
    parts = entitlements(income, state)

    # 9,000 against 600 + 400: the roots are as three to one.
    assert units(parts, ALICE) == 7_500
    assert units(parts, BETO) + units(parts, CHEN) == 2_500
    # Within the group as before: 540.04 of 1,000 are Beto's.
    assert units(parts, BETO) == Fraction(54_004, 100_000) * 2_500
    by_work = Fraction(parts[WorkId(2), BETO], parts[WorkId(3), BETO])
    assert abs(by_work - Fraction(54_000, 4)) < Fraction(1, 10**8)


def test_what_flows_in_from_derivatives_is_in_the_pool_and_theirs_is_not() -> None:
    plays = [event(1, PLAY_3, generation=GENERATION_OF_4)]

    plain = settle_epoch(plays, STATE, NOTHING)
    shared = settle_epoch(plays, ruled(floor(10_000), FIRST, SECOND), NOTHING)

    # 999 units: 15 % to the first work and 33.3333333 % to the second; the rest is not the pool.
    pool = Fraction(999 * (150_000_000 + 333_333_333), 10**9)
    half = pool / 2
    own = {share: n for share, n in plain.entitled.items() if share[0] == DERIVED}
    assert {share: n for share, n in shared.entitled.items() if share[0] == DERIVED} == own
    assert units({s: n for s, n in shared.entitled.items() if s not in own}, BETO) == half


def test_a_frozen_share_keeps_back_what_the_rule_lays_to_it() -> None:
    state = ruled(floor(5_000), FIRST, SECOND)
    frozen = dataclasses.replace(state, frozen=frozenset({(FIRST, BETO)}))
    plays = [event(1, PLAY_2), event(2)]

    kept = settle_epoch(plays, frozen, NOTHING)
    free = settle_epoch([], dataclasses.replace(STATE, rules=state.rules), kept.carried)

    held = kept.entitled[FIRST, BETO]
    assert kept.carried.kept_back[TOKEN] == {(FIRST, BETO): held}
    assert kept.withheld == (Withheld(FIRST, BETO, held // UNIT_NUMERATOR),)
    paid = {payout.payee: payout.cumulative for payout in kept.payouts}
    assert paid[BETO] == kept.entitled[SECOND, BETO] // UNIT_NUMERATOR
    unfrozen = settle_epoch(plays, state, NOTHING)
    assert kept.entitled == unfrozen.entitled
    assert free.payouts == unfrozen.payouts


def test_the_report_before_says_with_whom_a_division_begins() -> None:
    # Three payees and a pool that three does not divide, all of it floor.
    splits = {FIRST: Split.of({ALICE: 1, BETO: 1, CHEN: 9_998})}
    found = []
    for turn in range(3):
        state = dataclasses.replace(
            ruled(floor(10_000), FIRST),
            splits=splits,
            previous_report=Digest(turn.to_bytes(32, "big")),
        )
        found.append([entitlements({FIRST: 1}, state)[FIRST, p] for p in (ALICE, BETO, CHEN)])

    assert found == [[3_333, 3_333, 3_334], [3_334, 3_333, 3_333], [3_333, 3_334, 3_333]]


def test_rows_ascend_by_payee_whichever_works_they_earned_by() -> None:
    splits = {FIRST: Split.of({CHEN: 10_000}), SECOND: Split.of({ALICE: 5_000, BETO: 5_000})}
    state = dataclasses.replace(
        ruled(floor(10_000), FIRST, SECOND), splits=splits, previous_report=Digest(bytes(32))
    )

    parts = entitlements({FIRST: 1, SECOND: 1}, state)

    # 20,000 numerators among three: who is first in the row has one less.
    assert parts == {(SECOND, ALICE): 6_666, (SECOND, BETO): 6_667, (FIRST, CHEN): 6_667}


def test_a_pool_that_is_not_divided_whole_pays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = pools.divide_pool

    def lossy(pool: Parts, *rest: object) -> Parts:
        divided = honest(pool, *rest)  # type: ignore[arg-type]
        divided[FIRST, ALICE] -= 1
        return divided

    monkeypatch.setattr(pools, "divide_pool", lossy)

    with pytest.raises(Inconsistent, match="pool of community 1"):
        settle_epoch([event(1)], ruled(floor(1), FIRST), NOTHING)


# --- against fractions -------------------------------------------------------------------------

ANNOUNCED = st.one_of(
    st.just(rule(SharingRule.PRO_RATA)), st.just(ROOT), st.integers(1, 10_000).map(floor)
)
INCOMES = st.dictionaries(
    st.sampled_from(WORKS), st.one_of(st.integers(1, 9), st.integers(1, 2**165)), max_size=7
)
TURNS = st.binary(min_size=32, max_size=32).map(Digest)


@st.composite
def splits(draw: st.DrawFn) -> Split:
    chosen = draw(st.lists(st.sampled_from(PAYEES), min_size=1, max_size=4, unique=True))
    cuts = sorted(
        draw(st.sets(st.integers(1, 9_999), min_size=len(chosen) - 1, max_size=len(chosen) - 1))
    )
    bounds = [0, *cuts, BPS_WHOLE]
    return Split.of({p: b - a for p, a, b in zip(chosen, bounds, bounds[1:], strict=False)})


@st.composite
def states(draw: st.DrawFn) -> SettlementState:
    """Seven works of two communities and of nobody; each community with a rule or without."""
    of = {work: draw(st.sampled_from([VILLAGE, VALLEY, None])) for work in WORKS}
    rules = {c: draw(st.none() | ANNOUNCED) for c in (VILLAGE, VALLEY)}
    return dataclasses.replace(
        STATE,
        previous_report=draw(TURNS),
        splits={work: draw(splits()) for work in WORKS},
        communities={work: community for work, community in of.items() if community is not None},
        rules={community: held for community, held in rules.items() if held is not None},
    )


def modelled(income: dict[WorkId, int], state: SettlementState) -> dict[object, Fraction]:
    """What each payee should have of each community's pool, or of a work outside of any, in
    numerators that may be fractions. Written from docs/contracts/SharingRules.md, not the code."""
    due: dict[object, Fraction] = {}

    def give(key: object, amount: Fraction) -> None:
        due[key] = due.get(key, Fraction(0)) + amount

    for community in (VILLAGE, VALLEY, None):
        works = [w for w in income if state.communities.get(w) == community]
        held = state.rules.get(community) if community is not None else None
        pool = Fraction(sum(income[w] for w in works) * BPS_WHOLE)
        everybody = {s.payee for w in works for s in state.splits[w].shares}
        bands: dict[frozenset[Address], list[WorkId]] = {}
        for work in works:
            bands.setdefault(frozenset(s.payee for s in state.splits[work].shares), []).append(work)
        root_of = {
            band: isqrt(sum(income[w] for w in members) * BPS_WHOLE * 2**64)
            for band, members in bands.items()
        }
        for band, members in bands.items():
            part = Fraction(1)
            if held is not None and held.rule is SharingRule.FLOOR_PRO_RATA:
                part -= Fraction(held.phi_bps, BPS_WHOLE)
            if held is not None and held.rule is SharingRule.COMMUNITY_ROOT:
                earned = sum(income[w] for w in members) * BPS_WHOLE
                part = pool * root_of[band] / sum(root_of.values()) / earned
            for work in members:
                for share in state.splits[work].shares:
                    key = (community or work, share.payee)
                    give(key, income[work] * share.bps * part)
        if held is not None and held.rule is SharingRule.FLOOR_PRO_RATA:
            for payee in everybody:
                give((community, payee), pool * held.phi_bps / BPS_WHOLE / len(everybody))
    return due


@given(INCOMES, states())
def test_every_payee_has_what_fractions_say_to_a_few_numerators(
    income: dict[WorkId, int], state: SettlementState
) -> None:
    parts = entitlements(income, state)

    found: dict[object, int] = {}
    for (work, payee), numerator in parts.items():
        assert numerator >= 0
        key = (state.communities.get(work) or work, payee)
        found[key] = found.get(key, 0) + numerator
    model = modelled(income, state)
    assert found.keys() == model.keys()
    # Two divisions by groups and payees at most, for each group the payee is in.
    assert all(abs(found[key] - model[key]) < 2 * len(WORKS) for key in model)


@given(INCOMES, states())
def test_each_pool_stays_whole_and_no_other_is_touched(
    income: dict[WorkId, int], state: SettlementState
) -> None:
    parts = entitlements(income, state)

    by_split = entitlements(income, dataclasses.replace(state, rules={}))
    assert parts.keys() == by_split.keys()
    for community in (VILLAGE, VALLEY, None):
        own = [share for share in parts if state.communities.get(share[0]) == community]
        assert sum(parts[s] for s in own) == sum(by_split[s] for s in own)
        held = state.rules.get(community) if community is not None else None
        if held is None or held.rule is SharingRule.PRO_RATA:
            assert all(parts[s] == by_split[s] for s in own)


@given(INCOMES, states(), st.integers(1, 10_000))
def test_a_floor_takes_no_more_than_its_part_from_anybody(
    income: dict[WorkId, int], state: SettlementState, phi_bps: int
) -> None:
    state = dataclasses.replace(
        state, communities=dict.fromkeys(WORKS, VILLAGE), rules={VILLAGE: floor(phi_bps)}
    )

    parts = entitlements(income, state)

    by_split = entitlements(income, dataclasses.replace(state, rules={}))
    payees = {payee for _, payee in parts}
    pool = sum(parts.values())
    for payee in payees:
        before, after = (
            sum(n for (_, p), n in given.items() if p == payee) for given in (by_split, parts)
        )
        assert after >= before - before * phi_bps // BPS_WHOLE - 1
        assert after >= pool * phi_bps // BPS_WHOLE // len(payees)


@given(INCOMES, states(), st.randoms(use_true_random=False))
def test_the_order_of_works_changes_nothing(
    income: dict[WorkId, int], state: SettlementState, rng: random.Random
) -> None:
    works = list(income)
    rng.shuffle(works)

    assert entitlements({w: income[w] for w in works}, state) == entitlements(income, state)


@given(st.integers(1, 2**160), st.integers(1, 2**160), st.integers(1, 2**160), splits(), TURNS)
def test_cutting_a_work_in_two_moves_nothing_between_groups(
    whole: int, cut: int, other: int, split: Split, turn: Digest
) -> None:
    """Root-taking pays who is counted twice; works with the same payees are counted once."""
    outsider = Split.of({account(0xFF): 10_000})
    state = dataclasses.replace(
        ruled(ROOT, *WORKS),
        previous_report=turn,
        splits={WorkId(1): split, WorkId(2): split, WorkId(3): outsider},
    )
    cut = min(cut, whole)
    cuts = {WorkId(1): cut, WorkId(2): whole - cut, WorkId(3): other}

    one = entitlements({WorkId(1): whole, WorkId(3): other}, state)
    two = entitlements({work: income for work, income in cuts.items() if income}, state)

    assert one[WorkId(3), account(0xFF)] == two[WorkId(3), account(0xFF)]


@given(st.lists(st.integers(1, 2**100), min_size=2, max_size=6), TURNS)
def test_groups_stand_as_the_square_roots_of_what_they_earned(
    earned: list[int], turn: Digest
) -> None:
    state = dataclasses.replace(
        ruled(ROOT, *WORKS),
        previous_report=turn,
        splits={w: Split.of({p: 10_000}) for w, p in zip(WORKS, PAYEES, strict=False)},
    )
    income = dict(zip(WORKS, earned, strict=False))

    parts = entitlements(income, state)

    with localcontext() as context:
        context.prec = 120
        roots = [Decimal(amount).sqrt() for amount in earned]
        for number, work in enumerate(income):
            exact = Decimal(sum(earned) * BPS_WHOLE) * roots[number] / sum(roots)
            off = abs(Decimal(parts[work, PAYEES[number]]) - exact)
            # Roots are exact to 2^-32 of a numerator, divisions to one.
            assert off <= 2 + exact * 8 / 2**32
