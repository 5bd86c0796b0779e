"""Reports of single uses beside epochs: neither is signed where the other could make it fail, and
neither holds the other up without need."""

from __future__ import annotations

import dataclasses

import pytest

from chain.client.direct_reports import DirectReportState
from chain.ledger.direct_report import DirectReport
from chain.settlement.settle import PROGRAM_HASH
from oracle.chain_facts import tree_of
from oracle.direct_operator import DEADLINE_SECONDS
from oracle.direct_reporting import DirectDue
from oracle.epoch_book import EpochState, StoredSignature
from oracle.errors import (
    DirectReportRefused,
    DirectReportUnderWay,
    EpochUnderWay,
    NothingToSeal,
)
from oracle.operator import Proposal
from oracle.operators.memory import OutboxMemory
from oracle.service import OracleService
from tests.devnet import COUNCIL, OPERATORS, PLATFORM
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, sha
from tests.oracle.direct_lane import (
    HOLDERS_DEPOSIT,
    an_epoch_operator,
    an_operator,
    dues,
    filed,
    proposal_of,
    records,
)
from tests.own_work import own_work

__all__ = ["filed"]


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
