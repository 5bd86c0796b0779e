"""Rules, freezes and epochs in any order: a second ledger, kept by hand, agrees to the unit."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import (
    ALICE,
    BETO,
    CHEN,
    DERIVED,
    FIRST,
    GENERATION_OF_4,
    PLAY_1,
    PLAY_2,
    PLAY_3,
    SECOND,
    STATE,
    TOKEN,
    event,
)

from chain.ledger.identifiers import Address, CommunityId, Digest, EpochNumber, LicenceId, WorkId
from chain.ledger.rights import UNIT_NUMERATOR
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.facts import SettlementState
from chain.settlement.settle import Carried, settle_epoch

VILLAGE = CommunityId(1)
SHARES = [(w, s.payee) for w in (FIRST, SECOND, DERIVED) for s in STATE.splits[w].shares]
RULES = st.one_of(
    st.none(),
    st.just(Announcement(SharingRule.COMMUNITY_ROOT, 0, 1, EpochNumber(1))),
    st.integers(1, 10_000).map(
        lambda phi: Announcement(SharingRule.FLOOR_PRO_RATA, phi, 1, EpochNumber(1))
    ),
)


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What one epoch finds: uses per licence, a rule or none, the frozen shares."""

    uses: dict[LicenceId, int]
    rule: Announcement | None
    members: frozenset[WorkId]
    frozen: frozenset[tuple[WorkId, Address]]
    turn: Digest


EPOCHS = st.lists(
    st.builds(
        Epoch,
        st.dictionaries(st.sampled_from([PLAY_1, PLAY_2, PLAY_3]), st.integers(1, 5)),
        RULES,
        st.frozensets(st.sampled_from([FIRST, SECOND, DERIVED])),
        st.frozensets(st.sampled_from(SHARES)),
        st.binary(min_size=32, max_size=32).map(Digest),
    ),
    min_size=1,
    max_size=6,
)


def state_of(number: int, epoch: Epoch) -> SettlementState:
    return dataclasses.replace(
        STATE,
        epoch=EpochNumber(number),
        previous_report=epoch.turn,
        frozen=epoch.frozen,
        rules={} if epoch.rule is None else {VILLAGE: epoch.rule},
        communities=dict.fromkeys(epoch.members, VILLAGE),
    )


@given(EPOCHS)
def test_what_is_paid_kept_back_and_left_of_units_is_all_that_was_earned(
    epochs: list[Epoch],
) -> None:
    carried, value = Carried(), 0
    owed: dict[Address, Fraction] = {}
    held: dict[tuple[WorkId, Address], Fraction] = {}
    for number, epoch in enumerate(epochs, start=1):
        events = [
            event(1_000 * number + 10 * licence + use, licence, generation=GENERATION_OF_4)
            if licence == PLAY_3
            else event(1_000 * number + 10 * licence + use, licence)
            for licence, count in epoch.uses.items()
            for use in range(count)
        ]
        settlement = settle_epoch(events, state_of(number, epoch), carried)
        carried = settlement.carried

        earned = sum(STATE.licences[i].terms.unit_price * n for i, n in epoch.uses.items())
        value += earned
        assert sum(settlement.entitled.values()) == earned * UNIT_NUMERATOR
        held = {share: part for share, part in held.items() if share in epoch.frozen}
        for (work, payee), numerator in settlement.entitled.items():
            part = Fraction(numerator, UNIT_NUMERATOR)
            owed[payee] = owed.get(payee, Fraction(0)) + part
            if (work, payee) in epoch.frozen:
                held[work, payee] = held.get((work, payee), Fraction(0)) + part
        for payout in settlement.payouts:
            back = sum(part for (_, payee), part in held.items() if payee == payout.payee)
            assert payout.cumulative == (owed[payout.payee] - back) // 1
        assert {(w.work_id, w.payee): w.amount for w in settlement.withheld} == {
            share: held.get(share, Fraction(0)) // 1 for share in epoch.frozen
        }
    assert sum(owed.values()) == value == carried.value_of(TOKEN)
    assert set(owed) <= {ALICE, BETO, CHEN}
    last = settle_epoch([], STATE, carried)
    assert {p.payee: p.cumulative for p in last.payouts} == {p: o // 1 for p, o in owed.items()}
