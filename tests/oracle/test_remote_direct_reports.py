"""Single uses signed by an operator's process over HTTP: it judges as those of this process do, and
keeps to the same two rules across both kinds of report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from chain.client.direct_reports import DirectReportState
from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import Cid, Codec
from oracle.direct_operator import DEADLINE_SECONDS, DirectProposal
from oracle.errors import PaperMalformed
from oracle.operator import Proposal
from oracle.operators.remote import RemoteOperator
from oracle.operators.wire import (
    DIRECT_ATTESTATIONS,
    direct_proposal_from_json,
    direct_proposal_to_json,
    signature_to_json,
)
from oracle.service import OracleService
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, service_over, sha
from tests.oracle.direct_lane import (
    an_operator,
    deposit,
    dues,
    filed,
    proposal_of,
    records,
)
from tests.oracle.operator_processes import (
    RunningProcess,
    gateway,
    hangs,
    operator,
    says,
    serving,
)
from tests.oracle.test_operator_processes import ask

__all__ = ["filed", "gateway", "operator"]

TOKEN = "between us"


def service_of(world: World, here: Sequence[int], away: Sequence[RemoteOperator]) -> OracleService:
    """An oracle that reports dear uses, some of its operators being at addresses."""
    return service_over(
        world,
        [world.operators[index] for index in here],
        remote_operators=away,
        answer_seconds=120.0,
        direct_price_min=UNIT_PRICE,
    )


def ask_directly(process: RunningProcess, proposal: DirectProposal) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = direct_proposal_to_json(proposal)
    url = process.url + DIRECT_ATTESTATIONS
    return httpx.post(url, json=body, headers=headers, timeout=120.0)


def test_dear_uses_are_signed_by_an_operators_process_and_paid(
    world: World, operator: RunningProcess
) -> None:
    """Two operators here, one over HTTP: three must sign."""
    deposit(world)
    world.service.file_generation_log(world.log())
    service = service_of(world, [0, 2], [RemoteOperator(operator.url, token=TOKEN)])

    reported = service.report_directly()
    service.resend()
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 5)
    service.report_directly()
    service.resend()

    assert (len(reported.decided), reported.refused) == (2, ())
    assert list(records(world).values()) == [DirectReportState.RELEASED] * 2


def test_an_operators_process_signs_a_use_as_one_here_would_and_no_epoch_beside_it(
    world: World, filed: OracleService, operator: RunningProcess
) -> None:
    world.fund()
    world.file_plays(3)
    proposal = proposal_of(world, dues(world, filed)[0])
    row = world.service.seal_epoch()

    signed = ask_directly(operator, proposal)
    epoch = ask(operator, Proposal(row.report, row.evidence_cid))

    assert signed.status_code == 200
    assert signed.json() == signature_to_json(an_operator(world).attest(proposal))
    assert ask_directly(operator, proposal).json() == signed.json()
    assert (epoch.status_code, epoch.json()["code"]) == (409, "direct-report-under-way")


def test_who_signed_an_epoch_there_signs_no_use_under_its_licences_and_others_at_once(
    world: World, filed: OracleService, operator: RunningProcess
) -> None:
    """The epoch counts the log's uses; the copy that is found later is under one licence more."""
    world.fund()
    due = dues(world, filed)
    row = world.service.seal_epoch()
    assert ask(operator, Proposal(row.report, row.evidence_cid)).status_code == 200

    held_up = ask_directly(operator, proposal_of(world, due[0]))
    world.service.collect_signatures()
    world.service.post_epoch()
    counted = ask_directly(operator, proposal_of(world, due[0]))

    assert (held_up.status_code, held_up.json()["code"]) == (409, "epoch-under-way")
    assert (counted.status_code, counted.json()["code"]) == (409, "direct-report-refused")
    assert "already-counted" in counted.json()["detail"]


