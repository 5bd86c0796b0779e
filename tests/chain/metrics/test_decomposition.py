"""Between and within groups: both parts against their formulas at 60 digits, and nothing left."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import GroupMissing, NegativeAmount
from chain.metrics.inequality import decompose

MEMBERS = st.lists(
    st.tuples(st.integers(0, 10**12) | st.integers(0, 3), st.sampled_from("abcde")),
    min_size=1,
    max_size=40,
).filter(lambda members: any(amount for amount, _ in members))


def population(members: list[tuple[int, str]]) -> tuple[dict[int, int], dict[int, str]]:
    amounts = {payee: amount for payee, (amount, _) in enumerate(members)}
    return amounts, {payee: group for payee, (_, group) in enumerate(members)}


def grouped(members: list[tuple[int, str]]) -> dict[str, list[int]]:
    groups = defaultdict(list)
    for amount, group in members:
        groups[group].append(amount)
    return groups


@given(MEMBERS)
def test_both_parts_of_theil_and_of_the_mean_logarithmic_deviation(
    members: list[tuple[int, str]],
) -> None:
    found = decompose(*population(members))

    assert found is not None
    with mpmath.workdps(60):
        amounts = [mpmath.mpf(amount) for amount, _ in members]
        total, mean = mpmath.fsum(amounts), mpmath.fsum(amounts) / len(amounts)
        paid = [amount for amount in amounts if amount]
        between = within = between_paid = mpmath.mpf(0)
        for listed in grouped(members).values():
            of_group = mpmath.mpf(sum(listed))
            if of_group == 0:
                continue
            own_mean = of_group / len(listed)
            between += of_group / total * mpmath.log(own_mean / mean)
            within += mpmath.fsum(x / total * mpmath.log(x / own_mean) for x in listed if x)
            count = sum(1 for x in listed if x)
            ratio = mpmath.fsum(paid) / len(paid) / (of_group / count)
            between_paid += mpmath.mpf(count) / len(paid) * mpmath.log(ratio)
        assert abs(found.theil.between.value - between) <= found.theil.between.error
        assert abs(found.theil.within.value - within) <= found.theil.within.error
        assert abs(found.mld.between.value - between_paid) <= found.mld.between.error
    for parts in (found.theil, found.mld):
        assert abs(parts.residual) <= parts.residual_bound < 1e-12


@given(MEMBERS)
def test_ge2_splits_exactly_and_jain_with_it(members: list[tuple[int, str]]) -> None:
    found = decompose(*population(members))

    assert found is not None
    mean = Fraction(sum(amount for amount, _ in members), len(members))
    between = Fraction(0)
    for listed in grouped(members).values():
        own_mean = Fraction(sum(listed), len(listed))
        between += Fraction(len(listed), len(members)) * ((own_mean / mean) ** 2 - 1) / 2
    assert found.ge2_between == between
    assert sum(term.ge2 for term in found.groups) == found.ge2_within
    assert found.whole.jain == 1 / (1 + 2 * (found.ge2_between + found.ge2_within))
    assert found.jain_between == 1 / (1 + 2 * found.ge2_between)


def test_two_communities_by_hand() -> None:
    # All within `a` (1 and 3), none within `b` (2 and 2), and none between: both means are 2.
    found = decompose({"w": 1, "x": 3, "y": 2, "z": 2}, {"w": "a", "x": "a", "y": "b", "z": "b"})

    assert found is not None
    assert (found.theil.between.value, found.mld.between.value, found.ge2_between) == (0, 0, 0)
    assert [term.group for term in found.groups] == ["a", "b"]
    assert [term.share_of_money for term in found.groups] == [Fraction(1, 2), Fraction(1, 2)]
    assert found.theil.between_share == 0
    assert found.groups[0].ge2 == found.ge2_within == Fraction(1, 16)


def test_a_group_that_got_nothing_stays_in_the_count() -> None:
    found = decompose({"w": 4, "x": 4, "y": 0}, {"w": "a", "x": "a", "y": "b"})

    assert found is not None
    assert found.whole.gini == Fraction(1, 3)
    assert found.theil.within.value == 0
    assert found.theil.between_share == pytest.approx(1, abs=1e-15)
    plain = found.to_plain()
    assert [group["payees"] for group in plain["groups"]] == [2, 1]
    assert plain["jain_between"] == pytest.approx(2 / 3)


def test_no_money_has_no_parts_and_equals_have_no_share() -> None:
    equal = decompose({"w": 2, "x": 2}, {"w": "a", "x": "b"})

    assert decompose({}, {}) is None
    assert decompose({"w": 0}, {"w": "a"}) is None
    assert equal is not None and equal.theil.between_share is None


def test_a_payee_without_a_group_and_a_debt_are_refused() -> None:
    with pytest.raises(GroupMissing, match="x is in no group"):
        decompose({"w": 1, "x": 1}, {"w": "a"})
    with pytest.raises(NegativeAmount):
        decompose({"w": -1}, {"w": "a"})
