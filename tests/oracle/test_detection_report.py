"""Detection reports: their EIP-712 form against an independent encoder, ids, and every refusal."""

from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from chain.ledger.identifiers import GenerationId
from oracle.detection_report import (
    DetectionReport,
    SignedDetectionReport,
    detection_report_domain,
    sign_detection_report,
    verify_detection_report,
)
from oracle.errors import EvidenceMalformed, NotAnOperator, SignatureForged
from tests.oracle.evidence_fixtures import (
    CHAIN_ID,
    DAY,
    NOW,
    OPERATORS,
    ORACLE,
    STRANGER,
    a_report,
    digest,
)
from watermark.detection import Corroborated

DOMAIN = detection_report_domain(CHAIN_ID, ORACLE)
ACCOUNTS = [operator.address for operator in OPERATORS]


def test_a_wallet_and_the_oracle_sign_the_same_bytes() -> None:
    report = a_report()
    fields = [
        ("subjectPcmSha256", "bytes32"),
        ("generationId", "uint64"),
        ("zMilli", "uint32"),
        ("falsePositivePpb", "uint32"),
        ("corroboration", "uint8"),
        ("detectorDigest", "bytes32"),
        ("observedAt", "uint64"),
        ("manifestDigest", "bytes32"),
        ("operator", "address"),
    ]
    values = [
        report.subject_pcm_sha256,
        report.generation_id,
        report.z_milli,
        report.false_positive_ppb,
        1,  # the same recording
        report.detector_digest,
        report.observed_at,
        report.manifest_digest,
        report.operator,
    ]
    signable = encode_typed_data(
        domain_data={
            "name": "Antiphon Detection Report",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": ORACLE,
        },
        message_types={"DetectionReport": [{"name": n, "type": t} for n, t in fields]},
        message_data={name: value for (name, _), value in zip(fields, values, strict=True)},
    )

    signed = sign_detection_report(report, OPERATORS[0], DOMAIN)

    assert report.struct_hash == signable.body
    assert Account.recover_message(signable, signature=signed.signature) == report.operator


def test_an_operators_report_is_accepted() -> None:
    signed = sign_detection_report(a_report(), OPERATORS[0], DOMAIN)

    verify_detection_report(signed, DOMAIN, ACCOUNTS, now=NOW)


def test_a_report_altered_after_signing_is_forged() -> None:
    signed = sign_detection_report(a_report(), OPERATORS[0], DOMAIN)
    altered = dataclasses.replace(signed.report, z_milli=99_000)

    with pytest.raises(SignatureForged):
        verify_detection_report(
            SignedDetectionReport(altered, signed.signature), DOMAIN, ACCOUNTS, now=NOW
        )


def test_a_strangers_report_is_refused_however_well_signed() -> None:
    signed = sign_detection_report(a_report(STRANGER), STRANGER, DOMAIN)

    with pytest.raises(NotAnOperator) as refusal:
        verify_detection_report(signed, DOMAIN, ACCOUNTS, now=NOW)

    assert refusal.value.account == STRANGER.address


def test_a_report_from_the_future_is_refused() -> None:
    signed = sign_detection_report(a_report(observed_at=NOW + DAY), OPERATORS[0], DOMAIN)

    with pytest.raises(EvidenceMalformed) as refusal:
        verify_detection_report(signed, DOMAIN, ACCOUNTS, now=NOW)

    assert refusal.value.field == "observedAt"


def test_one_file_found_twice_on_one_day_is_one_finding() -> None:
    first = a_report(OPERATORS[0], observed_at=NOW)
    second = a_report(OPERATORS[1], observed_at=NOW + 60, detector_digest=digest("detector B"))

    assert first.report_id == second.report_id
    assert first.struct_hash != second.struct_hash


@pytest.mark.parametrize(
    "change",
    [
        {"subject_pcm_sha256": digest("another file")},
        {"generation_id": GenerationId(8)},
        {"observed_at": NOW + DAY},
    ],
)
def test_another_file_generation_or_day_is_another_finding(change: dict[str, object]) -> None:
    assert a_report(**change).report_id != a_report().report_id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"generation_id": GenerationId(0)}, "generationId"),
        ({"z_milli": -1}, "zMilli"),
        ({"z_milli": 2**32}, "zMilli"),
        ({"false_positive_ppb": 1_000_000_001}, "falsePositivePpb"),
        ({"subject_pcm_sha256": b""}, "subjectPcmSha256"),
        ({"detector_digest": b"x"}, "detectorDigest"),
        ({"manifest_digest": b"x"}, "manifestDigest"),
        ({"operator": "nobody"}, "operator"),
    ],
)
def test_a_field_out_of_bounds_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(EvidenceMalformed) as refusal:
        a_report(**change)

    assert refusal.value.field == field


def test_the_wire_form_reads_back_as_the_same_report() -> None:
    assert DetectionReport.from_json(a_report().to_json()) == a_report()


@pytest.mark.parametrize("field", list(a_report().to_json()))
def test_a_missing_or_odd_wire_field_is_named(field: str) -> None:
    wire = a_report().to_json()
    for damage in ({}, {field: None}, {field: "no"}):
        damaged = {k: v for k, v in wire.items() if k != field} | damage
        with pytest.raises(EvidenceMalformed) as refusal:
            DetectionReport.from_json(damaged)
        assert refusal.value.field == field


@pytest.mark.parametrize("outcome", list(Corroborated))
def test_every_outcome_of_the_comparison_is_signed_and_read_back(outcome: Corroborated) -> None:
    report = a_report(corroboration=outcome)

    assert DetectionReport.from_json(report.to_json()) == report
    others = {a_report(corroboration=o).struct_hash for o in Corroborated if o is not outcome}
    assert report.struct_hash not in others


@pytest.mark.parametrize("number", [3, -1, "same", None])
def test_an_unknown_outcome_of_the_comparison_is_refused(number: object) -> None:
    with pytest.raises(EvidenceMalformed) as refusal:
        DetectionReport.from_json(a_report().to_json() | {"corroboration": number})

    assert refusal.value.field == "corroboration"
