"""One report of one period: plain, exact, and with a definition for every name in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chain.ledger.identifiers import address_from_bytes
from chain.metrics.definitions import DEFINITIONS
from chain.metrics.errors import NegativeAmount
from chain.metrics.latency import Timeline
from chain.metrics.report import MetricInputs, value_chain_report
from chain.metrics.traceability import Step, TraceOutcome

TOKEN = address_from_bytes(b"\x77" * 20)
DOCUMENT = Path(__file__).parents[3] / "docs" / "METRICS.md"
INPUTS = MetricInputs(
    period="2027-02",
    token=TOKEN,
    paid_by_payee={address_from_bytes(bytes(19) + bytes([i])): i for i in range(4)},
    timelines=[Timeline(3, (0, 1, 2, 3, 4, 5, 6)), Timeline(1, (0, 1))],
    traces=[TraceOutcome(True, Step.PAYEES, True), TraceOutcome(False, None, None)],
    units_traced=6,
    units_paid=6,
    transactions_failed=1,
    transactions_submitted=4,
    simulated=("demand",),
)
EMPTY = MetricInputs("2027-03", TOKEN, {}, [], [], 0, 0, 0, 0)


def test_the_report_is_plain_json_with_exact_fractions() -> None:
    plain = json.loads(json.dumps(value_chain_report(INPUTS).to_plain()))

    assert (plain["period"], plain["token"], plain["simulated"]) == ("2027-02", TOKEN, ["demand"])
    # Amounts 0 1 2 3: differences of pairs sum to 20, over 2 * 4 * 6.
    registered = plain["inequality"]["registered"]
    assert registered["gini"] == {"exact": "5/12", "value": 5 / 12}
    assert (registered["payees"], registered["paid_payees"], registered["total"]) == (4, 3, "6")
    assert plain["inequality"]["paid"]["gini"]["exact"] == "2/9"
    assert plain["latency"]["in_hand_latency"]["median"] == {"reach": "reached", "seconds": 6}
    assert plain["latency"]["in_hand_latency"]["p90"] == {"reach": "not-reached", "seconds": None}
    assert plain["latency"]["in_hand_latency"]["median_by_value"]["seconds"] == 6
    assert list(plain["latency"]["stage_latency"])[-1] == "paid"
    assert plain["traceability"]["funnel"]["payees"] == 1
    assert plain["value_traceability"]["exact"] == "1"
    assert plain["failure_rate"]["rate"] == {"exact": "1/4", "value": 0.25}
    low, high = plain["failure_rate"]["interval"]
    assert low < 0.25 < high


def test_a_period_in_which_nothing_happened_has_no_numbers() -> None:
    plain = value_chain_report(EMPTY).to_plain()

    assert plain["inequality"]["registered"]["gini"] is None
    assert plain["inequality"]["paid"]["theil"] is None
    assert plain["latency"]["available_latency"]["median"]["reach"] == "no-data"
    assert plain["traceability"]["traceability"]["rate"] is None
    assert (plain["value_traceability"], plain["failure_rate"]["interval"]) == (None, None)


def test_a_debt_stops_the_report() -> None:
    with pytest.raises(NegativeAmount):
        value_chain_report(
            MetricInputs("2027-03", TOKEN, {TOKEN: -1}, [], [], 0, 0, 0, 0),
        )


def test_every_metric_is_defined_in_the_document_and_nothing_else_is() -> None:
    headings = re.findall(r"^### `(\w+)`$", DOCUMENT.read_text(), flags=re.MULTILINE)

    assert headings == [definition.name for definition in DEFINITIONS]


def test_every_defined_metric_but_the_curve_is_in_the_report() -> None:
    def keys(value: object) -> set[str]:
        if not isinstance(value, dict):
            return set()
        return set(value) | {key for item in value.values() for key in keys(item)}

    reported = keys(value_chain_report(INPUTS).to_plain())

    assert {definition.name for definition in DEFINITIONS} - reported == {"lorenz"}


def test_definitions_say_unit_formula_and_source() -> None:
    for definition in DEFINITIONS:
        assert definition.unit and definition.formula and definition.source
