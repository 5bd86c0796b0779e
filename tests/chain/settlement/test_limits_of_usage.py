"""Caps along a sublicence's path and holders' credits: by hand, and against a model that adds up
everything anew for each event."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_cases import (
    AMPLE,
    FIRST,
    GENERATION_OF_4,
    PLATFORM,
    PLAY_1,
    PLAY_2,
    PLAY_3,
    RIVAL,
    STATE,
    TAKEN_AT,
    event,
    licence,
)

from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent
from chain.settlement.facts import LicenceFacts, SettlementState
from chain.settlement.segments import SegmentOrigin, encode_segment, segment_records
from chain.settlement.settle import Carried, settle_epoch
from chain.settlement.settle_columns import settle_records

PRICE = 7
TOP, MIDDLE, LOW, ASIDE = map(LicenceId, (11, 12, 13, 14))
NAMES = (TOP, MIDDLE, LOW, ASIDE)


def of_first(**changed: object) -> LicenceFacts:
    return licence(FIRST, Tier.DISTRIBUTION, PRICE, **changed)


def family(
    caps: dict[LicenceId, int] | None = None, credit_of: dict[Address, int] | None = None
) -> SettlementState:
    """A licence, a sublicence of it, a rival's sublicence of that, and one beside the middle."""
    caps = caps or {}
    parents = {TOP: None, MIDDLE: TOP, LOW: MIDDLE, ASIDE: TOP}
    licences = {
        name: of_first(
            parent=parent,
            unit_cap=caps.get(name, 1_000),
            holder=RIVAL if name == LOW else PLATFORM,
        )
        for name, parent in parents.items()
    }
    return dataclasses.replace(
        STATE,
        licences=licences,
        credits=credit_of if credit_of is not None else {PLATFORM: AMPLE, RIVAL: AMPLE},
    )


def outcome(
    events: list[UsageEvent], state: SettlementState
) -> tuple[dict[Digest, str], tuple[LicenceUsage, ...]]:
    """Why each id is refused, and the use that counts, by both calculators."""
    one = settle_epoch(events, state, Carried())
    origin = SegmentOrigin(1, PLATFORM, RIVAL)
    records = segment_records(encode_segment(events, origin))
    other = settle_records(records, state, Carried())
    refused = [(refusal.event_id, refusal.reason) for refusal in one.refused]
    assert refused == other.count.refusals()
    assert one.licence_usage == other.licence_usage
    return {event_id: str(reason) for event_id, reason in refused}, one.licence_usage


def later(number: int, licence_id: LicenceId) -> UsageEvent:
    """Event `number`, after those with lower numbers."""
    return event(number, licence_id, at=TAKEN_AT + number)


def reasons(events: list[UsageEvent], state: SettlementState) -> list[str]:
    refused, _ = outcome(events, state)
    return [refused.get(each.event_id, "") for each in events]


def test_use_under_a_sublicence_counts_for_every_licence_above_it() -> None:
    plays = [later(1, LOW), later(2, MIDDLE), later(3, ASIDE), later(4, TOP)]

    assert reasons(plays, family({TOP: 3})) == ["", "", "", "unit-cap"]
    assert reasons(plays, family({MIDDLE: 1})) == ["", "unit-cap", "", ""]
    # The line of a report names the licence that was used, and none above it.
    assert outcome(plays[:1], family())[1] == (LicenceUsage(LOW, 1, PRICE),)


def test_what_a_licence_above_has_covered_already_is_gone() -> None:
    state = family()
    used = dataclasses.replace(state.licences[TOP], revenue_used=0, units_used=999)
    state = dataclasses.replace(state, licences={**state.licences, TOP: used})

    assert reasons([later(1, LOW), later(2, ASIDE)], state) == ["", "unit-cap"]


def test_income_counts_along_the_path_too() -> None:
    state = family()
    tight = of_first(revenue_cap=2 * PRICE + 6)
    state = dataclasses.replace(state, licences={**state.licences, TOP: tight})

    plays = [later(1, LOW), later(2, ASIDE), later(3, MIDDLE)]
    assert reasons(plays, state) == ["", "", "revenue-cap"]


def test_a_use_that_its_holder_has_not_funded_is_refused_and_others_go_on() -> None:
    plays = [later(1, LOW), later(2, LOW), later(3, TOP), later(4, LOW)]
    state = family(credit_of={PLATFORM: AMPLE, RIVAL: 2 * PRICE})

    assert reasons(plays, state) == ["", "", "", "unfunded"]
    short = family(credit_of={PLATFORM: AMPLE, RIVAL: 2 * PRICE - 1})
    assert reasons(plays, short) == ["", "unfunded", "", "unfunded"]
    nothing = family(credit_of={PLATFORM: AMPLE})
    assert reasons(plays, nothing) == ["unfunded", "unfunded", "", "unfunded"]


def test_a_credit_pays_for_all_licences_of_its_holder_in_order_of_time() -> None:
    plays = [later(1, TOP), later(2, MIDDLE), later(3, ASIDE)]

    assert reasons(plays, family(credit_of={PLATFORM: 2 * PRICE})) == ["", "", "unfunded"]
    assert reasons(plays[::-1], family(credit_of={PLATFORM: 2 * PRICE})) == ["unfunded", "", ""]


