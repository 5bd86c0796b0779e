"""One report of one period: plain, exact, and with a definition for every name in it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from chain.metrics.definitions import DEFINITIONS
from chain.metrics.errors import NegativeAmount
from chain.metrics.failure import failure_in_words, failure_rate
from chain.metrics.gains import compare
from chain.metrics.latency import Milestone
from chain.metrics.period import Lane
from chain.metrics.report import value_chain_report
from chain.metrics.report_json import plain_report
from chain.metrics.report_tables import report_tables
from chain.metrics.report_words import alternative, in_short
from tests.chain.metrics.period_records import EMPTY, RECORD, changed, payees, use

DOCUMENT = Path(__file__).parents[3] / "docs" / "METRICS.md"


def test_the_report_is_plain_json_with_exact_fractions() -> None:
    plain = json.loads(json.dumps(plain_report(value_chain_report(RECORD))))

    assert (plain["period"], plain["chain_id"]) == ("blocks 5 to 9", 1)
    assert plain["simulated"] == ["demand", "the passing of a day (time-warp)"]
    # Amounts 0 1 2 3: differences of pairs sum to 20, over 2 * 4 * 6.
    registered = plain["inequality"]["registered"]
    assert registered["gini"] == {"exact": "5/12", "value": 5 / 12}
    assert (registered["payees"], registered["paid_payees"], registered["total"]) == (4, 3, "6")
    assert plain["inequality"]["paid"]["gini"]["exact"] == "2/9"
    in_hand = plain["latency"]["in_hand_latency"]
    assert (in_hand["entered"], in_hand["arrived"]) == (4, 2)
    assert in_hand["median"]["seconds"] == in_hand["median"]["bound"]["seconds"] == 8
    assert (in_hand["p90"]["reach"], in_hand["p90"]["seconds"]) == ("not-reached", None)
    assert in_hand["median_by_value"] == {
        "reach": "reached",
        "seconds": 8,
        "interval": None,
        "method": None,
        "bound": {"reach": "reached", "seconds": 8},
    }
    assert in_hand["plateau"] == pytest.approx(0.5)
    assert plain["latency_by_lane"]["direct"]["in_hand_latency"]["p90"]["seconds"] == 8
    assert list(plain["latency"]["stage_latency"])[-1] == "paid"
    assert plain["traceability"]["funnel"]["payees"] == 1
    assert plain["value_traceability"]["exact"] == "5/6"
    assert plain["payout_traceability"]["exact"] == "3/4"
    assert plain["failure_rate"]["rate"] == {"exact": "1/4", "value": 0.25}
    low, high = plain["failure_rate"]["interval"]
    assert low < 0.25 < high
    assert (plain["dispute_rate"]["part"], plain["dispute_rate"]["whole"]) == (1, 8)
    assert plain["dispute_rate"]["cases"] == {"open": 1}


def test_money_that_came_unasked_is_told_from_what_was_asked_for_and_what_waits() -> None:
    found = value_chain_report(RECORD).fulfilment

    # Three of 3, 2 and 1 units could be had; the fourth is not claimable yet.
    assert list(found.units.values()) == [3, 2, 1, 0], "pushed, asked, refused, pending"
    assert (found.rate, found.rate_by_use) == (Fraction(1, 2), Fraction(1, 3))


def test_stage_sums_add_up_to_the_way() -> None:
    sums = {one.lane: one for one in value_chain_report(RECORD).stage_sums}

    assert dict(sums[Lane.EPOCH].stages) == dict.fromkeys(list(Milestone)[1:], 1)
    assert (sums[Lane.EPOCH].whole, sums[Lane.EPOCH].paid) == (6, 1)
    assert dict(sums[Lane.DIRECT].stages)[Milestone.PAID] == sums[Lane.DIRECT].whole == 8


def test_a_rule_is_told_by_who_gained_and_who_lost() -> None:
    gains = value_chain_report(RECORD).rule_change

    # By splits 0 1 2 3, under the rule 1 1 2 2: one unit moved from the last to the first.
    assert gains is not None
    assert (gains.gained, gains.lost, gains.unchanged) == (1, 1, 2)
    assert (gains.moved, gains.created, gains.moved_share) == (1, 0, Fraction(1, 6))
    assert gains.largest_loss == Fraction(1, 3)
    assert [change.difference for change in gains.changes] == [-1, 0, 0, 1]


def test_without_a_rule_nobody_gains_or_loses() -> None:
    assert value_chain_report(changed(RECORD, rules=())).rule_change is None


def test_a_comparison_of_nothing_has_no_share() -> None:
    nothing = compare({}, {})

    assert (nothing.changes, nothing.moved_share, nothing.largest_loss) == ((), None, None)
    assert compare({"a": 0}, {"a": 5}).created == 5


def test_a_period_in_which_nothing_happened_has_no_numbers() -> None:
    report = value_chain_report(EMPTY)
    plain = plain_report(report)

    assert plain["inequality"]["registered"]["gini"] is None
    assert plain["inequality"]["paid"]["theil"] is None
    assert plain["latency"]["available_latency"]["median"]["reach"] == "no-data"
    assert plain["latency"]["available_latency"]["plateau"] is None
    assert plain["traceability"]["traceability"]["rate"] is None
    assert (plain["value_traceability"], plain["failure_rate"]["interval"]) == (None, None)
    assert plain["decomposition"] == {"community": None, "tradition": None}
    assert plain["automatic_fulfilment"]["rate"] is None
    assert "NaN" not in json.dumps(plain)
    # Every part says so in a sentence, and every picture in words.
    for sentence in in_short(report).values():
        assert sentence.startswith(("No", "Nothing")), sentence
    assert alternative("stages", report).endswith("all of it at once.")


def test_a_single_payee_is_equal_to_itself() -> None:
    report = value_chain_report(changed(EMPTY, payees=payees(7)))

    assert (report.inequality.registered.gini, report.inequality.registered.jain) == (0, 1)
    assert report.by_community is not None
    assert report.by_community.theil.between_share is None
    assert "Everybody was paid the same" in in_short(report)["fairness"]


def test_payees_without_money_are_neither_equal_nor_unequal() -> None:
    report = value_chain_report(changed(EMPTY, payees=payees(0, 0, 0)))

    assert report.inequality.registered.gini is None
    assert in_short(report)["fairness"].startswith("None of 3 community payees was paid")


def test_the_order_of_a_record_changes_no_number() -> None:
    turned = changed(RECORD, payees=RECORD.payees[::-1], uses=RECORD.uses[::-1])

    assert plain_report(value_chain_report(turned)) == plain_report(value_chain_report(RECORD))
    tables = (report_tables(value_chain_report(record)) for record in (RECORD, turned))
    assert next(tables) == next(tables)


def test_periods_that_follow_one_another_add_up_and_overlapping_ones_do_not() -> None:
    uses = [use(i, 100 * i, 100 * i) for i in range(10)]

    def counted(after: int | None, until: int) -> int:
        period = changed(EMPTY.period, after=after, until=until)
        within = tuple(one for one in uses if period.holds_use(one.times[0]))
        return value_chain_report(changed(EMPTY, period=period, uses=within)).latency.uses

    assert counted(None, 400) + counted(400, 900) == counted(None, 900) == 10
    assert counted(None, 500) + counted(400, 900) == 11


def test_a_debt_stops_the_report() -> None:
    with pytest.raises(NegativeAmount):
        value_chain_report(changed(EMPTY, payees=payees(-1)))


def test_no_failure_is_told_by_the_rule_of_three() -> None:
    assert "up to 0.01 %" in failure_in_words(failure_rate(0, 29_956))
    assert "exact two-sided 95 % bound is 0.37 %" in failure_in_words(failure_rate(0, 1_000))
    assert "up to 100.00 %" in failure_in_words(failure_rate(0, 2))
    assert failure_in_words(failure_rate(38, 10_000)).startswith("38 of 10,000")
    assert "0.27 % to 0.52 %" in failure_in_words(failure_rate(38, 10_000))
    assert "no failure rate" in failure_in_words(failure_rate(0, 0))


def test_every_metric_is_defined_in_the_document_and_nothing_else_is() -> None:
    headings = re.findall(r"^### `(\w+)`$", DOCUMENT.read_text(), flags=re.MULTILINE)

    assert headings == [definition.name for definition in DEFINITIONS]


def test_every_defined_metric_but_the_curve_is_in_the_report() -> None:
    def keys(value: object) -> set[str]:
        if not isinstance(value, dict):
            return set()
        return set(value) | {key for item in value.values() for key in keys(item)}

    reported = keys(plain_report(value_chain_report(RECORD)))

    assert {definition.name for definition in DEFINITIONS} - reported == {"lorenz"}


def test_definitions_say_unit_formula_and_source() -> None:
    for definition in DEFINITIONS:
        assert definition.unit and definition.formula and definition.source
