"""An epoch is settled exactly: by hand, against fractions, in any order, however it is cut."""

from __future__ import annotations

import dataclasses
import random
import time
from fractions import Fraction

import pytest
from eth_abi.abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import (
    ALICE,
    BETO,
    CHEN,
    DERIVED,
    EXPIRY,
    FIRST,
    GENERATION_OF_4,
    MAKE_1,
    PLAY_1,
    PLAY_2,
    PLAY_3,
    SECOND,
    STATE,
    TAKEN_AT,
    TOKEN,
    TRAIN_1,
    event,
    licence,
)

from chain.ledger.epoch import LicenceUsage, Withheld
from chain.ledger.identifiers import Address, Digest, LicenceId, WorkId
from chain.ledger.rights import Split, Tier
from chain.ledger.sum_tree import Payout
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.settle import (
    PROGRAM_HASH,
    Carried,
    Credit,
    EpochSettlement,
    SettlementState,
    settle_epoch,
)

NOTHING = Carried()


def remaining(settlement: EpochSettlement) -> dict[Address, int]:
    numerators = settlement.carried.of(TOKEN)
    return {payee: numerator % (10**9 * 10**4) for payee, numerator in numerators.items()}


# --- by hand -----------------------------------------------------------------------------------


def test_plays_of_an_original_go_to_its_payees() -> None:
    settlement = settle_epoch([event(i) for i in range(10)], STATE, NOTHING)

    # 10 plays at 7 units are 70: 33.33 % are 23.331, 66.67 % are 46.669.
    assert settlement.payouts == (Payout(ALICE, 23), Payout(BETO, 46))
    assert remaining(settlement) == {ALICE: 331 * 10**10, BETO: 669 * 10**10}
    assert settlement.licence_usage == (LicenceUsage(PLAY_1, 10, 70),)
    assert settlement.cumulative_total == 69
    assert settlement.credits == (Credit(PLAY_1, FIRST, 70 * 10**9),)


def test_what_was_left_of_a_unit_is_paid_in_a_later_epoch() -> None:
    first = settle_epoch([event(i) for i in range(10)], STATE, NOTHING)
    second = settle_epoch([event(i) for i in range(10, 20)], STATE, first.carried)

    # 140 units in all: 46.662 and 93.338.
    assert second.payouts == (Payout(ALICE, 46), Payout(BETO, 93))
    assert second.licence_usage == first.licence_usage


def test_plays_of_a_derivative_flow_to_its_ancestors() -> None:
    plays = [event(i, PLAY_3, generation=GENERATION_OF_4) for i in range(3)]

    settlement = settle_epoch(plays, STATE, NOTHING)

    # 3 * 999 = 2997 units of work 3: 15 % to work 1, 33.3333333 % to work 2, the rest its own.
    own = 1_000_000_000 - 150_000_000 - 333_333_333
    assert settlement.credits == (
        Credit(PLAY_3, FIRST, 2_997 * 150_000_000),
        Credit(PLAY_3, SECOND, 2_997 * 333_333_333),
        Credit(PLAY_3, DERIVED, 2_997 * own),
    )
    alice = Fraction(2_997 * 15, 100) * Fraction(3_333, 10_000) + Fraction(2_997 * own, 10**13)
    beto = Fraction(2_997 * 15, 100) * Fraction(6_667, 10_000)
    beto += Fraction(2_997 * 333_333_333, 10**9)
    chen = Fraction(2_997 * own * 9_999, 10**13)
    assert settlement.payouts == (
        Payout(ALICE, int(alice)),
        Payout(BETO, int(beto)),
        Payout(CHEN, int(chen)),
    )


def test_a_payee_with_less_than_a_unit_waits_in_the_tree() -> None:
    settlement = settle_epoch([event(1)], STATE, NOTHING)

    assert settlement.payouts == (Payout(ALICE, 2), Payout(BETO, 4))
    tiny = settle_epoch([event(1, PLAY_3, generation=GENERATION_OF_4)], STATE, NOTHING)
    assert [payout.payee for payout in tiny.payouts] == [ALICE, BETO, CHEN]


def test_an_epoch_without_events_promises_what_was_promised() -> None:
    before = settle_epoch([event(i) for i in range(10)], STATE, NOTHING)
    after = settle_epoch([], STATE, before.carried)

    assert (after.payouts, after.sum_tree.root) == (before.payouts, before.sum_tree.root)
    assert (after.usage_root, after.counted, after.licence_usage) == (bytes(32), (), ())
    assert settle_epoch([], STATE, NOTHING).cumulative_total == 0