def test_a_use_that_comes_again_is_refused_for_the_limit_that_refused_it_first() -> None:
    """Unfunded at first, over a cap as well once the licence beside it has used that up."""
    plays = [later(1, LOW), later(2, ASIDE), event(1, LOW, at=TAKEN_AT + 3)]
    state = family({TOP: 1}, {PLATFORM: AMPLE})

    refused = settle_epoch(plays, state, Carried()).refused

    assert [str(refusal.reason) for refusal in refused] == ["unfunded", "unfunded"]
    assert reasons(plays, state) == ["unfunded", "", "unfunded"]


def test_nobody_else_pays_for_a_use() -> None:
    """Whoever licenses its own work to itself at a high price is paid out of nobody's money."""
    dear = licence(FIRST, Tier.DISTRIBUTION, 10**9, holder=RIVAL)
    state = dataclasses.replace(
        STATE, licences={**STATE.licences, LOW: dear}, credits={PLATFORM: AMPLE}
    )
    settlement = settle_epoch([later(1, LOW), event(2)], state, Carried())

    assert [str(refusal.reason) for refusal in settlement.refused] == ["unfunded"]
    assert settlement.licence_usage == (LicenceUsage(PLAY_1, 1, 7),)


def test_a_use_that_costs_nothing_needs_no_credit() -> None:
    free = licence(FIRST, Tier.DISTRIBUTION, 0, holder=RIVAL)
    state = dataclasses.replace(STATE, licences={PLAY_2: free}, credits={})

    assert reasons([event(1, PLAY_2)], state) == [""]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"unit_cap": 0, "revenue_cap": 0}, "unit-cap"),
        ({"revenue_cap": 0}, "revenue-cap"),
        ({}, "unfunded"),
    ],
)
def test_caps_are_asked_before_credits(changed: dict[str, int], reason: str) -> None:
    state = dataclasses.replace(STATE, licences={PLAY_1: of_first(**changed)}, credits={})

    assert reasons([event(1)], state) == [reason]


def test_a_licence_without_credit_takes_no_place_in_a_full_report() -> None:
    names = [LicenceId(number) for number in range(100, 166)]
    licences = {name: of_first(holder=RIVAL if name < 102 else PLATFORM) for name in names}
    state = dataclasses.replace(STATE, licences=licences)

    found = reasons([later(name, name) for name in names], state)

    assert found == ["unfunded"] * 2 + [""] * 64


def modelled(events: list[UsageEvent], state: SettlementState) -> list[str]:
    """Why each event is refused, in order of time: all sums are made anew for each of them."""
    counted: list[UsageEvent] = []
    found = []
    for each in sorted(events, key=lambda e: (e.occurred_at, e.event_id)):
        price = state.licences[each.licence_id].terms.unit_price
        holder = state.licences[each.licence_id].holder
        above: list[LicenceId | None] = [each.licence_id]
        while above[-1] is not None:
            above.append(state.licences[above[-1]].parent)
        reason = ""
        for which in ("unit-cap", "revenue-cap"):
            for name in above[:-1]:
                facts = state.licences[name]  # type: ignore[index]
                under = [e for e in counted if name in ancestry(e.licence_id, state)]
                if which == "unit-cap":
                    over = facts.units_used + len(under) + 1 > facts.terms.unit_cap
                else:
                    spent = sum(state.licences[e.licence_id].terms.unit_price for e in under)
                    over = facts.revenue_used + spent + price > facts.terms.revenue_cap
                reason = reason or (which if over else "")
        charged = sum(
            state.licences[e.licence_id].terms.unit_price
            for e in counted
            if state.licences[e.licence_id].holder == holder
        )
        if charged + price > state.credits.get(holder, 0):
            reason = reason or "unfunded"
        if not reason:
            counted.append(each)
        found.append(reason)
    return found


def ancestry(name: LicenceId, state: SettlementState) -> set[LicenceId]:
    parent = state.licences[name].parent
    return {name} if parent is None else {name, *ancestry(parent, state)}


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), max_size=24),
    st.fixed_dictionaries({name: st.integers(0, 8) for name in NAMES}),
    st.fixed_dictionaries({name: st.integers(0, 60) for name in NAMES}),
    st.fixed_dictionaries({PLATFORM: st.integers(0, 90), RIVAL: st.integers(0, 30)}),
    st.sampled_from((0, 1, PRICE)),
)
def test_limits_are_the_models(
    plays: list[tuple[LicenceId, int]],
    units: dict[LicenceId, int],
    revenues: dict[LicenceId, int],
    credit_of: dict[Address, int],
    price: int,
) -> None:
    state = family(credit_of=credit_of)
    licences = {
        name: dataclasses.replace(
            facts,
            terms=dataclasses.replace(
                facts.terms, unit_cap=units[name], revenue_cap=revenues[name], unit_price=price
            ),
            units_used=units[name] // 3,
            revenue_used=revenues[name] // 3,
        )
        for name, facts in state.licences.items()
    }
    state = dataclasses.replace(state, licences=licences)
    events = [event(n, name, at=TAKEN_AT + at) for n, (name, at) in enumerate(plays)]
    if not events:
        return

    refused, usage = outcome(events, state)

    in_order = sorted(events, key=lambda e: (e.occurred_at, e.event_id))
    assert [refused.get(e.event_id, "") for e in in_order] == modelled(events, state)
    assert sum(line.units for line in usage) == len(events) - len(refused)


def test_a_use_of_a_derivative_is_charged_to_its_own_holder() -> None:
    state = dataclasses.replace(STATE, credits={PLATFORM: 999})
    plays = [event(n, PLAY_3, generation=GENERATION_OF_4, at=TAKEN_AT + n) for n in (1, 2)]

    assert reasons(plays, state) == ["", "unfunded"]
