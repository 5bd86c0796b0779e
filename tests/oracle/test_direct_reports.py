"""Dear uses on their own way to the chain: judged like an epoch's, posted, and never paid twice."""

from __future__ import annotations

import dataclasses

import pytest

from chain.client.direct_reports import DirectReportState
from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Digest, LicenceId
from chain.ledger.usage import UsageKind
from chain.provenance import Cid
from chain.settlement.settle import PROGRAM_HASH
from oracle.attribution import DetectionPolicy
from oracle.chain_facts import tree_of
from oracle.direct_operator import DEADLINE_SECONDS, DirectOperator, DirectProposal
from oracle.direct_reporting import DirectDue, DirectReporting
from oracle.epoch_book import EpochState, StoredSignature
from oracle.errors import (
    DirectReportRefused,
    DirectReportUnderWay,
    EpochUnderWay,
    NothingToSeal,
    QuorumNotReached,
    SignatureForged,
)
from oracle.evidence_book import EvidenceBook
from oracle.operations.pausing import PauseLevel
from oracle.operator import Operator, Proposal
from oracle.operators.memory import OutboxMemory
from oracle.papers import Evidence, get_evidence, put_evidence
from oracle.service import OracleService
from tests.devnet import COUNCIL, OPERATORS, PLATFORM, RELAY
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, service_over, sha
from tests.own_work import own_work

HOLDERS_DEPOSIT = 20 * UNIT_PRICE


def deposit(world: World, amount: int = HOLDERS_DEPOSIT) -> None:
    platform, contract = world.devnet.signers[PLATFORM], world.devnet.direct_reports
    token = world.devnet.deployment.token
    world.devnet.token.approve(contract.address, amount, signer=platform)
    contract.deposit(platform.address, token, amount, signer=platform)


def direct_service(
    world: World, price_min: int = UNIT_PRICE, operators: int = OPERATORS
) -> OracleService:
    """The world's service, which reports uses of this price by themselves."""
    return service_over(world, world.operators[:operators], direct_price_min=price_min)


def lane_of(service: OracleService) -> DirectReporting:
    return service._direct


def an_operator(world: World, index: int = 1) -> DirectOperator:
    memory = OutboxMemory(world.outbox)
    return DirectOperator(
        world.operators[index], world.view, world.blocks, memory, DetectionPolicy()
    )


def an_epoch_operator(world: World, index: int = 1) -> Operator:
    memory = OutboxMemory(world.outbox)
    return Operator(world.operators[index], world.view, world.blocks, memory, DetectionPolicy())


def dues(world: World, service: OracleService) -> list[DirectDue]:
    return list(lane_of(service).due(world.view.head()))


def proposal_of(world: World, due: DirectDue) -> DirectProposal:
    with world.outbox.reading() as connection:
        logs = tuple(EvidenceBook(connection).logs_of([due.event.generation_id]).values())
    cid = put_evidence(world.blocks, Evidence((), logs, ()))
    deadline = world.view.head().timestamp + DEADLINE_SECONDS
    report = DirectReport(due.event, Digest(cid.digest), PROGRAM_HASH, deadline)
    return DirectProposal(report, cid)


@pytest.fixture
def filed(world: World) -> OracleService:
    """A log is filed and the platform has a deposit; two events are due, one per parent."""
    deposit(world)
    world.service.file_generation_log(world.log())
    return direct_service(world)


def records(world: World) -> dict[Digest, DirectReportState]:
    world.view.refresh()
    at = world.view.store.head()
    return {r.event_id: r.state for r in world.view.store.direct_reports(at=at)}


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


def sorted_signatures(world: World, report: DirectReport) -> list[bytes]:
    digest = report.digest(31337, world.devnet.direct_reports.address)
    signers = sorted(world.operators, key=lambda signer: signer.address.lower())[:3]
    return [signer.sign_digest(digest, chain_id=31337) for signer in signers]


def test_who_signed_a_report_signs_no_epoch_without_it(world: World, filed: OracleService) -> None:
    world.fund()
    world.file_plays(3)
    operator, due = an_operator(world), dues(world, filed)[0]
    # Sealed by somebody who does not report uses by themselves, and so knows of none.
    row = world.service.seal_epoch()
    operator.attest(proposal_of(world, due))
    proposal = Proposal(row.report, row.evidence_cid)

    with pytest.raises(DirectReportUnderWay) as refused:
        an_epoch_operator(world).attest(proposal)
    assert refused.value.events == 1
    an_epoch_operator(world, 2).attest(proposal)


