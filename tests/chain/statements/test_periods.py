"""Periods are half-open, join, and are refused where they would count twice or are not over."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chain.client.blocks import BlockPin
from chain.statements.errors import PeriodMalformed, PeriodNotOver, PeriodsOverlap
from chain.statements.periods import Chain, periods_of, whole_chain

# 2026-10-01T00:00:00Z
OCTOBER = 1_790_812_800
DAY = 86_400
STEP = 600


def block(number: int) -> BlockPin:
    """Ten minutes apart; block 144 begins October."""
    return BlockPin(number, number.to_bytes(32, "big"), OCTOBER - DAY + STEP * number)


CHAIN = Chain(block, block(6_000))


def test_blocks_begin_where_they_say_and_end_before() -> None:
    (period,) = periods_of(["120..480"], CHAIN)

    assert (period.from_block, period.to_block) == (120, 480)
    assert (period.opening.number, period.closing.number) == (119, 479)


def test_a_month_has_the_blocks_of_its_own_time() -> None:
    (october,) = periods_of(["2026-10"], CHAIN)

    assert (october.from_block, october.to_block) == (144, 144 + 31 * 144)
    assert block(october.from_block).timestamp == OCTOBER
    assert block(october.to_block).timestamp == OCTOBER + 31 * DAY


@pytest.mark.parametrize(
    "texts",
    [
        ["1..7", "7..7", "7..90", "90..6001"],
        ["2026-10-01..2026-10-05", "2026-10-05..2026-10-05", "2026-10-05..2026-11-01"],
        ["2026-10", "2026-11-01..2026-11-05"],
        ["2026-10-03..2026-10-05", "1..432"],
    ],
)
def test_consecutive_periods_join_in_whatever_order_they_are_asked_for(texts: list[str]) -> None:
    found = periods_of(texts, CHAIN)
    backwards = periods_of(texts[::-1], CHAIN)

    assert [p.text for p in found] == [p.text for p in backwards]
    for before, after in pairwise(found):
        assert before.closing == after.opening


@pytest.mark.parametrize(
    "texts",
    [
        ["1..8", "7..9"],
        ["2026-10", "2026-10-31..2026-11-02"],
        ["1..50", "1..50"],
        ["1..90", "5..5"],
    ],
)
def test_overlapping_periods_are_refused_with_the_next_step(texts: list[str]) -> None:
    with pytest.raises(PeriodsOverlap, match=r"count money twice.*Next: "):
        periods_of(texts, CHAIN)


@pytest.mark.parametrize("text", ["2026-12", "6000..6002", "2026-10-01..2027-01-01"])
def test_a_period_that_is_not_over_is_refused(text: str) -> None:
    with pytest.raises(PeriodNotOver, match="end the period with block 6001"):
        periods_of([text], CHAIN)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-13", "2026-02-30..2026-03-01", "9..8", "0..8", "-1..5", "1..2..3"),
        *("2026-10-02..2026-10-01", "x" * 500, "0000-01", "2026-10-1..2026-10-2", "٣..٤"),
    ],
)
def test_what_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PeriodMalformed, match=r"Next: give a month \(2026-10\)"):
        periods_of([text], CHAIN)


def test_december_ends_with_the_year_and_the_first_days_are_empty() -> None:
    late = Chain(block, block(40_000))
    (december,) = periods_of(["2026-12"], late)
    (before,) = periods_of(["1971-01"], late)

    assert block(december.to_block).timestamp == OCTOBER + 92 * DAY
    assert before.from_block == before.to_block == 1


def test_without_a_period_the_whole_chain_is_meant() -> None:
    whole = whole_chain(CHAIN)

    assert (whole.from_block, whole.to_block) == (1, 6_001)
    assert periods_of([whole.text], CHAIN)[0].closing == whole.closing
