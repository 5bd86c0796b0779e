"""Who gains and who loses by a rule: by hand, and what always holds."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.identifiers import Address, address_from_bytes
from chain.metrics.errors import NegativeAmount, PoolsDiffer
from chain.metrics.rule_comparison import Change, Outcome, compare_rules
from chain.metrics.rule_pictures import rules_lorenz_svg, slope_svg

PAYEES = [address_from_bytes(bytes([number]) * 20) for number in range(1, 9)]
ANA, BEN, CARL, DORA = PAYEES[:4]
HOSTILE = "</text><script>alert(1)</script>"


def words(drawn: str) -> list[str]:
    """Every text of a picture that is well formed."""
    return [each.text for each in ElementTree.fromstring(drawn).iter() if each.text]  # noqa: S314 -- our own text


def named(payee: Address) -> str:
    return HOSTILE if payee == ANA else payee


def test_a_change_is_who_gains_who_loses_and_how_much() -> None:
    by_splits = Outcome("by the splits", {ANA: 700, BEN: 200, CARL: 100})
    other = Outcome("other", {ANA: 450, BEN: 201, CARL: 250, DORA: 99})

    first, row = compare_rules([by_splits, other], unit=10)

    assert (first.gained, first.lost, first.moved, first.moved_share) == ((), (), 0, 0)
    assert row.units == {ANA: 45, BEN: 20, CARL: 25, DORA: 9}
    # A tenth of a base unit is rounding, and Dora had nothing to compare with.
    assert row.gained == (Change(CARL, 15, Fraction(3, 2)), Change(DORA, 9, None))
    assert row.lost == (Change(ANA, -25, Fraction(-5, 14)),)
    assert (row.moved, row.moved_share) == (25, Fraction(1, 4))
    assert row.inequality.registered.payees == 4
    assert first.inequality.registered.payees == 4
    assert first.inequality.paid.payees == 3


def test_the_largest_loss_and_the_largest_part_lost_are_two_things() -> None:
    before = Outcome("before", {ANA: 1_000, BEN: 10, CARL: 0})
    after = Outcome("after", {ANA: 900, BEN: 1, CARL: 109})

    row = compare_rules([before, after], unit=1)[1]

    assert row.largest_loss == Change(ANA, -100, Fraction(-1, 10))
    assert row.largest_share_lost == Change(BEN, -9, Fraction(-9, 10))


def test_what_waits_in_suspense_is_part_of_the_pool() -> None:
    before, after = Outcome("before", {ANA: 100}), Outcome("after", {ANA: 60}, suspense=40)

    row = compare_rules([before, after], unit=1)[1]

    assert (row.suspense, row.moved, row.moved_share) == (40, 40, Fraction(2, 5))


def test_a_difference_of_a_whole_unit_is_a_change_and_suspense_is_in_units() -> None:
    before = Outcome("before", {ANA: 100, BEN: 40}, suspense=60)
    after = Outcome("after", {ANA: 110, BEN: 40}, suspense=50)

    first, row = compare_rules([before, after], unit=10)

    assert row.gained == (Change(ANA, 1, Fraction(1, 10)),)
    assert (first.suspense, row.suspense) == (6, 5)
    # All of the pool, what waits included, is what a part is of.
    third = compare_rules([before, Outcome("x", {ANA: 80, BEN: 60}, suspense=60)], unit=10)[1]
    assert third.moved_share == Fraction(20, 200)


def test_without_money_nothing_is_said_of_equality() -> None:
    row = compare_rules([Outcome("before", {ANA: 0, BEN: 0})], unit=1)[0]

    assert row.moved_share is None
    assert row.inequality.registered.gini is None
    assert (row.largest_loss, row.largest_share_lost) == (None, None)


def test_rules_that_divide_different_sums_are_not_compared() -> None:
    with pytest.raises(PoolsDiffer, match="after divides 99") as caught:
        compare_rules([Outcome("before", {ANA: 100}), Outcome("after", {ANA: 99})], unit=1)
    assert (caught.value.expected, caught.value.found) == (100, 99)
    with pytest.raises(NegativeAmount):
        compare_rules([Outcome("before", {ANA: -1, BEN: 1})], unit=1)


AMOUNTS = st.lists(st.integers(0, 10**9), min_size=8, max_size=8)


@given(AMOUNTS, AMOUNTS, st.integers(1, 1_000))
def test_what_some_gain_others_lose(before: list[int], after: list[int], unit: int) -> None:
    rest = sum(before) - sum(after)
    after[0] += max(0, rest)
    before[0] += max(0, -rest)

    row = compare_rules(
        [
            Outcome("before", dict(zip(PAYEES, before, strict=True))),
            Outcome("after", dict(zip(PAYEES, after, strict=True))),
        ],
        unit,
    )[1]

    gained = sum(change.difference for change in row.gained)
    lost = -sum(change.difference for change in row.lost)
    # Each change is rounded towards nothing, and changes below a unit are none.
    assert abs(gained - row.moved) <= len(PAYEES)
    assert 0 <= row.moved - lost <= len(PAYEES)
    assert {c.payee for c in row.gained}.isdisjoint(c.payee for c in row.lost)


def test_pictures_are_the_same_bytes_and_take_no_name_for_markup() -> None:
    rows = compare_rules(
        [
            Outcome("by the splits", {ANA: 700, BEN: 200, CARL: 100}),
            Outcome("floor of 30 %", {ANA: 590, BEN: 240, CARL: 170}),
        ],
        unit=1,
    )

    slopes, lorenz = slope_svg(rows, named), rules_lorenz_svg(rows, "SIMULATED: demand")

    assert slope_svg(rows, named) == slopes
    assert any(word.startswith("</text><script>alert(1)") for word in words(slopes))
    assert "<script>" not in slopes
    assert "SIMULATED: demand" in words(lorenz)
    assert "by the splits: Gini 0.400" in lorenz


def test_pictures_of_many_payees_and_of_nothing_say_so() -> None:
    crowd = [address_from_bytes(number.to_bytes(20, "big")) for number in range(1, 31)]
    many = compare_rules([Outcome("r", {p: i for i, p in enumerate(crowd)})] * 2, unit=1)
    none = compare_rules([Outcome("r", {ANA: 0})], unit=1)

    assert "16 more payees are drawn without a name" in slope_svg(many, named)
    assert "nothing was paid" in slope_svg(none, named)
    assert "r: nothing was paid" in rules_lorenz_svg(none)
    for drawn in (slope_svg(many, named), slope_svg(none, named), rules_lorenz_svg(none)):
        assert words(drawn)
