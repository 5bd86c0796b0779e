"""Operators: each recomputes before it signs, and names the field or paper it will not sign for."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import oracle.operator
from chain.ledger.identifiers import ZERO_DIGEST, Digest
from chain.ledger.usage import UsageKind
from chain.provenance import BlockReader, Cid, FsBlockStore
from chain.provenance.errors import BlockCorrupt, BlockMissing
from chain.settlement.facts import SettlementState
from chain.settlement.segments import MAGIC
from oracle.attribution import DetectionPolicy
from oracle.epoch_book import EpochBook
from oracle.errors import (
    CalculatorsDisagree,
    EvidenceMalformed,
    HistoryMismatch,
    OperatorDisagrees,
    PaperMalformed,
    QuorumNotReached,
    SegmentOfAnother,
    SegmentRefused,
    SignatureForged,
    WouldEquivocate,
)
from oracle.operator import Calculator, Operator, Proposal
from oracle.operators.memory import OutboxMemory
from oracle.outbox import Outbox
from oracle.papers import Evidence, get_evidence, put_evidence
from tests.devnet import CUSTOMER
from tests.oracle.conftest import World, sha


def an_operator(world: World, index: int = 1, blocks: BlockReader | None = None) -> Operator:
    return Operator(
        world.operators[index],
        world.view,
        blocks or world.blocks,
        OutboxMemory(world.outbox),
        DetectionPolicy(),
    )


def sealed(world: World, plays: int = 5) -> Proposal:
    world.fund()
    world.file_plays(plays)
    world.service.file_generation_log(world.log())
    row = world.service.seal_epoch()
    return Proposal(row.report, row.evidence_cid)


def with_evidence(world: World, proposal: Proposal, **changes: object) -> Proposal:
    evidence = get_evidence(world.blocks, proposal.evidence_cid)
    altered: Evidence = dataclasses.replace(evidence, **changes)  # type: ignore[arg-type]
    return Proposal(proposal.report, put_evidence(world.blocks, altered))


def test_an_operator_whose_calculators_disagree_signs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = sealed(world)
    by_columns = oracle.operator.settle_records

    def one_event_short(records: Any, *given: Any) -> Any:
        return by_columns(records[1:], *given)

    monkeypatch.setattr("oracle.operator.settle_records", one_event_short)

    with pytest.raises(CalculatorsDisagree) as refused:
        an_operator(world).attest(proposal)
    fields = {name for name, _, _ in refused.value.differences}
    assert {"usageRoot", "eventCount", "licenceUsageHash"} <= fields
    assert f"{proposal.report.event_count - 1} by columns" in str(refused.value)


def test_an_operator_of_columns_alone_signs_the_same(world: World) -> None:
    proposal = sealed(world)
    operator = Operator(
        world.operators[1],
        world.view,
        world.blocks,
        OutboxMemory(world.outbox),
        DetectionPolicy(),
        Calculator.COLUMNS,
    )

    assert operator.recompute(proposal) == an_operator(world).recompute(proposal)


def test_an_operator_signs_what_it_computed_itself(world: World) -> None:
    proposal = sealed(world)

    signed = an_operator(world).attest(proposal)

    assert signed.report_hash == proposal.report.struct_hash()
    at = world.devnet.node.head()
    assert world.devnet.oracle.report_digest(proposal.report, at=at) == proposal.report.digest(
        31337, world.devnet.oracle.address
    )


@pytest.mark.parametrize(
    ("field", "value", "wire_name"),
    [
        ("cumulative_total", 10**9, "cumulativeTotal"),
        ("sum_root", b"\1" * 32, "sumRoot"),
        ("leaf_root", b"\1" * 32, "leafRoot"),
        ("usage_root", b"\1" * 32, "usageRoot"),
        ("event_count", 99, "eventCount"),
        ("licence_usage_hash", b"\1" * 32, "licenceUsageHash"),
        ("program_hash", b"\1" * 32, "programHash"),
        ("previous_report", b"\1" * 32, "previousReport"),
        ("leaf_count", 77, "leafCount"),
    ],
)
def test_an_altered_report_is_not_signed_and_the_field_is_named(
    world: World, field: str, value: object, wire_name: str
) -> None:
    proposal = sealed(world)
    altered = dataclasses.replace(proposal.report, **{field: value})

    with pytest.raises(OperatorDisagrees) as refusal:
        an_operator(world).attest(Proposal(altered, proposal.evidence_cid))

    assert [name for name, _, _ in refusal.value.differences] == [wire_name]


def test_an_operator_whose_chain_says_otherwise_names_the_roots(world: World) -> None:
    proposal = sealed(world)
    view = dataclasses.replace(world.view)
    honest = view.settlement_state

    def other_prices(*arguments: object) -> SettlementState:
        state = honest(*arguments)  # type: ignore[arg-type]
        licences = {
            i: dataclasses.replace(f, terms=dataclasses.replace(f.terms, unit_price=1))
            for i, f in state.licences.items()
        }
        return dataclasses.replace(state, licences=licences)

    view.settlement_state = other_prices  # type: ignore[method-assign]
    operator = an_operator(world)
    operator._view = view

    with pytest.raises(OperatorDisagrees) as refusal:
        operator.attest(proposal)

    names = {name for name, _, _ in refusal.value.differences}
    assert names == {"sumRoot", "leafRoot", "cumulativeTotal", "licenceUsageHash"}


def test_a_second_report_for_one_epoch_is_never_signed(world: World) -> None:
    proposal = sealed(world)
    operator = an_operator(world)
    first = operator.attest(proposal)
    other = dataclasses.replace(proposal.report, cumulative_total=1)

    with pytest.raises(WouldEquivocate) as refusal:
        operator.attest(Proposal(other, proposal.evidence_cid))

    assert refusal.value.signed == first.report_hash
    assert operator.attest(proposal) == first


def test_an_operator_remembers_across_a_restart(world: World) -> None:
    proposal = sealed(world)
    first = an_operator(world).attest(proposal)
    world.reopen()
    other = dataclasses.replace(proposal.report, cumulative_total=1)

    with pytest.raises(WouldEquivocate):
        an_operator(world).attest(Proposal(other, proposal.evidence_cid))

    assert an_operator(world).attest(proposal) == first


def test_one_flipped_byte_in_a_segment_is_found_by_its_content_id(world: World) -> None:
    proposal = sealed(world)
    segment = next(
        path for path in (world.folder / "blocks").glob("??/*") if MAGIC in path.read_bytes()
    )
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(bytes(content))

    with pytest.raises(BlockCorrupt) as refusal:
        an_operator(world).attest(proposal)

    assert refusal.value.cid == Cid.parse(segment.name)


def test_an_operator_without_the_segments_does_not_sign(world: World) -> None:
    proposal = sealed(world)
    empty = FsBlockStore(world.folder / "empty")

    with pytest.raises(BlockMissing):
        an_operator(world, blocks=empty).attest(proposal)


def test_an_event_without_signed_evidence_is_not_signed_for(world: World) -> None:
    proposal = with_evidence(world, sealed(world), logs=())

    with pytest.raises(SegmentRefused, match="no signed evidence supports it"):
        an_operator(world).attest(proposal)


def test_a_segment_nobody_signed_is_not_signed_for(world: World) -> None:
    proposal = with_evidence(world, sealed(world), segments=())

    with pytest.raises(EvidenceMalformed, match="nobody signed segment"):
        an_operator(world).attest(proposal)


def test_a_segment_signed_by_somebody_else_is_not_signed_for(world: World) -> None:
    proposal = sealed(world)
    harvested, played = get_evidence(world.blocks, proposal.evidence_cid).segments
    forged = dataclasses.replace(played, signature=harvested.signature)

    with pytest.raises(SignatureForged):
        an_operator(world).attest(with_evidence(world, proposal, segments=(harvested, forged)))


def test_a_segment_whose_header_names_another_producer_is_not_signed_for(world: World) -> None:
    proposal = sealed(world)
    evidence = get_evidence(world.blocks, proposal.evidence_cid)
    stranger = world.devnet.address(CUSTOMER)
    claimed = tuple(dataclasses.replace(s, producer=stranger) for s in evidence.segments)

    with pytest.raises(SegmentOfAnother) as refusal:
        an_operator(world).attest(with_evidence(world, proposal, segments=claimed))

    assert refusal.value.expected.producer == stranger


def test_evidence_that_the_segment_set_does_not_cite_is_not_signed_for(world: World) -> None:
    proposal = sealed(world)
    evidence = get_evidence(world.blocks, proposal.evidence_cid)

    with pytest.raises(EvidenceMalformed, match="is not what the segment set cites"):
        an_operator(world).attest(with_evidence(world, proposal, logs=evidence.logs * 2))


def test_evidence_of_no_known_form_is_named(world: World) -> None:
    proposal = sealed(world)
    row = world.service.status().epochs[0]

    with pytest.raises(PaperMalformed):
        an_operator(world).attest(Proposal(proposal.report, row.payouts_cid))


def test_two_faulty_operators_do_not_stop_the_quorum(world: World) -> None:
    sealed(world)
    for operator in world.service.panel.here[:2]:
        operator._blocks = FsBlockStore(world.folder / "empty")

    quorum = world.service.collect_signatures()

    assert len(quorum.signers) == 3


def test_three_faulty_operators_do_and_each_reason_is_told(world: World) -> None:
    sealed(world)
    for operator in world.service.panel.here[:3]:
        operator._blocks = FsBlockStore(world.folder / "empty")

    with pytest.raises(QuorumNotReached) as refusal:
        world.service.collect_signatures()

    assert refusal.value.signed == 2
    assert [operator for operator, _ in refusal.value.refusals] == [
        operator.address for operator in world.service.panel.here[:3]
    ]
    assert all("is not held here" in reason for _, reason in refusal.value.refusals)
    with world.outbox.reading() as connection:
        assert len(EpochBook(connection).signatures(1, ZERO_DIGEST)) == 2


def test_an_epoch_that_does_not_follow_from_its_segments_is_not_built_on(world: World) -> None:
    """Three operators signed nonsense: whoever comes next sees it and stops."""
    world.fund()
    proposal = sealed(world)
    nonsense = dataclasses.replace(proposal.report, usage_root=sha("nonsense"))
    domain = nonsense.digest(31337, world.devnet.oracle.address)
    signers = sorted(world.operators, key=lambda s: int(s.address, 16))[:3]
    signatures = [s.sign_digest(domain, chain_id=31337) for s in signers]
    row = world.service.status().epochs[0]
    usage = world.service.payouts_of(row).licence_usage
    customer = world.devnet.signers[CUSTOMER]
    world.devnet.oracle.post_epoch(nonsense, usage, signatures, signer=customer)

    with pytest.raises(HistoryMismatch) as refusal:
        world.service.replay()

    assert refusal.value.epoch == 1
    assert [name for name, _, _ in refusal.value.differences] == ["usageRoot"]


def test_a_generation_event_from_a_platform_is_not_signed_for(world: World) -> None:
    """A platform cannot slip events of logs into a segment of its own."""
    events = world.plays(1, kind=UsageKind.GENERATION, licence_id=world.heritage.generation[0])
    body, signature = world.segment(events)

    with pytest.raises(SegmentRefused, match="a platform reports plays"):
        world.service.file_segment(body, signature)


def test_memory_is_kept_per_operator(world: World) -> None:
    proposal = sealed(world)
    memory = OutboxMemory(world.outbox)
    first = an_operator(world, 1).attest(proposal)

    assert memory.signature_of(1, ZERO_DIGEST, first.operator) == first
    assert memory.signature_of(1, ZERO_DIGEST, world.operators[2].address) is None
    assert isinstance(first.report_hash, bytes)
    assert Digest(first.report_hash) == proposal.report.struct_hash()
    assert isinstance(world.outbox, Outbox)
