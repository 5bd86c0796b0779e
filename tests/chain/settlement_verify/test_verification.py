"""A sound ledger verifies without a unit of difference; whatever is altered is found and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text, update

from chain.client.errors import WrongChain
from chain.indexer import tables
from chain.indexer.database import writing
from chain.indexer.errors import NotIndexedYet
from chain.ledger.identifiers import Digest, EpochNumber
from chain.ledger.sum_tree import Payout, SumTree
from chain.settlement.segments import HEADER_BYTES, RECORD_BYTES
from chain.settlement.verify import (
    DAG_CBOR_CODEC,
    RAW_CODEC,
    Check,
    Discrepancy,
    VerificationReport,
    cid_text,
    verify,
)
from tests.devnet import Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import Heritage

FUNDS = 10**9


def verified(lane: EpochLane, **more: object) -> VerificationReport:
    given = {"read_payouts": lane.published, **more}
    return verify(
        lane.store,
        lane.devnet.node,
        lane.devnet.deployment,
        lane.read_block,
        **given,  # type: ignore[arg-type]
    )


def places(found: Sequence[Discrepancy], check: Check) -> list[str]:
    return [discrepancy.place for discrepancy in found if discrepancy.check is check]


def segment_digests(lane: EpochLane) -> list[Digest]:
    return [Digest(cid.digest) for cid in lane.blocks.iterate() if cid.codec == RAW_CODEC]


def test_a_sound_ledger_verifies_without_a_unit_of_difference(lane: EpochLane) -> None:
    report = verified(lane)

    assert report.discrepancies == ()
    assert report.difference_units == 0
    assert report.is_clean
    assert set(report.checks) == set(Check) - {Check.MANIFESTS, Check.FILES}
    assert report.checks[Check.LEAVES] >= 2 * len(lane.settled[0].payouts)
    totals = report.totals[lane.devnet.deployment.token]
    assert totals.funded == FUNDS
    assert len(report.unread) > 0, "this world's manifests are digests of nothing"


def test_money_given_away_to_the_contracts_is_no_difference(
    lane: EpochLane, devnet: Devnet
) -> None:
    giver = devnet.signers[9]
    for holder in (devnet.ledger.address, devnet.distributor.address):
        devnet.token.transfer(holder, 12_345, signer=giver)
    lane.follower.catch_up()

    assert verified(lane).discrepancies == ()


def test_an_earlier_block_can_be_verified_too(lane: EpochLane, devnet: Devnet) -> None:
    first_epoch = lane.store.epochs(at=lane.store.head())[0]
    pin = devnet.node.block(first_epoch.place.block_number)

    report = verified(lane, at=pin)

    assert report.at == pin
    assert report.discrepancies == ()


def test_an_altered_manifest_byte_names_the_segment_set(lane: EpochLane) -> None:
    digest = lane.store.epochs(at=lane.store.head())[1].report.segments_digest
    block = bytearray(lane.read_sound(digest, DAG_CBOR_CODEC) or b"")
    block[block.index(b"2026-01-01")] ^= 1
    lane.altered[digest] = bytes(block)

    found = verified(lane).discrepancies

    assert places(found, Check.SEGMENTS) == [
        f"segment set {cid_text(digest, DAG_CBOR_CODEC)} of epoch 2"
    ]


def test_an_unreadable_manifest_stops_the_recomputation_and_says_so(lane: EpochLane) -> None:
    digest = lane.store.epochs(at=lane.store.head())[0].report.segments_digest
    lane.altered[digest] = b"\xff not cbor"

    found = verified(lane).discrepancies

    assert "epoch 1 and all after it" in places(found, Check.REPORTS)
    assert all(cid_text(digest, DAG_CBOR_CODEC) in p for p in places(found, Check.SEGMENTS))


def test_a_work_manifest_that_does_not_hash_names_the_work(
    lane: EpochLane, heritage: Heritage
) -> None:
    work = lane.store.work(heritage.works[0], at=lane.store.head())
    assert work is not None
    lane.altered[work.manifest_digest] = b"manifest of something else"

    found = verified(lane).discrepancies

    cid = cid_text(work.manifest_digest, DAG_CBOR_CODEC)
    assert [d.place for d in found] == [f"manifest {cid} of work {work.work_id}"]


def alter_event(lane: EpochLane, record: int, offset: int) -> Digest:
    """Alter one byte of one usage event of the chant's segment of epoch 1 (19 events)."""
    digest = next(
        d
        for d in segment_digests(lane)
        if len(lane.read_sound(d, RAW_CODEC) or b"") == HEADER_BYTES + 19 * RECORD_BYTES
    )
    block = bytearray(lane.read_sound(digest, RAW_CODEC) or b"")
    block[HEADER_BYTES + record * RECORD_BYTES + offset] ^= 1
    lane.altered[digest] = bytes(block)
    return digest


def test_an_altered_usage_event_names_its_segment_and_what_it_changed(
    lane: EpochLane, heritage: Heritage
) -> None:
    # The last byte of the licence id: 3 becomes 2, another licence that exists.
    digest = alter_event(lane, record=5, offset=8)
    name = cid_text(digest, RAW_CODEC)

    found = verified(lane).discrepancies

    assert f"segment {name} of epoch 1" in places(found, Check.SEGMENTS)
    reports = places(found, Check.REPORTS)
    gong, chant = heritage.generation
    assert f"use of licence {gong} in epoch 1, see segment {name}, events" in reports
    assert f"use of licence {chant} in epoch 1, see segment {name}, events" in reports
    assert f"report of epoch 1, usage root, see segment {name}" in reports


