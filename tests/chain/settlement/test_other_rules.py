"""What other rules would have made of a pool: by hand, whole, and by who heard what."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import account

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, EpochNumber, WorkId
from chain.ledger.rights import SHARE_SCALE, UNIT_NUMERATOR, Split
from chain.ledger.sharing import Announcement, Listener, ListenerMode, SharingRule
from chain.settlement.alternatives import (
    divided_by,
    divided_by_listening,
    rule,
    settled_as_announced,
)
from chain.settlement.history import CommunityPool
from chain.settlement.pools import parts_by_split

ANA, BEN, CARL, DORA = (account(number) for number in (0xA, 0xB, 0xC, 0xD))
SPLITS = {
    WorkId(1): Split.of({ANA: 7_500, BEN: 2_500}),
    WorkId(2): Split.of({BEN: 5_000, ANA: 5_000}),
    WorkId(3): Split.of({CARL: 10_000}),
    WorkId(4): Split.of({DORA: 10_000}),
}
NO_TURN = Digest(bytes(32))
ROOT = rule(SharingRule.COMMUNITY_ROOT)


def floor(phi_bps: int) -> Announcement:
    return rule(SharingRule.FLOOR_PRO_RATA, phi_bps)


def pool(
    units: dict[int, int], announced: Announcement | None = None, epoch: int = 1
) -> CommunityPool:
    """What these works brought, in base units."""
    income = {WorkId(work): amount * SHARE_SCALE for work, amount in units.items()}
    return CommunityPool(EpochNumber(epoch), NO_TURN, announced, parts_by_split(income, SPLITS))


def in_units(earned: dict[Address, int]) -> dict[Address, Fraction]:
    return {payee: Fraction(numerator, UNIT_NUMERATOR) for payee, numerator in earned.items()}


def name(number: int) -> Digest:
    return Digest(number.to_bytes(32, "big"))


def test_no_rule_is_the_splits() -> None:
    earned = divided_by([pool({1: 100, 2: 60}), pool({3: 40}, epoch=2)], [])

    assert in_units(earned) == {ANA: 105, BEN: 55, CARL: 40}


def test_a_root_and_then_a_floor_divides_within_each_group() -> None:
    # 160 for Ana and Ben together, 10 for Carl: the roots are as four to one.
    earned = in_units(divided_by([pool({1: 100, 2: 60, 3: 10})], [ROOT, floor(5_000)]))

    assert earned[CARL] == pytest.approx(34)
    assert earned[ANA] + earned[BEN] + earned[CARL] == 170
    # Half of their 136 equally, half as 105 to 55.
    assert earned[ANA] == pytest.approx(34 + 68 * 105 / 160)


def test_one_rule_within_none_is_that_rule() -> None:
    pools = [pool({1: 100, 3: 7})]

    assert divided_by(pools, [floor(3_000)]) == settled_as_announced(
        [pool({1: 100, 3: 7}, floor(3_000))]
    )
    assert divided_by(pools, [ROOT]) == settled_as_announced([pool({1: 100, 3: 7}, ROOT)])


def test_what_was_settled_follows_each_epochs_own_rule() -> None:
    pools = [pool({1: 100}), pool({1: 100}, floor(10_000), epoch=2)]

    assert in_units(settled_as_announced(pools)) == {ANA: 125, BEN: 75}


def test_listeners_pay_whom_they_heard_and_silence_is_kept_apart() -> None:
    crowd = [
        Listener(name(1), 6, {1: 1, 3: 1}),
        Listener(name(2), 3, {3: 9}),
        Listener(name(3), 1, {}),
    ]

    found = divided_by_listening([pool({1: 100})], crowd, ListenerMode.USER_CENTRIC, SPLITS)

    # A tenth of the pool of 100 for each of ten: 30 for the first work, 60 for the third.
    assert in_units(found.earned) == {ANA: Fraction(45, 2), BEN: Fraction(15, 2), CARL: 60}
    assert (found.suspense, found.silent) == (10 * UNIT_NUMERATOR, 1)


def test_equally_heard_means_groups_and_not_works() -> None:
    # Works 1 and 2 are paid to the same two: cutting a song in two does not double it.
    crowd = [Listener(name(1), 5, {1: 30, 2: 10, 3: 1})]

    found = divided_by_listening([pool({1: 80})], crowd, ListenerMode.SHAPLEY, SPLITS)

    assert in_units(found.earned) == {
        CARL: 40,
        ANA: Fraction(3, 4) * 30 + 5,
        BEN: Fraction(1, 4) * 30 + 5,
    }


def test_plays_count_as_often_as_they_were_and_for_whom() -> None:
    crowd = [Listener(name(1), 8, {1: 3, 3: 1}), Listener(name(2), 8, {4: 5})]

    by_plays = divided_by_listening([pool({1: 160})], crowd, ListenerMode.USER_CENTRIC, SPLITS)
    # Work 2 was heard by the first alone: what the second did not play counts nothing within.
    both = [Listener(name(1), 8, {1: 3, 2: 1}), Listener(name(2), 8, {1: 4})]
    equal = divided_by_listening([pool({1: 160})], both, ListenerMode.SHAPLEY, SPLITS)

    assert in_units(by_plays.earned) == {ANA: 45, BEN: 15, CARL: 20, DORA: 80}
    # Seven of eight plays are of work 1: 140 of 160, and 20 for work 2.
    assert in_units(equal.earned) == {ANA: 105 + 10, BEN: 35 + 10}


def test_scaled_fees_that_do_not_cover_the_pool_leave_the_rest_in_suspense() -> None:
    found = divided_by_listening(
        [pool({1: 80})], [Listener(name(1), 30, {3: 5})], ListenerMode.SCALED, SPLITS
    )

    assert in_units(found.earned) == {CARL: 30}
    assert found.suspense == 50 * UNIT_NUMERATOR


def test_a_work_without_a_split_cannot_be_paid() -> None:
    with pytest.raises(Malformed, match="work 9"):
        divided_by_listening(
            [pool({1: 80})], [Listener(name(1), 30, {9: 5})], ListenerMode.SCALED, SPLITS
        )


def test_without_epochs_there_is_nothing_to_divide() -> None:
    assert divided_by([], [ROOT, floor(1)]) == {}
    crowd = [Listener(name(1), 30, {1: 5})]
    found = divided_by_listening([], crowd, ListenerMode.USER_CENTRIC, SPLITS)
    assert (sum(found.earned.values()), found.suspense) == (0, 0)


POOLS = st.lists(
    st.dictionaries(st.sampled_from([1, 2, 3, 4]), st.integers(1, 2**96), min_size=1), max_size=4
)
RULES = st.lists(st.one_of(st.just(ROOT), st.integers(1, 10_000).map(floor)), max_size=3)


@given(POOLS, RULES)
def test_no_rule_makes_or_loses_a_numerator(
    incomes: list[dict[int, int]], rules: list[Announcement]
) -> None:
    pools = [pool(income, epoch=number) for number, income in enumerate(incomes, start=1)]

    earned = divided_by(pools, rules)

    assert sum(earned.values()) == sum(sum(each.parts.values()) for each in pools)
    assert earned.keys() == divided_by(pools, []).keys()
    assert min(earned.values(), default=0) >= 0
