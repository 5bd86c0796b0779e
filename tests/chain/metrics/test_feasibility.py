"""Which triples can exist: the theorems proven in intervals, the witnesses measured exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import TripleUnreadable
from chain.metrics.feasibility import (
    Possibility,
    Printed,
    Triple,
    contradictions,
    judge,
    largest_gini,
    theil_floor,
    triples_of_csv,
)
from chain.metrics.inequality import measure

AMOUNTS = st.lists(st.integers(0, 10**9) | st.integers(0, 5), min_size=1, max_size=30).filter(any)

# Jain, Theil, Gini of the three arms of the table that the project is measured against.
ARCHIVE, UNCONDITIONED, OURS = (
    (".63", ".218", ".41"),
    (".66", ".201", ".39"),
    (".89", ".071", ".19"),
)


def triple(numbers: tuple[str, str, str], **how: object) -> Triple:
    jain, theil, gini = (Printed.of("number", text) for text in numbers)
    return Triple("row", jain, theil, gini, **how)  # type: ignore[arg-type]


# --- the theorems ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theil_at_most", "gini_at_least", "b"),
    [("0.2185", "0.405", "2.73"), ("0.2015", "0.385", "2.56")],
    ids=["archive", "unconditioned"],
)
def test_two_printed_rows_are_impossible_by_proof(
    theil_at_most: str, gini_at_least: str, b: str
) -> None:
    # The floor at one chosen b, in interval arithmetic, at the corner of the rounding box that is
    # kindest to the row. Rising in G, so every other corner is worse; linear in G, so means over
    # pools, traditions or months are no way out.
    with mpmath.workdps(30):
        b_, gini = mpmath.iv.mpf(b), mpmath.iv.mpf(gini_at_least)
        sinh = (mpmath.iv.exp(b_ / 2) - mpmath.iv.exp(-b_ / 2)) / 2
        floor = b_ * gini / 2 - mpmath.iv.log(sinh / (b_ / 2))

        assert floor.a > mpmath.iv.mpf(theil_at_most).b
        assert float(floor.a) == pytest.approx(theil_floor(float(gini_at_least)), abs=1e-5)


@given(AMOUNTS, st.floats(1e-3, 60))
def test_theil_is_above_the_tangent_of_every_log_uniform_law(amounts: list[int], b: float) -> None:
    measured = measure(amounts)

    assert measured.theil is not None and measured.gini is not None
    tangent = b * float(measured.gini) / 2 - math.log(math.sinh(b / 2) / (b / 2))
    assert measured.theil.value >= tangent - 1e-12
    assert measured.theil.value >= theil_floor(float(measured.gini)) - 1e-12


@pytest.mark.parametrize("b", [0.05, 1.0, 2.75, 8.0])
def test_log_uniform_amounts_come_down_to_the_floor(b: float) -> None:
    u = (np.arange(200_000) + 0.5) / 200_000
    measured = measure(np.round(np.exp(b * u) * 1e12).astype(np.int64))

    assert measured.theil is not None and measured.gini is not None
    assert measured.theil.value == pytest.approx(theil_floor(float(measured.gini)), abs=1e-9)
    assert float(measured.gini) == pytest.approx(1 / math.tanh(b / 2) - 2 / b, abs=1e-9)


@given(st.floats(0, 0.99), st.floats(0, 0.99))
def test_the_floor_rises_and_bends_upwards(one: float, other: float) -> None:
    low, high = sorted((one, other))
    middle = theil_floor((low + high) / 2)

    assert theil_floor(low) <= theil_floor(high) + 1e-12
    assert middle <= (theil_floor(low) + theil_floor(high)) / 2 + 1e-9


@given(st.floats(1e-3, 2.0))
def test_the_largest_gini_of_a_theil_is_where_the_floor_reaches_it(theil: float) -> None:
    assert theil_floor(largest_gini(theil)) == pytest.approx(theil, abs=1e-9)


@given(AMOUNTS)
def test_what_was_measured_breaks_no_theorem(amounts: list[int]) -> None:
    measured = measure(amounts)

    assert measured.jain is not None and measured.theil is not None and measured.gini is not None
    numbers = (measured.jain, measured.theil.value, measured.gini)
    printed = tuple(f"{float(number):.12f}" for number in numbers)
    assert not list(contradictions(triple(printed, payees=len(amounts))))  # type: ignore[arg-type]


# --- verdicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [ARCHIVE, UNCONDITIONED])
@pytest.mark.parametrize("averaged", [False, True])
def test_the_two_rows_are_called_impossible_as_rows_and_as_means(
    numbers: tuple[str, str, str], averaged: bool
) -> None:
    verdict = judge(triple(numbers, averaged=averaged))

    assert verdict.possibility is Possibility.IMPOSSIBLE
    assert [found.theorem for found in verdict.contradictions] == ["floor"]
    assert verdict.witness is None
    assert "log-uniform" in verdict.reason


@pytest.mark.parametrize(
    ("numbers", "payees"), [(ARCHIVE, 18), (UNCONDITIONED, 18), (ARCHIVE, 13), (UNCONDITIONED, 15)]
)
def test_a_corrected_gini_does_not_rescue_them_in_pools_of_a_dozen_or_more(
    numbers: tuple[str, str, str], payees: int
) -> None:
    verdict = judge(triple(numbers, payees=payees, corrected=True))

    assert verdict.possibility is Possibility.IMPOSSIBLE


@pytest.mark.parametrize(
    "numbers",
    [OURS, ("0.368", "0.500", "0.521"), ("0.20", "1.0", "0.6"), ("0.02", "2.9", "0.93")],
    ids=["ours", "lognormal", "one far above", "a market"],
)
def test_a_possible_row_has_a_witness_that_measures_it(numbers: tuple[str, str, str]) -> None:
    row = triple(numbers)
    verdict = judge(row)

    assert verdict.possibility is Possibility.POSSIBLE
    assert verdict.witness is not None
    # Measured again, each person alone.
    measured = measure(np.repeat(verdict.witness.amount_each, verdict.witness.people))
    assert measured.jain is not None and measured.theil is not None and measured.gini is not None
    assert row.jain.low <= measured.jain <= row.jain.high
    assert row.gini.low <= measured.gini <= row.gini.high
    assert row.theil.low <= Fraction(measured.theil.value) <= row.theil.high


def test_a_witness_has_as_many_payees_as_the_table_says() -> None:
    verdict = judge(triple(("0.667", "0.22", "0.33"), payees=12))

    assert verdict.possibility is Possibility.POSSIBLE
    assert verdict.witness is not None
    assert sum(verdict.witness.people) == 12


@pytest.mark.parametrize(
    ("numbers", "how", "theorem"),
    [
        (("0.80", "0.30", "0.25"), {}, "ceiling"),
        (("0.90", "0.07", "0.25"), {}, "spread"),
        (("1.20", "0.07", "0.25"), {}, "range"),
        (("0.50", "0.07", "1.25"), {}, "range"),
        (("0.05", "2.00", "0.85"), {"payees": 10}, "range"),
    ],
)
def test_each_theorem_refuses_what_breaks_it(
    numbers: tuple[str, str, str], how: dict[str, int], theorem: str
) -> None:
    found = {one.theorem for one in contradictions(triple(numbers, **how))}

    assert theorem in found


def test_a_theorem_that_means_over_groups_may_break_is_not_held_against_them() -> None:
    row = ("0.80", "0.30", "0.25")

    assert judge(triple(row)).possibility is Possibility.IMPOSSIBLE
    assert judge(triple(row, averaged=True)).possibility is Possibility.UNDECIDED


def test_the_verdict_is_plain_json_with_the_bounds_of_each_number() -> None:
    plain = judge(triple(ARCHIVE)).to_plain()

    assert (plain["verdict"], plain["witness"]) == ("impossible", None)
    assert plain["theorems"] == [{"name": "floor", "holds_for_averages": True}]
    assert plain["bounds"]["theil_min_by_gini"] == pytest.approx(0.2596, abs=5e-5)
    assert plain["bounds"]["gini_max_by_theil"] == pytest.approx(0.373, abs=5e-4)


# --- rows that cannot be read ------------------------------------------------------------------


def test_a_printed_number_stands_for_what_rounds_to_it() -> None:
    printed = Printed.of("gini", " .410 ")

    assert (printed.low, printed.high) == (Fraction(4095, 10000), Fraction(4105, 10000))


@pytest.mark.parametrize("text", ["", "x", "0,4", "nan", "inf"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(TripleUnreadable, match="gini is"):
        Printed.of("gini", text)


@pytest.mark.parametrize("payees", [None, 1])
def test_a_corrected_gini_needs_the_number_of_payees(payees: int | None) -> None:
    with pytest.raises(TripleUnreadable, match="needs the number of payees"):
        triple(OURS, payees=payees, corrected=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no column jain, theil, gini"),
        ("name,jain,gini\nA,1,2\n", "names no column theil"),
        ("jain,theil,gini\n", "no line below"),
        ("jain,theil,gini\n.5,,.3\n", "line 2: theil is ''"),
        ("jain,theil,gini\n.5\n", "line 2: theil is ''"),
        ("jain,theil,gini,payees\n.5,.2,.3,many\n", "payees is 'many'"),
        ("jain,theil,gini,payees\n.5,.2,.3,0\n", "0 payees"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_place(text: str, says: str) -> None:
    with pytest.raises(TripleUnreadable, match=says):
        triples_of_csv(text)


def test_rows_of_a_table_keep_their_names_and_payees() -> None:
    rows = triples_of_csv("name,jain,theil,gini,payees\nA,.63,.218,.41,18\n,.9,.07,.2,\n")

    assert [(row.name, row.payees) for row in rows] == [("A", 18), ("line 3", None)]
