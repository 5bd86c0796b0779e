"""Floors as those read them who were not there: the index, the ledger's check, both verifiers."""

from __future__ import annotations

from pathlib import Path

from chain.ledger.identifiers import CommunityId, LicenceId, WorkId
from chain.ledger.rights import Parent, Split, Tier, WorkKind
from chain.ledger.vectors import FLOOR_NOTICE, AncestorVector
from chain.settlement.verify import verify
from tests.chain.audit.test_random_histories_audited import both_pass, lane_of
from tests.devnet import PLATFORM, Devnet
from tests.heritage import (
    ROYALTY_SHARE,
    build_heritage,
    consent,
    digest_of,
    register,
    take,
    terms_of,
)

STEWARD = 11
FLOOR = 50_000_000


def licensed(devnet: Devnet, steward: int, work: WorkId) -> LicenceId:
    terms = terms_of(devnet, Tier.GENERATION, 1)
    consent(devnet, steward, work, terms)
    return take(devnet, work, terms)


def derive(devnet: Devnet, name: str, parent: Parent, vector: bytes = b"") -> tuple[WorkId, bytes]:
    """A derivative of one parent: its number and its ancestors."""
    platform = devnet.signers[PLATFORM]
    child = register(devnet, PLATFORM, name, CommunityId(0), WorkKind.DERIVATIVE)
    devnet.ledger.set_split(child, Split.of({platform.address: 10_000}), signer=platform)
    receipt = devnet.graph.link(child, digest_of(name), [parent], [vector], signer=platform)
    return child, devnet.graph.vector_linked(receipt)


def share_of_root_in_a_second_generation(devnet: Devnet, root: WorkId, licence: LicenceId) -> int:
    name = f"{root} at {devnet.node.head().number}"
    child, vector = derive(devnet, name, Parent(root, licence))
    own = licensed(devnet, PLATFORM, child)
    _, second = derive(devnet, f"{name}, again", Parent(child, own), vector)
    return AncestorVector.decode(second).share_of(root)


def test_a_floor_binds_in_the_index_and_for_auditors_when_it_does_on_chain(
    devnet: Devnet, tmp_path: Path
) -> None:
    heritage = build_heritage(devnet)
    lane = lane_of(devnet, tmp_path)
    gong, flute, _ = heritage.works
    for root in (gong, flute):
        devnet.graph.declare_floor(root, FLOOR, signer=devnet.signers[STEWARD])
    declared = devnet.node.head()
    # Nobody was asked about the flute before; licences of the gong were taken already.
    of_gong, of_flute = heritage.generation[0], licensed(devnet, STEWARD, flute)

    thinned = share_of_root_in_a_second_generation(devnet, gong, of_gong)
    at_once = share_of_root_in_a_second_generation(devnet, flute, of_flute)
    devnet.pass_time(FLOOR_NOTICE)
    with_notice = share_of_root_in_a_second_generation(devnet, gong, of_gong)

    assert thinned == ROYALTY_SHARE**2 // 10**9 < FLOOR
    assert at_once == with_notice == FLOOR
    lane.follower.catch_up()
    at = lane.store.head()
    found = {record.work_id: record for record in lane.store.floors(at=at)}
    assert devnet.graph.floor_of(gong, at=at) == (FLOOR, found[gong].binds_from)
    assert found[gong].binds_from - found[gong].place.timestamp == FLOOR_NOTICE
    assert found[flute].binds_from == found[flute].place.timestamp <= declared.timestamp
    report = verify(lane.store, devnet.node, devnet.deployment, lane.read_block)
    assert report.discrepancies == ()
    assert both_pass(lane, tmp_path)["vectors"] == [3 * 7, 0]
