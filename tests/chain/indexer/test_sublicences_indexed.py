"""Sublicences on the chain and in the index: where they come from, their own caps, use along their
path, and that giving one changes nothing that a signed epoch says."""

from __future__ import annotations

from chain.client.blocks import BlockPin
from chain.client.licence_registry import Sublicence
from chain.indexer.follow import Follower
from chain.indexer.records import LicenceRecord
from chain.indexer.store import Store
from chain.ledger.identifiers import LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageKind
from tests.devnet import COUNCIL, PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import REVENUE_CAP, UNIT_CAP, UNIT_PRICE, Heritage, digest_of
from tests.sublicences import NARROWER, licence_path, sublicensable_terms


def record_of(store: Store, licence: LicenceId, at: BlockPin) -> LicenceRecord:
    record = store.licence(licence, at=at)
    assert record is not None
    return record


def test_a_sublicence_has_its_own_bounds_and_says_where_it_comes_from(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    top, middle, lowest = licence_path(devnet, heritage, 3)
    follower.catch_up()
    at = store.head()

    records = [record_of(store, licence, at) for licence in (top, middle, lowest)]

    assert [record.parent_id for record in records] == [None, top, middle]
    bounds = [
        (record.terms.unit_cap, record.terms.revenue_cap, record.expiry) for record in records
    ]
    assert bounds == [
        (UNIT_CAP - step, REVENUE_CAP, records[0].expiry - step)
        for step in (0, NARROWER, 2 * NARROWER)
    ]
    assert {record.terms.tier for record in records} == {Tier.DISTRIBUTION}
    assert len({record.terms_hash for record in records}) == 1
    # Passing a licence on is no use of it.
    assert [record.units_used for record in records] == [0, 0, 0]


def test_use_under_a_sublicence_is_told_of_every_licence_above_it_and_so_is_its_return(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    path = licence_path(devnet, heritage, 3)
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    now = devnet.node.head().timestamp
    plays = [
        uses(licence, heritage.generation_id, count, at=now, kind=UsageKind.PLAY, name="play")
        for licence, count in zip(path, (1, 2, 4), strict=True)
    ]
    outcome, manifest = lane.settle(plays)
    report = outcome.report(manifest.digest)
    lane.post(outcome, report)

    def told() -> list[tuple[int, int]]:
        follower.catch_up()
        at = store.head()
        for licence in path:
            record, known = (
                record_of(store, licence, at),
                devnet.licences.licence_of(licence, at=at),
            )
            assert (record.units_used, record.revenue_used) == (
                known.units_used,
                known.revenue_used,
            )
        records = [record_of(store, licence, at) for licence in path]
        return [(record.units_used, record.revenue_used) for record in records]

    assert told() == [(units, units * UNIT_PRICE) for units in (7, 6, 4)]
    token = devnet.deployment.token
    devnet.distributor.reject(token, 1, digest_of("a mistake"), signer=devnet.signers[COUNCIL])
    devnet.oracle.return_usage(report, outcome.licence_usage, signer=devnet.signers[COUNCIL])
    assert told() == [(0, 0)] * 3


def test_a_sublicence_given_meanwhile_keeps_no_signed_epoch_from_being_posted(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    """Operators sign one report for a place; were its caps given away, there would be no other."""
    terms = sublicensable_terms(devnet)
    (licence,) = licence_path(devnet, heritage, 1)
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    now = devnet.node.head().timestamp
    made = heritage.generation_id
    outcome, manifest = lane.settle([uses(licence, made, 5, at=now, kind=UsageKind.PLAY)])
    platform = devnet.signers[PLATFORM]
    expiry = devnet.licences.licence_of(licence, at=devnet.node.head()).expiry
    everything = Sublicence(platform.address, expiry, UNIT_CAP, REVENUE_CAP)
    devnet.licences.sublicense(licence, terms, everything, signer=platform)

    lane.post(outcome, outcome.report(manifest.digest))

    assert devnet.licences.licence_of(licence, at=devnet.node.head()).units_used == 5