def test_an_epoch_under_other_licences_is_signed_beside_it(
    world: World, filed: OracleService
) -> None:
    """The report is on its way: signed and sent, and in no block yet."""
    world.fund()
    world.file_plays(3)
    world.devnet.rpc("evm_setAutomine", False)
    assert len(filed.report_directly().decided) == 2

    row = filed.seal_epoch()
    filed.collect_signatures()

    world.devnet.mine()
    world.devnet.rpc("evm_setAutomine", True)
    assert row.report.event_count == 3
    assert filed.post_epoch().state is EpochState.FINAL
    assert len(records(world)) == 2


def test_while_a_report_is_on_its_way_other_uses_under_its_licence_wait(
    world: World, filed: OracleService
) -> None:
    """A deposit for one of four uses: the others are no epoch's before the first is in a block, for
    whoever signed it would not sign an epoch with its licence."""
    world.fund()
    world.file_plays(3)
    platform, token = world.devnet.signers[PLATFORM], world.devnet.deployment.token
    world.devnet.direct_reports.take_back(token, HOLDERS_DEPOSIT - UNIT_PRICE, signer=platform)
    world.service.file_detection(world.found())
    world.devnet.rpc("evm_setAutomine", False)
    assert len(filed.report_directly().decided) == 1

    assert filed.seal_epoch().report.event_count == 3
    filed.collect_signatures()
    world.devnet.mine()
    world.devnet.rpc("evm_setAutomine", True)
    filed.post_epoch()

    assert filed.seal_epoch().report.event_count == 4 - 1


def test_a_dear_use_filed_after_the_look_is_reported_by_itself_all_the_same(
    world: World, filed: OracleService
) -> None:
    world.fund()
    world.file_plays(3)
    filed.report_directly()
    filed.resend()
    world.service.file_detection(world.found())

    row = filed.seal_epoch()
    filed.tick_filed()
    filed.collect_signatures()
    filed.post_epoch()

    assert row.report.event_count == 3
    assert len(records(world)) == 4


def test_an_epoch_above_the_ceiling_holds_up_no_dear_use_under_other_licences(
    world: World, filed: OracleService
) -> None:
    """Signed, and the council has not cosigned it yet; the dear uses are of other licences, and
    are paid."""
    world.fund(3 * UNIT_PRICE)
    world.file_plays(3)
    filed.report_directly()
    filed.resend()
    row = filed.seal_epoch()
    filed.collect_signatures()
    assert "[AboveCeiling]" in filed.tick().troubles[-1]
    world.service.file_detection(world.found())

    filed.tick_filed()
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 5)
    filed.tick()

    assert list(records(world).values()) == [DirectReportState.RELEASED] * 4
    council = world.devnet.signers[COUNCIL]
    report = row.report
    agreed = (report.token, report.epoch, report.sum_root, report.cumulative_total)
    world.devnet.distributor.cosign(*agreed, signer=council)
    assert filed.post_epoch().report.event_count == 3
    assert filed.status().events == {"counted": 3}


def test_a_dear_use_needs_nothing_in_the_epoch_lane(world: World, filed: OracleService) -> None:
    assert len(filed.report_directly().decided) == 2
    assert world.service.status().credits == {}


def a_use_below(world: World, unit_cap: int) -> DirectReport:
    """One use of a work is filed; the report is of another, under a sublicence."""
    owned = own_work(world.devnet, UNIT_PRICE, unit_cap=unit_cap)
    owned.fund(10**9)
    below = owned.sublicense(world.devnet.address(PLATFORM), unit_cap)
    world.file_own_plays(owned, 1)
    facts = world.view.facts(world.view.head())
    assert tree_of(below, facts) == tree_of(owned.distribution, facts) == owned.distribution
    (event,) = world.own_plays(owned, 1, first=5, licence_id=below)
    deadline = world.view.head().timestamp + DEADLINE_SECONDS
    return DirectReport(event, sha("evidence"), PROGRAM_HASH, deadline)


def sign(world: World, report: DirectReport) -> None:
    """As the operator of `an_epoch_operator`."""
    signed = StoredSignature(world.operators[1].address, report.struct_hash(), b"signature")
    OutboxMemory(world.outbox).remember_direct(report, signed)


