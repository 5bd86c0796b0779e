"""Dear uses on their own way to the chain: judged like an epoch's, posted, and never paid twice."""

from __future__ import annotations

import dataclasses

import pytest

from chain.client.direct_reports import DirectReportState
from chain.ledger.identifiers import Digest, LicenceId
from chain.ledger.usage import UsageKind
from chain.provenance import Cid
from oracle.direct_operator import DEADLINE_SECONDS, DirectProposal
from oracle.direct_reporting import DirectDue
from oracle.errors import (
    DirectReportRefused,
    QuorumNotReached,
    SignatureForged,
)
from oracle.evidence_book import EvidenceBook
from oracle.operations.pausing import PauseLevel
from oracle.papers import get_evidence, put_evidence
from oracle.service import OracleService
from tests.devnet import COUNCIL, PLATFORM, RELAY
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, sha
from tests.oracle.direct_lane import (
    HOLDERS_DEPOSIT,
    an_operator,
    direct_service,
    dues,
    filed,
    lane_of,
    proposal_of,
    records,
    sorted_signatures,
)

__all__ = ["filed"]


def test_dear_uses_are_reported_released_and_paid(world: World, filed: OracleService) -> None:
    filed.report_directly()
    filed.resend()
    assert set(records(world).values()) == {DirectReportState.HELD}
    assert len(records(world)) == 2
    assert filed.report_directly().decided == ()

    world.devnet.pass_time(world.devnet.deployment.window_seconds + 5)
    released = filed.report_directly()
    filed.resend()

    assert {intent.partition(":")[0] for intent in released.decided} == {"direct-release"}
    assert set(records(world).values()) == {DirectReportState.RELEASED}
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    gross = [p.gross for p in world.view.store.payments(at=world.view.head())][-2:]
    assert all(gross)
    filed.report_directly()
    with world.outbox.reading() as connection:
        assert EvidenceBook(connection).open_logs() == []
    platform = world.devnet.address(PLATFORM)
    assert (
        world.devnet.direct_reports.deposit_of(platform, token, at=at)
        == HOLDERS_DEPOSIT - 2 * UNIT_PRICE
    )


def test_what_was_reported_is_in_no_epoch(world: World, filed: OracleService) -> None:
    world.fund()
    world.file_plays(5)
    filed.report_directly()
    filed.resend()

    row = filed.seal_epoch()

    assert row.report.event_count == 5
    filed.collect_signatures()


def test_cheap_uses_and_those_without_a_deposit_wait_for_the_epoch(
    world: World, filed: OracleService
) -> None:
    assert dues(world, direct_service(world, UNIT_PRICE + 1)) == []
    assert dues(world, world.service) == []
    assert len(dues(world, filed)) == 2
    platform, token = world.devnet.signers[PLATFORM], world.devnet.deployment.token
    world.devnet.direct_reports.take_back(token, HOLDERS_DEPOSIT - UNIT_PRICE, signer=platform)

    assert len(dues(world, filed)) == 1, "the deposit is good for one of the two"
    assert world.service.open_epoch_status().attributed_events == 2


def test_a_rejected_report_is_not_made_again_and_its_use_waits_for_an_epoch(
    world: World, filed: OracleService
) -> None:
    world.fund()
    filed.report_directly()
    filed.resend()
    world.view.refresh()
    for record in world.view.store.direct_reports(at=world.view.store.head()):
        world.devnet.direct_reports.reject(
            record.held, sha("why"), signer=world.devnet.signers[COUNCIL]
        )
    assert filed.report_directly().decided == ()

    world.devnet.pass_time(DEADLINE_SECONDS + 1)
    row = filed.seal_epoch()

    assert row.report.event_count == 2


def test_a_use_that_an_epoch_counted_is_rejected_by_proof(
    world: World, filed: OracleService
) -> None:
    """A quorum that broke the rule: signed for both lanes, behind its memory's back."""
    world.fund()
    due = dues(world, filed)[0]
    signatures = sorted_signatures(world, proposal_of(world, due).report)
    report = proposal_of(world, due).report
    world.service.seal_epoch()
    world.service.collect_signatures()
    world.devnet.direct_reports.post(
        report, due.licence.terms, signatures, signer=world.devnet.signers[RELAY]
    )
    world.service.post_epoch()

    thrown_out = filed.report_directly()
    filed.resend()

    name = due.event.event_id.hex()
    assert thrown_out.decided == (f"direct-reject:{name}",)
    assert records(world) == {due.event.event_id: DirectReportState.REJECTED}


