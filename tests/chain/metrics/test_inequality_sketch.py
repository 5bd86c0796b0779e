"""A summary's bounds hold, whatever the amounts; parts add up in any order; bytes are checked."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.metrics.errors import NegativeAmount, NotBaseUnits, SketchBroken, SketchesDiffer
from chain.metrics.inequality import measure
from chain.metrics.inequality.sketch import InequalitySketch
from chain.metrics.inequality.sketch_bytes import sketch_from_bytes, sketch_to_bytes

BITS = st.integers(0, 8)
AMOUNTS = st.lists(
    st.integers(0, 70)
    | st.integers(0, 2**64 - 1)
    | st.integers(0, 2**256 - 1)
    | st.builds(lambda k, d: 2**k + d, st.integers(1, 255), st.integers(-1, 1)),
    min_size=1,
    max_size=40,
)


def summary(amounts: list[int], bits: int = 6) -> InequalitySketch:
    sketch = InequalitySketch(bits)
    sketch.add(amounts)
    return sketch


@given(AMOUNTS, BITS)
@example([2**255, 2**255 + 1], 0)  # together more than a token holds, in one bucket
@example([2**256 - 1] * 40, 8)
def test_what_is_measured_lies_within_the_bounds(amounts: list[int], bits: int) -> None:
    bounds, measured = summary(amounts, bits).bounds(), measure(amounts)

    assert (bounds.payees, bounds.paid_payees, bounds.total) == (
        measured.payees,
        measured.paid_payees,
        measured.total,
    )
    if measured.gini is None or measured.jain is None or measured.theil is None:
        assert (bounds.gini, bounds.jain, bounds.theil) == (None, None, None)
        return
    assert bounds.gini is not None and bounds.jain is not None and bounds.theil is not None
    assert bounds.gini[0] <= measured.gini <= bounds.gini[1]
    assert bounds.jain[0] <= measured.jain <= bounds.jain[1]
    assert bounds.theil[0] <= measured.theil.value + measured.theil.error
    assert measured.theil.value - measured.theil.error <= bounds.theil[1]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=10), st.integers(1, 4), st.data())
def test_bounds_are_reached_by_amounts_at_the_ends(
    counts: list[int], bits: int, data: st.DataObject
) -> None:
    # Half of a bucket's amounts at one end and half at the other: nothing is more unequal.
    octave = data.draw(st.integers(bits + 2, 40))
    low, high = 2**octave, 2**octave + 2 ** (octave - bits) - 1
    half = sum(counts) + 1
    amounts = [low] * half + [high] * half
    bounds, measured = summary(amounts, bits).bounds(), measure(amounts)

    assert bounds.gini is not None and bounds.jain is not None and bounds.theil is not None
    assert measured.theil is not None
    assert (bounds.gini[0], bounds.gini[1]) == (0, measured.gini)
    assert (bounds.jain[0], bounds.jain[1]) == (measured.jain, 1)
    assert bounds.theil[1] == pytest.approx(measured.theil.value, rel=1e-6, abs=1e-13)


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.randoms(use_true_random=False), BITS)
def test_the_order_in_which_parts_are_merged_does_not_matter(
    parts: list[list[int]], rng: object, bits: int
) -> None:
    whole = summary([amount for part in parts for amount in part], bits)
    rng.shuffle(parts)  # type: ignore[attr-defined]
    merged = InequalitySketch(bits)
    for part in parts:
        merged.merge(summary(part, bits))

    assert merged == whole
    assert sketch_to_bytes(merged) == sketch_to_bytes(whole)
    assert merged.bounds() == whole.bounds()


@given(
    st.lists(
        st.integers(0, 2**64 - 1)
        | st.builds(lambda k, d: 2**k + d, st.integers(1, 63), st.integers(-1, 1)),
        max_size=60,
    ),
    BITS,
)
def test_columns_fall_into_the_buckets_of_single_amounts(amounts: list[int], bits: int) -> None:
    column = InequalitySketch(bits)
    column.add(np.array(amounts, np.uint64))

    assert column == summary(amounts, bits)


def test_amounts_below_the_resolution_are_told_apart() -> None:
    amounts = list(range(128))
    bounds, measured = summary(amounts).bounds(), measure(amounts)

    assert bounds.gini == (measured.gini, measured.gini)
    assert bounds.jain == (measured.jain, measured.jain)


@pytest.mark.parametrize(("kind", "seed"), [("log-normal", 1), ("pareto", 2)])
def test_a_million_payees_fit_24_kilobytes_with_narrow_bounds(kind: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    if kind == "log-normal":
        amounts = random.lognormal(12, 1.8, 10**6).astype(np.int64)
    else:
        amounts = np.minimum(1e4 * (random.pareto(0.86, 10**6) + 1), 1e13).astype(np.int64)
    sketch = InequalitySketch(6)
    sketch.add(amounts)
    bounds = sketch.bounds()

    assert len(sketch_to_bytes(sketch)) <= 24 * 1024
    assert bounds.gini is not None and bounds.theil is not None
    assert 0 < bounds.gini[1] - bounds.gini[0] < Fraction(25, 10**7)
    assert 0 < bounds.theil[1] - bounds.theil[0] < 2e-5
    measured = measure(amounts)
    assert measured.gini is not None and measured.theil is not None
    assert bounds.gini[0] <= measured.gini <= bounds.gini[1]
    assert bounds.theil[0] <= measured.theil.value <= bounds.theil[1]


def test_two_bits_more_are_sixteen_times_as_narrow() -> None:
    random = np.random.default_rng(3)
    amounts = random.lognormal(20, 1.5, 200_000).astype(np.int64)
    widths = []
    for bits in (4, 6, 8):
        sketch = InequalitySketch(bits)
        sketch.add(amounts)
        gini = sketch.bounds().gini
        assert gini is not None
        widths.append(float(gini[1] - gini[0]))

    assert math.log2(widths[0] / widths[1]) == pytest.approx(4, abs=0.1)
    assert math.log2(widths[1] / widths[2]) == pytest.approx(4, abs=0.1)


# --- bytes, and what is refused ----------------------------------------------------------------


@given(AMOUNTS, BITS)
def test_bytes_come_back_as_what_was_written(amounts: list[int], bits: int) -> None:
    sketch = summary(amounts, bits)

    assert sketch_from_bytes(sketch_to_bytes(sketch)) == sketch


@given(AMOUNTS, st.data())
def test_a_summary_that_was_cut_or_changed_is_refused_or_another(
    amounts: list[int], data: st.DataObject
) -> None:
    content = bytearray(sketch_to_bytes(summary(amounts)))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    try:
        found = sketch_from_bytes(bytes(content))
    except SketchBroken:
        return
    # What is still readable is the one way to write another summary, never this one.
    assert sketch_to_bytes(found) == bytes(content)
    assert found != summary(amounts)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no summary"),
        (b"ineq2\x06", "no summary"),
        (b"ineq1", "no summary"),
        (b"ineq1\x11", "claims 17 bits"),
        (b"ineq1\x06\x00", "ends within a bucket"),
        (b"ineq1\x06\x00\x01\x81", "ends within a number"),
        (b"ineq1\x06\x00\x01\x01", "cannot sum to 1"),
        (b"ineq1\x06\x00\x00\x00", "0 amounts"),
        (b"ineq1\x06\x80\x00\x01\x00", "longer than it need be"),
        (b"ineq1\x00\xff\xff\x7f\x01\x01", "beyond all amounts"),
        (b"ineq1\x06" + b"\xff" * 80, "has no end"),
    ],
)
def test_what_no_summary_writes_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(SketchBroken, match=says):
        sketch_from_bytes(content)


def test_summaries_of_other_widths_and_what_is_no_amount_are_refused() -> None:
    with pytest.raises(SketchesDiffer, match="6 bits, the other 8"):
        InequalitySketch(6).merge(InequalitySketch(8))
    with pytest.raises(ValueError, match="17 bits"):
        InequalitySketch(17)
    with pytest.raises(NegativeAmount):
        InequalitySketch().add(np.array([1, -1]))
    with pytest.raises(NotBaseUnits):
        InequalitySketch().add([1, 0.5])  # type: ignore[list-item]
    assert InequalitySketch() != 6
