"""The report hashes as eth_account's EIP-712 encoder says in tests/vectors/epoch_report.json."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from chain.ledger.epoch import (
    EPOCH_REPORT_TYPE,
    EpochReport,
    LicenceUsage,
    Withheld,
    licence_usage_hash,
    report_domain,
    withheld_hash,
)
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import EpochNumber, LicenceId, WorkId, address, digest_from_hex

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "epoch_report.json").read_text())
EPOCHS: list[dict[str, Any]] = VECTOR["epochs"]


def report_of(fields: dict[str, Any]) -> EpochReport:
    return EpochReport(
        epoch=EpochNumber(fields["epoch"]),
        previous_report=digest_from_hex(fields["previousReport"]),
        token=address(fields["token"]),
        usage_root=digest_from_hex(fields["usageRoot"]),
        event_count=fields["eventCount"],
        segments_digest=digest_from_hex(fields["segmentsDigest"]),
        sum_root=digest_from_hex(fields["sumRoot"]),
        leaf_root=digest_from_hex(fields["leafRoot"]),
        leaf_count=fields["leafCount"],
        cumulative_total=int(fields["cumulativeTotal"]),
        state_block=fields["stateBlock"],
        state_time=fields["stateTime"],
        licence_usage_hash=digest_from_hex(fields["licenceUsageHash"]),
        withheld_hash=digest_from_hex(fields["withheldHash"]),
        program_hash=digest_from_hex(fields["programHash"]),
    )


REPORT = report_of(EPOCHS[0]["report"])


def test_the_type_string_is_the_agreed_one() -> None:
    assert VECTOR["typeString"] == EPOCH_REPORT_TYPE


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda e: str(e["report"]["epoch"]))
def test_struct_hash_and_digest_are_those_of_the_vector(epoch: dict[str, Any]) -> None:
    report = report_of(epoch["report"])
    domain = VECTOR["domain"]

    assert epoch["reportHash"] == "0x" + report.struct_hash().hex()
    oracle = address(domain["verifyingContract"])
    assert epoch["digest"] == "0x" + report.digest(domain["chainId"], oracle).hex()
    assert (domain["name"], domain["version"]) == (
        report_domain(1, oracle).name,
        report_domain(1, oracle).version,
    )


def test_reports_are_chained_by_struct_hash() -> None:
    first, second = (report_of(epoch["report"]) for epoch in EPOCHS[:2])

    assert first.struct_hash() == second.previous_report


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda e: str(e["report"]["epoch"]))
def test_licence_usage_hashes_as_the_vector_says(epoch: dict[str, Any]) -> None:
    usage = [
        LicenceUsage(LicenceId(line["licenceId"]), line["units"], int(line["revenue"]))
        for line in epoch["licenceUsage"]
    ]

    assert epoch["report"]["licenceUsageHash"] == "0x" + licence_usage_hash(usage).hex()


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda e: str(e["report"]["epoch"]))
def test_what_is_withheld_hashes_as_the_vector_says(epoch: dict[str, Any]) -> None:
    withheld = [
        Withheld(WorkId(part["workId"]), address(part["payee"]), int(part["amount"]))
        for part in epoch["withheld"]
    ]

    assert epoch["report"]["withheldHash"] == "0x" + withheld_hash(withheld).hex()


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(EpochReport)])
def test_every_field_is_part_of_what_is_signed(field: str) -> None:
    value = getattr(REPORT, field)
    if field == "token":
        other: object = address("0x" + "ab" * 20)
    else:
        other = value + 1 if isinstance(value, int) else bytes(31) + b"\x01"

    assert REPORT.struct_hash() != dataclasses.replace(REPORT, **{field: other}).struct_hash()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", 2**64),
        ("event_count", -1),
        ("leaf_count", 2**32),
        ("cumulative_total", 2**256),
        ("state_block", 2**64),
        ("state_time", 2**64),
        ("usage_root", b""),
    ],
)
def test_a_report_wider_than_the_contracts_is_refused(field: str, value: object) -> None:
    with pytest.raises(Malformed):
        dataclasses.replace(REPORT, **{field: value})


def test_licence_usage_wider_than_the_contracts_is_refused() -> None:
    for fields in ((2**64, 1, 1), (1, 2**64, 1), (1, 1, 2**128)):
        with pytest.raises(Malformed):
            LicenceUsage(LicenceId(fields[0]), *fields[1:])


def test_a_withheld_share_wider_than_the_contracts_is_refused() -> None:
    for work, amount in ((2**64, 1), (1, 2**256), (-1, 1)):
        with pytest.raises(Malformed):
            Withheld(WorkId(work), REPORT.token, amount)