def test_an_operators_process_judges_each_field_and_admits_nobody_without_the_token(
    world: World, filed: OracleService, operator: RunningProcess
) -> None:
    proposal = proposal_of(world, dues(world, filed)[0])
    for changes, reason in (
        ({"program_hash": sha("other rules")}, "other rules"),
        ({"deadline": 1}, "deadline"),
        ({"event": dataclasses.replace(proposal.report.event, occurred_at=1)}, "no signed"),
    ):
        altered = dataclasses.replace(proposal.report, **changes)
        refusal = ask_directly(operator, DirectProposal(altered, proposal.evidence_cid))
        assert (refusal.status_code, refusal.json()["code"]) == (409, "direct-report-refused")
        assert reason in refusal.json()["detail"]
    url, bearer = operator.url + DIRECT_ATTESTATIONS, {"Authorization": f"Bearer {TOKEN}"}
    stranger = httpx.post(url, json=direct_proposal_to_json(proposal))
    nonsense = httpx.post(url, content=b"[[", headers=bearer)
    endless = httpx.post(url, content=b" " * 100_000, headers=bearer)

    assert [a.status_code for a in (stranger, nonsense, endless)] == [401, 422, 413]


def test_a_signature_that_may_have_been_given_keeps_its_use_out_of_epochs(
    world: World, filed: OracleService
) -> None:
    """An operator that does not answer may have signed: until the report's deadline."""
    world.fund()
    world.file_plays(3)
    with serving(hangs) as slow:
        service = service_of(world, [], [RemoteOperator(slow, answer_seconds=1.0)])
        service.panel.answer_seconds = 1.0
        assert len(service.report_directly().refused) == 2

    assert service.seal_epoch().report.event_count == 3
    service.panel.here = world.service.panel.here
    service.collect_signatures()
    service.post_epoch()
    world.devnet.pass_time(DEADLINE_SECONDS)
    assert service.seal_epoch().report.event_count == 2


def test_a_use_that_everybody_refused_is_the_next_epochs(
    world: World, filed: OracleService
) -> None:
    world.fund()
    world.file_plays(3)
    with serving(says(409, b'{"detail": "not here"}')) as refusing:
        service = service_of(world, [], [RemoteOperator(refusing)])
        told = [reason for _, reason in service.report_directly().refused]

    assert len(told) == 2
    assert f"{refusing}: " in told[0]
    assert "not here" in told[0]
    assert service.seal_epoch().report.event_count == 3 + 2


def some_proposal() -> DirectProposal:
    event = UsageEvent(
        UsageKind.DETECTION, LicenceId(7), GenerationId(2**64 - 1), sha("a copy"), 1_700_000_000
    )
    cid = Cid(1, Codec.DAG_CBOR, sha("evidence"))
    return DirectProposal(
        DirectReport(event, Digest(cid.digest), sha("rules"), 1_700_000_000 + DEADLINE_SECONDS), cid
    )


def test_a_proposal_is_read_back_as_it_was() -> None:
    proposal = some_proposal()

    assert direct_proposal_from_json(json.dumps(direct_proposal_to_json(proposal)).encode()) == (
        proposal
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "LISTEN"},
        {"licence": True},
        {"licence": -1},
        {"licence": 2**64},
        {"generation": "0x1" + "0" * 16},
        {"sourceKey": "0x12"},
        {"occurredAt": "1700000000"},
        {"programHash": None},
        {"deadline": 2**40},
    ],
    ids=str,
)
def test_a_proposal_that_cannot_be_is_no_proposal(changes: dict[str, Any]) -> None:
    wire = direct_proposal_to_json(some_proposal())
    wire["report"] |= changes

    with pytest.raises(PaperMalformed):
        direct_proposal_from_json(json.dumps(wire).encode())
    with pytest.raises(PaperMalformed):
        direct_proposal_from_json(json.dumps(wire["report"]).encode())


def test_evidence_of_another_digest_is_another_report() -> None:
    """What is signed names the evidence that is given: a proposal cannot say two things."""
    proposal = some_proposal()
    wire = direct_proposal_to_json(proposal)
    wire["evidence"] = str(Cid(1, Codec.DAG_CBOR, sha("other evidence")))

    read = direct_proposal_from_json(json.dumps(wire).encode())

    assert read.report == dataclasses.replace(proposal.report, evidence=sha("other evidence"))
