"""The lane of single dear uses, as the tests of operators and relay set it up."""

from __future__ import annotations

import pytest

from chain.client.direct_reports import DirectReportState
from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Digest
from chain.settlement.settle import PROGRAM_HASH
from oracle.attribution import DetectionPolicy
from oracle.direct_operator import DEADLINE_SECONDS, DirectOperator, DirectProposal
from oracle.direct_reporting import DirectDue, DirectReporting
from oracle.evidence_book import EvidenceBook
from oracle.operator import Operator
from oracle.operators.memory import OutboxMemory
from oracle.papers import Evidence, put_evidence
from oracle.service import OracleService
from tests.devnet import OPERATORS, PLATFORM
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, service_over

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


def sorted_signatures(world: World, report: DirectReport) -> list[bytes]:
    digest = report.digest(31337, world.devnet.direct_reports.address)
    signers = sorted(world.operators, key=lambda signer: signer.address.lower())[:3]
    return [signer.sign_digest(digest, chain_id=31337) for signer in signers]
