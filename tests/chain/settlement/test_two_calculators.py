"""Events one by one and events as columns come to the same bytes, whatever the events are."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_cases import (
    ALICE,
    AMPLE,
    BETO,
    EXPIRY,
    FIRST,
    GENERATION_OF_3,
    GENERATION_OF_4,
    MAKE_1,
    OTHER_TOKEN,
    PLATFORM,
    PLAY_1,
    PLAY_2,
    PLAY_3,
    RIVAL,
    SECOND,
    STATE,
    TAKEN_AT,
    TRAIN_1,
    event,
    licence,
)

from chain.columns.digests import digests_of, rows_of
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
)
from chain.ledger.rights import Tier
from chain.ledger.sharing import Announcement, SharingRule
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.counted_ids import CountedIds, counted_ids_of
from chain.settlement.counting import LICENCES_MAX, RefusalReason
from chain.settlement.segments import (
    Records,
    SegmentOrigin,
    encode_segment,
    joined_records,
    record_ids,
    segment_records,
)
from chain.settlement.settle import (
    Carried,
    Division,
    EpochSettlement,
    LicenceFacts,
    SettlementState,
    settle_epoch,
)
from chain.settlement.settle_columns import ColumnarSettlement, settle_records

# How long a case takes says nothing on a busy machine.
DIGEST = Digest(b"\x05" * 32)
ORIGIN = SegmentOrigin(1, ALICE, BETO)
KNOWN = (PLAY_1, PLAY_2, PLAY_3, MAKE_1, TRAIN_1)
UNKNOWN_LICENCE, CLOSED, FOREIGN, UNPAID = map(LicenceId, (77, 78, 79, 80))
TIMES = (0, TAKEN_AT - 1, TAKEN_AT, TAKEN_AT + 1, EXPIRY - 1, EXPIRY, 2**64 - 1)

VILLAGE = CommunityId(1)
RULES = (
    None,
    Announcement(SharingRule.FLOOR_PRO_RATA, 5_000, 1, EpochNumber(1)),
    Announcement(SharingRule.COMMUNITY_ROOT, 0, 1, EpochNumber(1)),
)

# Few sources, so that most events come again, at another time and in another place.
EVENTS = st.lists(
    st.builds(
        event,
        st.integers(0, 6),
        st.sampled_from((*KNOWN, UNKNOWN_LICENCE, CLOSED, FOREIGN)),
        st.sampled_from(UsageKind),
        st.sampled_from((GENERATION_OF_3, GENERATION_OF_4, GenerationId(0xCCCC))),
        st.sampled_from(TIMES),
    ),
    max_size=40,
)
PLAYS = st.lists(
    st.builds(
        event,
        st.integers(0, 30),
        st.sampled_from((PLAY_1, PLAY_2, CLOSED)),
        at=st.integers(TAKEN_AT, TAKEN_AT + 3),
    ),
    max_size=60,
)


def sublicence_of(
    parent: LicenceId, licences: dict[LicenceId, LicenceFacts], holder: Address
) -> LicenceFacts:
    return dataclasses.replace(licences[parent], parent=parent, holder=holder)


def records_of(events: list[UsageEvent]) -> Records:
    if not events:
        return joined_records([])
    return segment_records(encode_segment(events, ORIGIN))


@st.composite
def states(draw: st.DrawFn) -> SettlementState:
    """The usual chain with other caps, a licence that pays in another token and one for nobody."""

    def capped(facts: LicenceFacts) -> LicenceFacts:
        terms = dataclasses.replace(
            facts.terms,
            unit_price=draw(st.sampled_from((0, 1, 7))),
            unit_cap=draw(st.integers(0, 6)),
            revenue_cap=draw(st.integers(0, 40)),
        )
        used = draw(st.integers(0, 3))
        return dataclasses.replace(facts, terms=terms, units_used=used, revenue_used=used * 7)

    licences = {
        number: capped(facts) if draw(st.booleans()) else facts
        for number, facts in STATE.licences.items()
    }
    licences[FOREIGN] = licence(FIRST, Tier.DISTRIBUTION, 3, token=OTHER_TOKEN)
    licences[CLOSED] = licence(SECOND, Tier.DISTRIBUTION, 3)
    if draw(st.booleans()):
        # Two sublicences of the first licence, one below the other, the lower one a rival's.
        licences[PLAY_2] = sublicence_of(PLAY_1, licences, PLATFORM)
        licences[CLOSED] = sublicence_of(PLAY_2, licences, RIVAL)
    credit_of = {holder: draw(st.sampled_from((0, 3, 20, AMPLE))) for holder in (PLATFORM, RIVAL)}
    splits = dict(STATE.splits)
    if draw(st.booleans()):
        del splits[SECOND]
    before, direct = (
        draw(st.sets(st.integers(0, 6).map(lambda n: event(n).event_id))) for _ in range(2)
    )
    frozen = draw(st.sets(st.sampled_from([(FIRST, ALICE), (FIRST, BETO)])))
    rule = draw(st.sampled_from(RULES))
    village = draw(st.sets(st.sampled_from([FIRST, SECOND])))
    return dataclasses.replace(
        STATE,
        licences=licences,
        splits=splits,
        counted_ids=before,
        directly_reported=direct,
        frozen=frozen,
        credits=credit_of,
        rules={} if rule is None else {VILLAGE: rule},
        communities=dict.fromkeys(village, VILLAGE),
    )


def assert_same(
    events: list[UsageEvent], state: SettlementState, carried: Carried
) -> tuple[EpochSettlement, ColumnarSettlement]:
    one, other = settle_epoch(events, state, carried), settle_records(
        records_of(events), state, carried
    )  # fmt: skip
    assert one.report(DIGEST) == other.report(DIGEST)
    for field in dataclasses.fields(Division):
        assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert one.carried.to_plain() == other.carried.to_plain()
    assert list(one.counted) == digests_of(other.counted)
    refused = [(r.event_id, r.reason) for r in one.refused]
    assert refused == other.count.refusals()
    assert [each for each in refused if each[0] not in one.counted] == other.refused()
    assert one.sum_tree.root == other.sum_tree.root
    for index in range(one.sum_tree.leaf_count):
        assert one.sum_tree.proof(index) == other.sum_tree.proof(index)
    return one, other


@settings(max_examples=300)
@given(EVENTS, states())
def test_hostile_events_are_counted_and_refused_alike(
    events: list[UsageEvent], state: SettlementState
) -> None:
    first, _ = assert_same(events, state, Carried())
    # What was counted comes again in the next epoch, with all that was refused.
    counted = state.counted_ids | set(first.counted)
    after = dataclasses.replace(state, counted_ids=counted)
    again, _ = assert_same(events, after, first.carried)
    assert not set(again.counted) & set(first.counted)


@settings(max_examples=200)
@given(PLAYS, states())
def test_plays_over_caps_are_counted_and_refused_alike(
    events: list[UsageEvent], state: SettlementState
) -> None:
    assert_same(events, state, Carried())


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_report_that_is_full_refuses_alike(random: object, price: int) -> None:
    numbers = [LicenceId(1_000 + number) for number in range(LICENCES_MAX + 9)]
    # Some are used up already, or their holder's credit is: they take no place in the report.
    licences = {
        number: licence(
            FIRST,
            Tier.DISTRIBUTION,
            price,
            unit_cap=number % 5,
            holder=RIVAL if number % 7 == 0 else PLATFORM,
            parent=numbers[0] if number % 3 == 0 and number > numbers[0] else None,
        )
        for number in numbers
    }
    licences[numbers[0]] = licence(FIRST, Tier.DISTRIBUTION, price, unit_cap=20)
    state = dataclasses.replace(STATE, licences=licences, credits={PLATFORM: AMPLE, RIVAL: 12})
    events = [
        event(index, random.choice(numbers), at=TAKEN_AT + random.randrange(50))  # type: ignore[attr-defined]
        for index in range(300)
    ]

    settlement, _ = assert_same(events, state, Carried())

    assert len(settlement.licence_usage) <= LICENCES_MAX


def test_every_reason_is_given_by_both() -> None:
    licences = {
        **STATE.licences,
        FOREIGN: licence(FIRST, Tier.DISTRIBUTION, 3, token=OTHER_TOKEN),
        PLAY_2: licence(SECOND, Tier.DISTRIBUTION, 3, unit_cap=1),
        PLAY_3: licence(FIRST, Tier.DISTRIBUTION, 3, revenue_cap=3),
        **{LicenceId(n): licence(FIRST, Tier.DISTRIBUTION, 1) for n in range(100, 170)},
        CLOSED: licence(FIRST, Tier.GENERATION, 3),
        UNPAID: licence(FIRST, Tier.DISTRIBUTION, 3, holder=RIVAL),
    }
    splits = {FIRST: STATE.splits[FIRST], SECOND: STATE.splits[SECOND]}
    direct = {event(13).event_id}
    state = dataclasses.replace(STATE, licences=licences, splits=splits, directly_reported=direct)
    unpayable = dataclasses.replace(state, splits={SECOND: STATE.splits[SECOND]})
    events = [
        event(1),
        event(1, at=TAKEN_AT + 1),
        event(2, UNKNOWN_LICENCE),
        event(3, CLOSED),
        event(4, FOREIGN),
        event(5, generation=GenerationId(9)),
        event(6, generation=GENERATION_OF_4),
        event(7, at=TAKEN_AT - 1),
        event(8, at=EXPIRY),
        event(13),
        *(event(n, PLAY_2) for n in (9, 10)),
        *(event(n, PLAY_3) for n in (11, 12)),
        *(event(n, LicenceId(n)) for n in range(100, 170)),
        event(14, UNPAID),
    ]

    reasons = {r.reason for r in assert_same(events, state, Carried())[0].refused}
    reasons |= {r.reason for r in assert_same(events, unpayable, Carried())[0].refused}

    assert reasons == set(RefusalReason)


def test_an_epoch_without_events_is_settled_alike() -> None:
    before, _ = assert_same([event(1)], STATE, Carried())

    assert_same([], STATE, before.carried)
    assert_same([], STATE, Carried())


@given(EVENTS)
def test_ids_of_records_are_those_of_events(events: list[UsageEvent]) -> None:
    ids = record_ids(records_of(events))

    assert [each.event_id for each in events] == digests_of(ids)


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=8), st.integers(0, 70))
def test_counted_ids_are_a_set_that_remembers_its_beginnings(
    epochs: list[list[int]], asked: int
) -> None:
    ids = [Digest(bytes([number % 3]) * 8 + bytes([number]) * 24) for number in range(71)]
    held, expected, steps = CountedIds(), set[Digest](), []
    for epoch in epochs:
        held = held.plus(rows_of(ids[number] for number in epoch))
        expected |= {ids[number] for number in epoch}
        steps.append((held, frozenset(expected)))

    for columns, plain in steps:
        assert (len(columns), set(columns)) == (len(plain), plain)
        assert (ids[asked] in columns) == (ids[asked] in plain)
        assert list(columns.holds(rows_of(ids))) == [each in plain for each in ids]
        sizes = [len(run) for run in columns.runs]
        assert all(size > sum(sizes[at + 1 :]) for at, size in enumerate(sizes))
    assert counted_ids_of(held) is held
    assert counted_ids_of(expected) == held
    assert "an id" not in held
