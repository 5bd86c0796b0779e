"""An event that may not be paid is refused with its reason, in an order every operator shares."""

from __future__ import annotations

import dataclasses

import pytest
from settlement_cases import (
    DERIVED,
    EXPIRY,
    FIRST,
    GENERATION_OF_3,
    GENERATION_OF_4,
    MAKE_1,
    OTHER_TOKEN,
    PLAY_1,
    PLAY_2,
    PLAY_3,
    STATE,
    TAKEN_AT,
    TRAIN_1,
    event,
    licence,
    with_licence,
)

from chain.ledger.identifiers import GenerationId, LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent, UsageKind
from chain.ledger.vectors import AncestorVector
from chain.settlement.counting import LICENCES_MAX, RefusalReason
from chain.settlement.settle import Carried, SettlementState, settle_epoch

MAKE = UsageKind.GENERATION
FOUND = UsageKind.DETECTION


def reasons(events: list[UsageEvent], state: SettlementState = STATE) -> list[str]:
    settlement = settle_epoch(events, state, Carried())
    assert len(settlement.counted) + len(settlement.refused) == len(events)
    return [refusal.reason.value for refusal in settlement.refused]


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (event(1, LicenceId(99)), "licence-unknown"),
        (event(1, TRAIN_1), "tier-unfit"),
        (event(1, TRAIN_1, MAKE), "tier-unfit"),
        (event(1, TRAIN_1, FOUND), "tier-unfit"),
        (event(1, PLAY_1, MAKE), "tier-unfit"),
        (event(1, MAKE_1, UsageKind.PLAY), "tier-unfit"),
        (event(1, generation=GenerationId(7)), "generation-unknown"),
        (event(1, PLAY_1, generation=GENERATION_OF_4), "not-a-parent"),
        (event(1, PLAY_3, generation=GENERATION_OF_3), "not-a-parent"),
        (event(1, at=TAKEN_AT - 1), "before-licence"),
        (event(1, at=EXPIRY), "after-expiry"),
    ],
)
def test_an_event_outside_its_licence_is_refused(refused: UsageEvent, reason: str) -> None:
    assert reasons([refused]) == [reason]


@pytest.mark.parametrize(
    "counted",
    [
        event(1, at=TAKEN_AT),
        event(1, at=EXPIRY - 1),
        event(1, MAKE_1, MAKE),
        event(1, MAKE_1, FOUND),
        event(1, PLAY_2, FOUND),
        event(1, PLAY_3, generation=GENERATION_OF_4),
    ],
)
def test_an_event_inside_its_licence_is_counted(counted: UsageEvent) -> None:
    assert reasons([counted]) == []


def test_the_same_event_is_counted_once_within_an_epoch() -> None:
    again = dataclasses.replace(event(1), occurred_at=event(1).occurred_at + 60)

    assert again.event_id == event(1).event_id
    assert reasons([again, event(1), event(1)]) == ["already-counted", "already-counted"]


def test_the_same_event_is_not_counted_in_a_later_epoch() -> None:
    earlier = dataclasses.replace(STATE, counted_ids={event(1).event_id})

    assert reasons([event(1), event(2)], earlier) == ["already-counted"]


def test_an_event_refused_for_its_time_does_not_block_its_valid_twin() -> None:
    too_early = event(1, at=TAKEN_AT - 1)

    assert too_early.event_id == event(1).event_id
    assert reasons([event(1), too_early]) == ["before-licence"]


def test_a_licence_in_another_token_waits_for_its_own_epoch() -> None:
    state = with_licence(PLAY_1, licence(FIRST, Tier.DISTRIBUTION, 7, token=OTHER_TOKEN))

    assert reasons([event(1)], state) == ["other-token"]


@pytest.mark.parametrize("work", [FIRST, DERIVED])
def test_income_that_would_reach_a_work_without_a_split_is_refused(work: int) -> None:
    splits = {w: split for w, split in STATE.splits.items() if w != work}
    state = dataclasses.replace(STATE, splits=splits)

    assert reasons([event(1, PLAY_3, generation=GENERATION_OF_4)], state) == ["no-split"]


def test_an_ancestor_that_receives_nothing_needs_no_split() -> None:
    unpaid = AncestorVector(())  # zero shares are left out at linking
    splits = {w: split for w, split in STATE.splits.items() if w != FIRST}
    state = dataclasses.replace(STATE, vectors={DERIVED: unpaid}, splits=splits)

    assert reasons([event(1, PLAY_3, generation=GENERATION_OF_4)], state) == []


def test_a_unit_cap_is_filled_in_order_of_time() -> None:
    capped = licence(FIRST, Tier.DISTRIBUTION, 7, unit_cap=10, units_used=8)
    state = with_licence(PLAY_1, capped)
    late, early, middle = (event(i, at=TAKEN_AT + t) for i, t in ((1, 9), (2, 1), (3, 5)))

    settlement = settle_epoch([late, early, middle], state, Carried())

    assert set(settlement.counted_events) == {early, middle}
    assert [(r.event, r.reason, r.event_id) for r in settlement.refused] == [
        (late, RefusalReason.UNIT_CAP, late.event_id)
    ]


def test_events_of_one_second_are_taken_by_id() -> None:
    state = with_licence(PLAY_1, licence(FIRST, Tier.DISTRIBUTION, 7, unit_cap=1))
    twins = [event(1), event(2)]

    settlement = settle_epoch(twins, state, Carried())

    assert settlement.counted == (min(twin.event_id for twin in twins),)


def test_a_revenue_cap_counts_what_the_chain_already_counted() -> None:
    capped = licence(FIRST, Tier.DISTRIBUTION, 7, revenue_cap=100, revenue_used=86)
    state = with_licence(PLAY_1, capped)

    # 86 + 7 + 7 = 100 fits exactly; a third event would be 107.
    assert reasons([event(i) for i in range(3)], state) == ["revenue-cap"]


def test_more_licences_than_a_report_takes_wait_for_the_next_epoch() -> None:
    licences = {
        LicenceId(i): licence(FIRST, Tier.DISTRIBUTION, 7) for i in range(1, LICENCES_MAX + 3)
    }
    state = dataclasses.replace(STATE, licences=licences)
    events = [event(i, LicenceId(i), at=TAKEN_AT + i) for i in licences]
    more_of_the_first = event(1_000, LicenceId(1), at=TAKEN_AT + 500)

    settlement = settle_epoch([*events, more_of_the_first], state, Carried())

    assert [(r.event.licence_id, r.reason) for r in settlement.refused] == [
        (LicenceId(65), RefusalReason.EPOCH_FULL),
        (LicenceId(66), RefusalReason.EPOCH_FULL),
    ]
    assert settlement.licence_usage[0].units == 2
    assert [line.licence_id for line in settlement.licence_usage] == list(range(1, 65))


def test_what_was_reported_directly_is_paid_for_already() -> None:
    state = dataclasses.replace(STATE, directly_reported={event(1).event_id})

    assert reasons([event(1)], state) == ["directly-reported"]
    assert reasons([event(2)], state) == []
