"""The floor that pays for itself: against a search, at its ends, and refused where none follows."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import NoFloorFollows
from chain.metrics.optimal_floor import optimal_floor

# CV^2 of 0.587: a pool as the paper's arm without settlement.
JAIN = 1 / Fraction(1_587, 1_000)


@pytest.mark.parametrize(
    ("elasticity", "floor"), [(0.05, 0.71), (0.15, 0.51), (0.3, 0.33), (0.5, 0.17), (0.8, 0.01)]
)
def test_the_table_of_the_page(elasticity: float, floor: float) -> None:
    assert round(optimal_floor(JAIN, aversion=1, elasticity=elasticity), 2) == floor


@given(st.fractions(Fraction(1, 2), 1), st.floats(0.1, 3), st.floats(0.01, 3))
def test_no_other_floor_does_better(jain: Fraction, aversion: float, elasticity: float) -> None:
    loss = aversion * float(1 / jain - 1) / 2

    def welfare(floor: float) -> float:
        return float((1 - floor) ** elasticity * (1 - loss * (1 - floor) ** 2))

    found = optimal_floor(jain, aversion=aversion, elasticity=elasticity)

    assert 0 <= found < 1
    best = max(welfare(step / 1_000) for step in range(1_000))
    assert welfare(found) >= best - 1e-12


def test_who_earns_the_same_needs_no_floor() -> None:
    assert optimal_floor(Fraction(1), aversion=3, elasticity=0.01) == 0


@pytest.mark.parametrize(
    ("jain", "aversion", "elasticity", "name"),
    [
        (Fraction(0), 1, 1, "jain"),
        (Fraction(2), 1, 1, "jain"),
        (JAIN, 0, 1, "aversion"),
        (JAIN, nan, 1, "aversion"),
        (JAIN, 1, -1, "elasticity"),
        (JAIN, 1, inf, "elasticity"),
    ],
)
def test_what_no_floor_follows_from_is_refused(
    jain: Fraction, aversion: float, elasticity: float, name: str
) -> None:
    with pytest.raises(NoFloorFollows, match=name):
        optimal_floor(jain, aversion=aversion, elasticity=elasticity)
