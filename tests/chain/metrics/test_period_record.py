"""The record of a period: the same report from its file, and refusals of what cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chain.metrics.errors import CountsContradict, PeriodContradicts, PeriodUnreadable
from chain.metrics.period import Disputes, Handover, Payouts, PeriodRecord, Traced
from chain.metrics.report import value_chain_report
from chain.metrics.report_json import plain_report
from tests.chain.metrics.period_records import EMPTY, RECORD, block, changed, payees, use


def test_a_record_survives_its_file() -> None:
    again = PeriodRecord.from_json(RECORD.to_json())

    assert again == RECORD
    assert again.to_json() == RECORD.to_json()
    assert plain_report(value_chain_report(again)) == plain_report(value_chain_report(RECORD))


def test_money_is_text_and_may_be_as_large_as_a_token_can_hold() -> None:
    large = 2**256 - 1
    record = changed(EMPTY, payees=payees(large), payouts=Payouts(1, 1, large, large))

    plain = json.loads(record.to_json())

    assert plain["payees"][0]["paid"] == plain["payouts"]["units"] == str(large)
    assert PeriodRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"payees": payees(1, 2) + payees(3)}, "is there twice"),
        ({"uses": (use(1, 0, 1), use(1, 0, 1))}, "use 1 is there twice"),
        ({"uses": (use(1, 2_000_000),)}, "outside the period"),
        ({"uses": (use(1),)}, "outside the period"),
        ({"uses": (use(1, 0, how=Handover.PUSHED),)}, "is pushed and has 1 times"),
        ({"uses": (use(1, *range(7)),)}, "is pending and has 7 times"),
        ({"period": changed(EMPTY.period, as_of=block(8))}, "followed up to block 8"),
        ({"period": changed(EMPTY.period, first_block=11)}, "blocks 11 to 9"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PeriodContradicts, match=complaint):
        changed(EMPTY, **fields).__post_init__()


@pytest.mark.parametrize(
    "fields",
    [
        {"payouts": Payouts(1, 2, 1, 1)},
        {"payouts": Payouts(1, 1, 1, 2)},
        {"disputes": Disputes(1, 2, {}, 0, 0)},
        {"disputes": Disputes(1, 1, {}, 0, 1)},
    ],
)
def test_a_part_is_not_more_than_its_whole(fields: dict[str, Any]) -> None:
    with pytest.raises(CountsContradict):
        changed(EMPTY, **fields).__post_init__()


def test_a_step_that_there_is_not_is_refused() -> None:
    record = changed(EMPTY, exam=(Traced(True, "GUESS", True),))

    with pytest.raises(PeriodContradicts, match="GUESS"):
        value_chain_report(record)


def spoilt(**fields: Any) -> bytes:
    return json.dumps({**json.loads(RECORD.to_json()), **fields}).encode()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"", "no record of a period"),
        (b"[]", "not of type antiphon.period/1"),
        (RECORD.to_json()[:-9], "no record of a period"),
        (spoilt(type="antiphon.period/2"), "not of type"),
        (spoilt(chain_id="one"), "chain_id"),
        (spoilt(surplus=1), "surplus"),
        (spoilt(uses=[["use 1", "by post", "1", "pending", [0]]]), "by post"),
        (spoilt(payees=[{"payee": "0x01"}]), "community"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(document: bytes, complaint: str) -> None:
    with pytest.raises(PeriodUnreadable, match=complaint) as refused:
        PeriodRecord.from_json(document)

    assert "Next: export it again" in str(refused.value)


def test_a_contradiction_in_a_file_is_refused_as_such() -> None:
    doubled = spoilt(uses=[["use 1", "epoch", "1", "pending", [0]]] * 2)

    with pytest.raises(PeriodContradicts, match="twice"):
        PeriodRecord.from_json(doubled)
