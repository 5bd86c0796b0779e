"""The pictures are repeatable SVG without fonts, dates or scripts, whatever they are given."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import pytest

from chain.metrics.errors import NegativeAmount
from chain.metrics.latency import Milestone, Timeline
from chain.metrics.latency.report import waits
from chain.metrics.plots import (
    PICTURES,
    decomposition_svg,
    draw,
    funnel_svg,
    lorenz_svg,
    settlement_svg,
    stages_svg,
)
from chain.metrics.report import value_chain_report
from chain.metrics.traceability import Step, TraceOutcome, traceability
from tests.chain.metrics.period_records import EMPTY, RECORD, changed, payees

AMOUNTS = [0, 0, 5, 7, 19, 400]
USES = [Timeline(i + 1, (0, 1, 2, 3, 4, 5, 60 * i)) for i in range(1, 50)] + [Timeline(9, (0, 1))]
AS_OF = 10**11


def settled(**ways: list[Timeline]) -> str:
    """The picture of these ways, and of all of them by value."""
    given = (Milestone.USED, Milestone.PAID, AS_OF)
    every = [use for uses in ways.values() for use in uses]
    curves = {name: waits(uses, *given) for name, uses in ways.items()}
    return settlement_svg(curves, waits(every, *given, by_value=True), skewed=len(every) // 3)


WRONG = TraceOutcome(True, Step.PAYEES, False)
ODD: list[Callable[[], str]] = [
    lambda: lorenz_svg([7, 7]),
    lambda: lorenz_svg([0, 0], change={"before": [0, 0], "after": [0, 0]}),
    lambda: lorenz_svg(list(range(3_000)), change={"before": AMOUNTS, "after": [1] * 6}),
    lambda: settled(),
    lambda: settled(one=[], other=[Timeline(1, (0,))]),
    lambda: settled(no_time_at_all=[Timeline(0, (0, 0, 0, 0, 0, 0, 0))]),
    lambda: settled(some=USES),
    lambda: settled(slow=[Timeline(1, (0, 1, 2, 3, 4, 5, 10**10))]),
    lambda: funnel_svg(traceability([WRONG])),
    lambda: funnel_svg(traceability([TraceOutcome(False, None, None)])),
    lambda: decomposition_svg({"community": None}),
    lambda: stages_svg([]),
]
OF_REPORTS: list[Callable[[], str]] = [
    lambda name=name, record=record: draw(name, value_chain_report(record))  # type: ignore[misc]
    for name in PICTURES
    for record in (RECORD, EMPTY, changed(EMPTY, payees=payees(5, 5, 5)))
]


@pytest.mark.parametrize("make", ODD + OF_REPORTS)
def test_a_picture_is_the_same_bytes_each_time(make: Callable[[], str]) -> None:
    first = make()

    assert first == make()
    assert ElementTree.fromstring(first).tag.endswith("svg")  # noqa: S314 -- our own text
    assert "<text" not in first, "letters are paths"
    assert "<dc:date>" not in first and "<script" not in first


def test_a_dark_screen_turns_the_colours_and_paper_keeps_them() -> None:
    picture = lorenz_svg(AMOUNTS)

    assert "@media screen and (prefers-color-scheme:dark)" in picture
    assert 'style="fill: #ffffff"' in picture
    assert '[style*="fill: #ffffff"]{fill:#15191d!important}' in picture


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_simulated_is_said_in_every_picture(name: str) -> None:
    simulated = draw(name, value_chain_report(RECORD))
    real = draw(name, value_chain_report(changed(RECORD, simulated=())))

    assert "SIMULATED: demand" in simulated
    assert "SIMULATED" not in real


def test_a_long_label_is_wrapped_between_words() -> None:
    picture = lorenz_svg(AMOUNTS, "SIMULATED: " + "the passing of a day (time-warp), " * 6)

    lines = [part.split("-->")[0] for part in picture.split("<!-- ")[1:]]
    label = [line for line in lines if "passing" in line]
    assert len(label) > 1
    assert all(line.count("(") == line.count("time-warp") for line in label), "no word is broken"


def test_a_long_list_makes_no_long_picture() -> None:
    uses = [Timeline(1, (0, 0, 0, 0, 0, 0, seconds)) for seconds in range(1, 6_000)]

    assert len(lorenz_svg(list(range(100_000)))) < 200_000
    assert len(settled(all=uses)) < 400_000


def test_debts_are_not_drawn() -> None:
    with pytest.raises(NegativeAmount):
        lorenz_svg([1, -1])
