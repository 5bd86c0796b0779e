"""The quorum: who counts, in which order, and what is said when too few sign."""

from __future__ import annotations

import dataclasses

import pytest

from chain.client.signer import LocalSigner
from chain.ledger.epoch import EpochReport, report_domain
from chain.ledger.identifiers import ZERO_DIGEST, EpochNumber
from oracle.epoch_book import StoredSignature
from oracle.errors import (
    NotAnOperator,
    OperatorDisagrees,
    QuorumNotReached,
    SignatureForged,
    SignatureMalformed,
)
from oracle.quorum import Quorum, quorum_of
from tests.oracle.evidence_fixtures import CHAIN_ID, OPERATORS, ORACLE, STRANGER, digest

DOMAIN = report_domain(CHAIN_ID, ORACLE)
ACCOUNTS = [operator.address for operator in OPERATORS]
REPORT = EpochReport(
    epoch=EpochNumber(1),
    previous_report=ZERO_DIGEST,
    token=ORACLE,
    usage_root=digest("usage"),
    event_count=3,
    segments_digest=digest("segments"),
    sum_root=digest("sum"),
    leaf_root=digest("leaf"),
    leaf_count=2,
    cumulative_total=30,
    state_block=12,
    state_time=1_700_000_000,
    licence_usage_hash=digest("licences"),
    withheld_hash=digest("withheld"),
    program_hash=digest("program"),
)


def signed_by(signer: LocalSigner, report: EpochReport = REPORT) -> StoredSignature:
    signature = signer.sign_digest(DOMAIN.digest(report.struct_hash()), chain_id=CHAIN_ID)
    return StoredSignature(signer.address, report.struct_hash(), signature)


def empty() -> Quorum:
    return Quorum(REPORT, DOMAIN, ACCOUNTS, 3)


def test_three_of_five_are_enough_and_come_out_ascending_by_signer() -> None:
    signed = {s.address: signed_by(s) for s in OPERATORS}

    quorum = quorum_of(REPORT, signed.values(), DOMAIN, ACCOUNTS, 3)

    ascending = sorted(ACCOUNTS, key=lambda account: int(account, 16))
    assert list(quorum.signers) == ascending
    assert list(quorum.signatures()) == [signed[a].signature for a in ascending[:3]]


def test_one_operator_three_times_is_one_signature() -> None:
    quorum = empty()
    for _ in range(3):
        quorum.add(signed_by(OPERATORS[0]))
    quorum.note_refusal(OPERATORS[1].address, "computed another root")

    with pytest.raises(QuorumNotReached, match="computed another root") as refusal:
        quorum.signatures()

    assert (refusal.value.signed, refusal.value.threshold) == (1, 3)


def test_a_stranger_does_not_count() -> None:
    with pytest.raises(NotAnOperator) as refusal:
        empty().add(signed_by(STRANGER))

    assert refusal.value.account == STRANGER.address


def test_a_signature_passed_off_as_another_operators_is_forged() -> None:
    borrowed = dataclasses.replace(signed_by(OPERATORS[0]), operator=OPERATORS[1].address)

    with pytest.raises(SignatureForged) as refusal:
        empty().add(borrowed)

    assert refusal.value.claimed == OPERATORS[1].address


def test_a_signature_of_another_report_is_told_apart() -> None:
    other = dataclasses.replace(REPORT, cumulative_total=31)

    with pytest.raises(OperatorDisagrees) as refusal:
        empty().add(signed_by(OPERATORS[0], other))

    assert refusal.value.operator == OPERATORS[0].address


def test_bytes_that_are_no_signature_are_refused() -> None:
    broken = dataclasses.replace(signed_by(OPERATORS[0]), signature=b"\0" * 64)

    with pytest.raises(SignatureMalformed):
        empty().add(broken)
