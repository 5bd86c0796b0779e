"""The pictures are repeatable SVG without fonts, dates or scripts, whatever they are given."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import pytest

from chain.metrics.errors import NegativeAmount
from chain.metrics.latency import Timeline
from chain.metrics.plots import lorenz_svg, settlement_svg

AMOUNTS = [0, 0, 5, 7, 19, 400]
USES = [Timeline(i + 1, (0, 1, 2, 3, 4, 5, 60 * i)) for i in range(1, 50)] + [Timeline(9, (0, 1))]
PICTURES: list[Callable[[], str]] = [
    lambda: lorenz_svg(AMOUNTS, "SIMULATED: demand"),
    lambda: lorenz_svg([7, 7]),
    lambda: lorenz_svg([0, 0]),
    lambda: lorenz_svg([]),
    lambda: lorenz_svg(list(range(3_000))),
    lambda: settlement_svg(USES, "SIMULATED: clock"),
    lambda: settlement_svg([]),
    lambda: settlement_svg([Timeline(1, (0,))]),
    lambda: settlement_svg([Timeline(0, (0, 0, 0, 0, 0, 0, 0))]),
    lambda: settlement_svg([Timeline(1, (5, 4, 4, 4, 4, 4, 4))]),
    lambda: settlement_svg([Timeline(1, (0, 1, 2, 3, 4, 5, 10**10))]),
]


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_is_the_same_bytes_each_time(draw: Callable[[], str]) -> None:
    first = draw()

    assert first == draw()
    assert ElementTree.fromstring(first).tag.endswith("svg")  # noqa: S314 -- our own text
    assert "<text" not in first, "letters are paths"
    assert "<dc:date>" not in first and "<script" not in first


def test_what_is_simulated_changes_the_picture() -> None:
    assert lorenz_svg(AMOUNTS) != lorenz_svg(AMOUNTS, "SIMULATED: demand")
    assert "SIMULATED: demand" in lorenz_svg(AMOUNTS, "SIMULATED: demand")
    assert "SIMULATED" not in lorenz_svg(AMOUNTS)


def test_a_long_label_is_wrapped_not_cut() -> None:
    long_label = "SIMULATED: " + "the listeners and their hours, " * 5

    assert lorenz_svg(AMOUNTS, long_label).count("<!-- ") > lorenz_svg(AMOUNTS, "S").count("<!-- ")


def test_a_long_list_makes_no_long_picture() -> None:
    uses = [Timeline(1, (0, 0, 0, 0, 0, 0, seconds)) for seconds in range(1, 6_000)]

    assert len(lorenz_svg(list(range(100_000)))) < 200_000
    assert len(settlement_svg(uses)) < 400_000


def test_debts_are_not_drawn() -> None:
    with pytest.raises(NegativeAmount):
        lorenz_svg([1, -1])