def test_events_that_cost_nothing_are_counted_and_pay_nobody() -> None:
    free = dataclasses.replace(
        STATE, licences={PLAY_1: licence(FIRST, Tier.DISTRIBUTION, 0, revenue_cap=0)}
    )

    settlement = settle_epoch([event(1), event(2)], free, NOTHING)

    assert settlement.licence_usage == (LicenceUsage(PLAY_1, 2, 0),)
    assert (settlement.payouts, settlement.credits) == ((), ())


def test_the_split_in_force_at_the_block_pays_and_earlier_epochs_stay_paid() -> None:
    before = settle_epoch([event(i) for i in range(10)], STATE, NOTHING)
    changed = dataclasses.replace(STATE, splits={**STATE.splits, FIRST: Split.of({CHEN: 10_000})})

    after = settle_epoch([event(i) for i in range(10, 20)], changed, before.carried)

    assert after.payouts == (*before.payouts, Payout(CHEN, 70))


def test_the_report_says_what_was_settled() -> None:
    settlement = settle_epoch([event(i) for i in range(5)], STATE, NOTHING)

    report = settlement.report(Digest(b"\x02" * 32))

    assert (report.epoch, report.event_count, report.leaf_count) == (3, 5, 2)
    assert (report.previous_report, report.segments_digest) == (b"\x01" * 32, b"\x02" * 32)
    assert (report.token, report.state_block) == (TOKEN, 1_234)
    assert report.state_time == 1_700_001_234
    assert report.withheld_hash == keccak(encode(["(uint64,address,uint256)[]"], [[]]))
    assert report.sum_root == settlement.sum_tree.root.hash
    assert (report.leaf_root, report.usage_root) == (settlement.leaf_root, settlement.usage_root)
    assert report.cumulative_total == settlement.cumulative_total == 34
    usage = encode(["(uint64,uint64,uint128)[]"], [[(int(PLAY_1), 5, 35)]])
    assert report.licence_usage_hash == keccak(usage)
    assert report.program_hash == PROGRAM_HASH == keccak(b"antiphon.settle/6")


def test_the_same_inputs_give_the_same_bytes_as_when_the_program_was_named() -> None:
    # Recorded when the rules were named. They change only together with PROGRAM, so that old
    # epochs stay recomputable.
    events = [event(i) for i in range(10)] + [
        event(i, PLAY_3, generation=GENERATION_OF_4) for i in range(10, 13)
    ]

    settlement = settle_epoch(events, STATE, NOTHING)

    roots = [settlement.sum_tree.root.hash, settlement.leaf_root, settlement.usage_root]
    recorded = ["8cbeb0fb763ed03c", "f9d11741eff95e2a", "1a60082faca703b1"]
    assert [root.hex()[:16] for root in roots] == recorded


# --- properties --------------------------------------------------------------------------------

KINDS = {
    PLAY_1: UsageKind.PLAY,
    PLAY_2: UsageKind.PLAY,
    MAKE_1: UsageKind.GENERATION,
    PLAY_3: UsageKind.PLAY,
    TRAIN_1: UsageKind.PLAY,
}


@st.composite
def events(draw: st.DrawFn) -> UsageEvent:
    licence_id = draw(st.sampled_from([*KINDS, LicenceId(99)]))
    return event(
        draw(st.integers(0, 60)),
        licence_id,
        KINDS.get(licence_id, UsageKind.PLAY),
        draw(st.sampled_from([*STATE.derivatives, *STATE.derivatives])),
        draw(st.integers(TAKEN_AT - 2, TAKEN_AT + 3) | st.integers(EXPIRY - 2, EXPIRY + 2)),
    )


EVENTS = st.lists(events(), max_size=40)


def tightly_capped() -> SettlementState:
    licences = {
        **STATE.licences,
        PLAY_1: licence(FIRST, Tier.DISTRIBUTION, 7, unit_cap=5, units_used=2),
        PLAY_2: licence(SECOND, Tier.DISTRIBUTION, 1_001, revenue_cap=4_000, revenue_used=900),
    }
    return dataclasses.replace(STATE, licences=licences)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(given_events: list, rng: random.Random) -> None:
    shuffled = list(given_events)
    rng.shuffle(shuffled)

    one, other = (settle_epoch(e, tightly_capped(), NOTHING) for e in (given_events, shuffled))

    left, right = (
        {f.name: getattr(s, f.name) for f in dataclasses.fields(s) if f.name != "sum_tree"}
        for s in (one, other)
    )
    assert left == right
    assert one.sum_tree.root == other.sum_tree.root


@given(EVENTS)
def test_every_event_is_counted_once_or_refused_aloud(given_events: list[UsageEvent]) -> None:
    settlement = settle_epoch(given_events, tightly_capped(), NOTHING)

    assert len(settlement.counted) + len(settlement.refused) == len(given_events)
    assert len(set(settlement.counted)) == len(settlement.counted)
    assert list(settlement.counted) == sorted(settlement.counted)
    ids = [counted.event_id for counted in settlement.counted_events]
    assert ids == list(settlement.counted)