def test_an_epoch_that_leaves_too_little_room_for_a_report_waits_for_it(world: World) -> None:
    """Use under a sublicence counts for the licence above it. Of the four uses that the epoch
    leaves of five, an operator's fifth part is no whole one."""
    report = a_use_below(world, unit_cap=OPERATORS)
    row = world.service.seal_epoch()
    sign(world, report)
    proposal = Proposal(row.report, row.evidence_cid)

    with pytest.raises(DirectReportUnderWay) as refused:
        an_epoch_operator(world).attest(proposal)
    an_epoch_operator(world, 2).attest(proposal)

    assert refused.value.events == 1
    with pytest.raises(EpochUnderWay):
        an_operator(world, 2)._require_countable(report, world.view.head())


def test_what_would_leave_too_little_room_for_a_report_is_not_sealed(world: World) -> None:
    sign(world, a_use_below(world, unit_cap=OPERATORS))
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()

    world.fund()
    world.file_plays(2)

    assert world.service.seal_epoch().report.event_count == 2


def test_who_files_single_uses_holds_up_no_epoch_that_leaves_room(world: World) -> None:
    """Not the others of its tree either, however often it takes its deposit back."""
    sign(world, a_use_below(world, unit_cap=OPERATORS + 1))

    row = world.service.seal_epoch()
    an_epoch_operator(world).attest(Proposal(row.report, row.evidence_cid))

    assert row.report.event_count == 1


def test_what_was_refused_once_is_not_due_again(world: World, filed: OracleService) -> None:
    assert len(dues(world, filed)) == 2
    alone = direct_service(world, operators=0)
    assert len(alone.report_directly().refused) == 2

    assert alone.report_directly().refused == ()
    assert dues(world, alone) == []


def test_a_dear_use_under_a_licence_of_an_unposted_epoch_waits_and_is_not_given_up(
    world: World, filed: OracleService
) -> None:
    """The epoch holds the log's uses, for it was sealed by somebody who reports none directly."""
    world.fund()
    world.service.seal_epoch()
    world.service.collect_signatures()
    world.service.file_detection(world.found())

    held_up = filed.report_directly()
    filed.post_epoch()
    filed.report_directly()
    filed.resend()

    assert (held_up.decided, held_up.refused) == ((), ())
    assert len(records(world)) == 2
    assert filed.status().events == {"counted": 2}


def test_an_epoch_signed_by_a_program_that_kept_no_licences_holds_up_every_use(
    world: World, filed: OracleService
) -> None:
    world.fund()
    world.file_plays(3)
    filed.report_directly()
    filed.resend()
    filed.seal_epoch()
    filed.collect_signatures()
    with world.outbox.writing() as connection:
        connection.exec_driver_sql("UPDATE signature SET licences = ''")
    world.service.file_detection(world.found())

    refused = filed.report_directly().refused

    assert "0 of the 3 signatures needed" in refused[0][1]


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


def test_after_its_deadline_the_epoch_is_signed(world: World, filed: OracleService) -> None:
    world.fund()
    world.file_plays(3)
    an_operator(world).attest(proposal_of(world, dues(world, filed)[0]))
    world.devnet.pass_time(DEADLINE_SECONDS + 1)
    row = world.service.seal_epoch()

    an_epoch_operator(world).attest(Proposal(row.report, row.evidence_cid))

    assert row.report.event_count == 3 + 2


def test_who_signed_an_epoch_signs_no_report_until_it_is_posted(
    world: World, filed: OracleService
) -> None:
    world.fund()
    world.file_plays(3)
    due = dues(world, filed)[0]
    other = dataclasses.replace(due.event, source_key=sha("another"))
    world.service.seal_epoch()
    world.service.collect_signatures()

    with pytest.raises(EpochUnderWay) as refused:
        an_operator(world).attest(proposal_of(world, due))
    assert refused.value.epoch == 1
    world.service.post_epoch()
    with pytest.raises(DirectReportRefused, match="already-counted"):
        an_operator(world).attest(proposal_of(world, due))
    with pytest.raises(DirectReportRefused, match="no signed evidence"):
        an_operator(world).attest(proposal_of(world, DirectDue(other, due.licence)))


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