def test_a_dear_use_needs_nothing_in_the_epoch_lane(world: World, filed: OracleService) -> None:
    assert len(filed.report_directly().decided) == 2
    assert world.service.status().credits == {}


def test_what_was_refused_once_is_not_due_again(world: World, filed: OracleService) -> None:
    assert len(dues(world, filed)) == 2
    alone = direct_service(world, operators=0)
    assert len(alone.report_directly().refused) == 2

    assert alone.report_directly().refused == ()
    assert dues(world, alone) == []


def test_what_could_not_be_reported_by_itself_is_counted_by_an_epoch(
    world: World, filed: OracleService
) -> None:
    world.fund()
    alone = direct_service(world, operators=0)
    refused = [reason for _, reason in alone.report_directly().refused]
    assert len(refused) == 2
    assert "0 of the 3 signatures needed" in refused[0]

    assert alone.seal_epoch().report.event_count == 2


def test_a_paused_oracle_reports_nothing_that_is_filed(world: World, filed: OracleService) -> None:
    filed.pauses.begin(PauseLevel.SUBMIT, "the gate is closed", now=1)
    assert filed.tick_filed().troubles == ["submit is paused: the gate is closed"]
    assert records(world) == {}

    filed.pauses.end(PauseLevel.SUBMIT)
    assert len(filed.tick_filed().done) == 2


def test_the_same_report_is_signed_again_the_same(world: World, filed: OracleService) -> None:
    proposal = proposal_of(world, dues(world, filed)[0])
    operator = an_operator(world)

    assert operator.attest(proposal) == operator.attest(proposal)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"program_hash": sha("other rules")}, "other rules"),
        ({"evidence": sha("other evidence")}, "other evidence"),
        ({"deadline": 1}, "deadline"),
        ({"deadline": 2**40 - 1}, "deadline"),
    ],
)
def test_an_operator_says_what_it_does_not_sign(
    world: World, filed: OracleService, changes: dict[str, object], reason: str
) -> None:
    proposal = proposal_of(world, dues(world, filed)[0])
    altered = dataclasses.replace(proposal.report, **changes)  # type: ignore[arg-type]

    with pytest.raises(DirectReportRefused, match=reason):
        an_operator(world).attest(DirectProposal(altered, proposal.evidence_cid))


def test_a_use_must_follow_from_its_evidence_in_every_field(
    world: World, filed: OracleService
) -> None:
    due = dues(world, filed)[0]
    for changes in (
        {"kind": UsageKind.DETECTION},
        {"licence_id": LicenceId(99)},
        {"occurred_at": due.event.occurred_at - 1},
    ):
        event = dataclasses.replace(due.event, **changes)
        with pytest.raises(DirectReportRefused, match="no signed evidence"):
            an_operator(world).attest(proposal_of(world, DirectDue(event, due.licence)))


def test_forged_evidence_is_refused(world: World, filed: OracleService) -> None:
    proposal = proposal_of(world, dues(world, filed)[0])
    evidence = get_evidence(world.blocks, proposal.evidence_cid)
    (log,) = evidence.logs
    forged = dataclasses.replace(
        log, signature=log.signature[:-1] + bytes([55 - log.signature[64]])
    )
    cid: Cid = put_evidence(world.blocks, dataclasses.replace(evidence, logs=(forged,)))
    report = dataclasses.replace(proposal.report, evidence=Digest(cid.digest))

    with pytest.raises(SignatureForged):
        an_operator(world).attest(DirectProposal(report, cid))


def test_too_few_operators_post_nothing(world: World, filed: OracleService) -> None:
    """While an epoch is signed and not posted, no operator signs a use by itself."""
    world.fund()
    world.file_plays(3)
    due = dues(world, filed)[0]
    world.service.seal_epoch()
    world.service.collect_signatures()

    with pytest.raises(QuorumNotReached) as refused:
        lane_of(filed).report(due, world.view.head())

    assert len(refused.value.refusals) == 5
    assert records(world) == {}