@given(EVENTS)
def test_payouts_are_the_floors_of_exact_fractions(given_events: list[UsageEvent]) -> None:
    settlement = settle_epoch(given_events, tightly_capped(), NOTHING)

    exact: dict[Address, Fraction] = {}
    for counted in settlement.counted_events:
        facts = STATE.licences[counted.licence_id]
        price = facts.terms.unit_price
        income: dict[WorkId, Fraction] = {facts.work_id: Fraction(price)}
        for entry in STATE.vector_of(facts.work_id).entries:
            part = price * Fraction(entry.share, 10**9)
            income[entry.work_id] = part
            income[facts.work_id] -= part
        for work, amount in income.items():
            for share in STATE.splits[work].shares:
                part = amount * Fraction(share.bps, 10_000)
                exact[share.payee] = exact.get(share.payee, Fraction(0)) + part
    assert {p.payee: p.cumulative for p in settlement.payouts} == {
        payee: amount.numerator // amount.denominator for payee, amount in exact.items()
    }
    value = sum(STATE.licences[e.licence_id].terms.unit_price for e in settlement.counted_events)
    assert sum(exact.values()) == value
    assert sum(line.revenue for line in settlement.licence_usage) == value
    assert 0 <= value - settlement.cumulative_total < 3


def as_seen_after(state: SettlementState, epoch: EpochSettlement) -> SettlementState:
    """The chain once an epoch is posted: usage recorded, ids counted."""
    licences = dict(state.licences)
    for line in epoch.licence_usage:
        facts = licences[line.licence_id]
        licences[line.licence_id] = dataclasses.replace(
            facts,
            units_used=facts.units_used + line.units,
            revenue_used=facts.revenue_used + line.revenue,
        )
    counted = {*state.counted_ids, *epoch.counted}
    return dataclasses.replace(state, licences=licences, counted_ids=counted)


@given(EVENTS, st.integers(0, 40))
def test_cutting_a_period_into_epochs_changes_nobodys_payout(
    given_events: list[UsageEvent], cut: int
) -> None:
    in_order = sorted(given_events, key=lambda e: (e.occurred_at, e.event_id))
    state = tightly_capped()

    whole = settle_epoch(in_order, state, NOTHING)
    first = settle_epoch(in_order[:cut], state, NOTHING)
    second = settle_epoch(in_order[cut:], as_seen_after(state, first), first.carried)

    assert second.payouts == whole.payouts
    assert second.carried == whole.carried
    assert {*first.counted, *second.counted} == set(whole.counted)
    reread = Carried.from_plain(first.carried.to_plain())
    assert reread == first.carried


def test_ten_thousand_events_take_well_under_two_seconds() -> None:
    many = [event(i, at=TAKEN_AT + i) for i in range(10_000)]
    started = time.process_time()

    settlement = settle_epoch(many, STATE, NOTHING)

    assert time.process_time() - started < 2
    assert settlement.licence_usage == (LicenceUsage(PLAY_1, 10_000, 70_000),)
    assert settlement.payouts == (Payout(ALICE, 23_331), Payout(BETO, 46_669))


def test_an_impossible_payout_is_caught_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    from chain.ledger.errors import Inconsistent
    from chain.settlement import settle

    honest = settle._payouts
    monkeypatch.setattr(
        settle,
        "_payouts",
        lambda *given: tuple(Payout(p.payee, p.cumulative + 1) for p in honest(*given)),
    )

    with pytest.raises(Inconsistent, match="payouts in"):
        settle_epoch([event(1)], STATE, NOTHING)


def test_what_a_frozen_share_earns_is_kept_back_and_said() -> None:
    """Beto's part of the first work is frozen; his part of others, and Alice's, are paid."""
    frozen = dataclasses.replace(STATE, frozen=frozenset({(FIRST, BETO), (SECOND, CHEN)}))

    kept = settle_epoch([event(i) for i in range(5)], frozen, NOTHING)

    # 35 units: 3,333 and 6,667 of 10,000. A frozen share that earns nothing is listed too.
    assert kept.withheld == (Withheld(FIRST, BETO, 23), Withheld(SECOND, CHEN, 0))
    assert {p.payee: p.cumulative for p in kept.payouts} == {ALICE: 11, BETO: 0}
    parts = [[(int(FIRST), BETO, 23), (int(SECOND), CHEN, 0)]]
    report = kept.report(Digest(bytes(32)))
    assert report.withheld_hash == keccak(encode(["(uint64,address,uint256)[]"], parts))

    freed = settle_epoch([event(9)], STATE, kept.carried)

    assert {p.payee: p.cumulative for p in freed.payouts} == {ALICE: 13, BETO: 28}
    assert freed.withheld == ()