def test_a_segment_of_another_chain_is_named(lane: EpochLane) -> None:
    # The last byte of the chain id, 49 bytes before the first event.
    digest = alter_event(lane, record=0, offset=-49)

    segments = places(verified(lane).discrepancies, Check.SEGMENTS)

    name = cid_text(digest, RAW_CODEC)
    assert f"segment {name} of epoch 1, chain and contract" in segments


def test_a_second_copy_tells_which_usage_event_was_altered(lane: EpochLane) -> None:
    # The last byte of the time: not even the event's id changes.
    digest = alter_event(lane, record=7, offset=56)

    found = verified(lane, second_copy=lane.read_sound).discrepancies

    name = cid_text(digest, RAW_CODEC)
    segments = places(found, Check.SEGMENTS)
    assert segments[0] == f"segment {name} of epoch 1"
    assert segments[1].startswith(f"segment {name} of epoch 1, usage event 7 (0x")


def test_a_missing_segment_is_named(lane: EpochLane) -> None:
    missing = segment_digests(lane)[0]

    report = verify(
        lane.store,
        lane.devnet.node,
        lane.devnet.deployment,
        lambda digest, codec: None if digest == missing else lane.read_block(digest, codec),
    )

    assert any(cid_text(missing, RAW_CODEC) in d.place for d in report.discrepancies)


def test_an_altered_published_leaf_names_the_payee(lane: EpochLane) -> None:
    def published(epoch: EpochNumber) -> tuple[Payout, ...]:
        leaves = list(lane.published(epoch))
        if epoch == 2:
            leaves[3] = replace(leaves[3], cumulative=leaves[3].cumulative + 1)
        return tuple(leaves)

    report = verified(lane, read_payouts=published)

    payee = lane.settled[1].payouts[3].payee
    assert [d.place for d in report.discrepancies] == [f"leaf 3 of epoch 2, payee {payee}"]
    assert report.difference_units == 1


def test_a_quorum_that_signs_an_altered_leaf_is_caught(
    lane: EpochLane, heritage: Heritage, devnet: Devnet
) -> None:
    # Two payees' leaves are exchanged by a unit: sums and counts stay as they were.
    now = devnet.node.head().timestamp
    events = [uses(heritage.generation[0], heritage.generation_id, 5, at=now, name="third")]
    outcome, manifest = lane.settle(events)
    leaves = list(outcome.payouts)
    paid_here = {share.payee for share in heritage.splits[heritage.works[0]].shares}
    first, second = [i for i, leaf in enumerate(leaves) if leaf.payee in paid_here][:2]
    robbed, favoured = leaves[first], leaves[second]
    leaves[first] = replace(robbed, cumulative=robbed.cumulative - 1)
    leaves[second] = replace(favoured, cumulative=favoured.cumulative + 1)
    forged = replace(
        outcome, payouts=tuple(leaves), sum_tree=SumTree(devnet.deployment.token, leaves)
    )
    lane.post(forged, forged.report(Digest(manifest.digest)))
    lane.activate_and_push(forged)
    lane.follower.catch_up()

    report = verified(lane)

    assert "report of epoch 3, sum root" in places(report.discrepancies, Check.REPORTS)
    leaf_places = places(report.discrepancies, Check.LEAVES)
    assert f"leaf {first} of epoch 3, payee {robbed.payee}" in leaf_places
    assert f"leaf {second} of epoch 3, payee {favoured.payee}" in leaf_places
    paid = [place for place in leaf_places if place.startswith(f"payout to {favoured.payee}")]
    assert len(paid) == 1


def test_an_altered_row_of_the_index_is_named(lane: EpochLane, engine: Engine) -> None:
    before = lane.store.payments(at=lane.store.head())[0]
    with writing(engine) as connection:
        connection.execute(
            update(tables.payment)
            .where(tables.payment.c.block_number == before.place.block_number)
            .values(amount=before.amount + 7)
        )

    found = verified(lane).discrepancies

    assert places(found, Check.PROJECTION) == [
        f"table payment, block {before.place.block_number}, log {before.place.log_index}, amount"
    ]
    assert places(found, Check.DIRECT_LANE) == [
        f"payment for work {before.work_id} in {before.token}: gross"
    ]


def test_a_deleted_and_an_invented_log_are_named(lane: EpochLane, engine: Engine) -> None:
    head = lane.store.head()
    gone = lane.store.logs(at=head)[4]
    with writing(engine) as connection:
        connection.execute(
            text("UPDATE log SET log_index = 77 WHERE block_number = :n AND log_index = :i"),
            {"n": gone.block_number, "i": gone.log_index},
        )

    found = places(verified(lane).discrepancies, Check.LOGS)

    assert len(found) == 2
    assert f"log 77 of block {gone.block_number} (not on chain)" in found


def test_a_block_that_is_not_indexed_cannot_be_verified(lane: EpochLane, devnet: Devnet) -> None:
    devnet.mine()

    with pytest.raises(NotIndexedYet):
        verified(lane, at=devnet.node.head())


def test_another_chain_is_refused(lane: EpochLane, devnet: Devnet) -> None:
    elsewhere = replace(devnet.deployment, chain_id=1)

    with pytest.raises(WrongChain):
        verify(lane.store, devnet.node, elsewhere, lane.read_block)
