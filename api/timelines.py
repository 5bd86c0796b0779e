"""Every payment and every usage event as a timeline, one per payee it owes, for the metrics.

Times are the chain's. When a use was filed is not on chain; it is taken to be when its epoch was
closed, so the stage before is never flattered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from api.application import Application
from api.reading import manifest_cid
from chain.client.blocks import BlockPin
from chain.indexer.records import EpochRecord, Place, RootRecord, SplitRecord
from chain.ledger.identifiers import Address, Digest, WorkId
from chain.ledger.rights import UNIT_NUMERATOR, Split
from chain.ledger.usage import UsageEvent
from chain.ledger.vectors import AncestorVector
from chain.metrics.latency import Timeline
from chain.provenance import Cid, Codec, SegmentsManifest, get_manifest
from chain.settlement.carried import Carried
from chain.settlement.segments import decode_segment
from chain.settlement.settle import income_by_work, settle_epoch
from chain.settlement.state import settlement_state


def direct_timelines(app: Application, at: BlockPin) -> list[Timeline]:
    """One timeline per payment and payee; a payee who could not take its money has no last time."""
    vectors = {d.child: d.vector for d in app.store.derivatives(at=at)}
    splits: dict[WorkId, list[SplitRecord]] = defaultdict(list)
    for record in app.store.splits(at=at):
        splits[record.work_id].append(record)
    paid: dict[tuple[WorkId, Address], list[Place]] = defaultdict(list)
    for payout in app.store.direct_payouts(at=at):
        paid[(payout.work_id, payout.payee)].append(payout.place)
    found = []
    for payment in app.store.payments(at=at):
        vector = vectors.get(payment.work_id, AncestorVector())
        for work_id, numerator in vector.divide(payment.work_id, payment.amount):
            if not splits[work_id]:
                continue
            for payee, value in parts(numerator, in_force(splits[work_id], payment.place)):
                places = paid[(work_id, payee)]
                later = bisect_left(places, payment.place)
                start = (payment.place.timestamp,) * 6
                end = (places[later].timestamp,) if later < len(places) else ()
                found.append(Timeline(value, start + end))
    return found


def in_force(versions: Sequence[SplitRecord], place: Place) -> Split:
    """The split that income at a place belongs to; what came before the first belongs to that."""
    later = bisect_right(versions, place, key=lambda record: record.place)
    return versions[max(0, later - 1)].split


def parts(numerator: int, split: Split) -> Iterator[tuple[Address, int]]:
    """What each payee has of an income, in whole base units; weights, not money."""
    for share in split.shares:
        yield share.payee, numerator * share.bps // UNIT_NUMERATOR


def epoch_timelines(app: Application, at: BlockPin) -> list[Timeline]:
    """One timeline per counted usage event and payee."""
    roots = {(root.token, root.epoch): root for root in app.store.roots(at=at)}
    paid: dict[Address, list[Place]] = defaultdict(list)
    for payout in app.store.epoch_payouts(at=at):
        paid[payout.payee].append(payout.place)
    counted: set[Digest] = set()
    found: list[Timeline] = []
    for record in app.store.epochs(at=at):
        report = record.report
        state_pin = app.node.block(report.state_block)
        state = settlement_state(
            app.store,
            at=state_pin,
            token=report.token,
            epoch=report.epoch,
            previous_report=report.previous_report,
            counted_ids=counted,
        )
        settled = settle_epoch(segment_events(app, report.segments_digest), state, Carried())
        counted.update(settled.counted)
        income = income_by_work(settled.credits)
        payees: dict[WorkId, list[tuple[Address, int]]] = defaultdict(list)
        for (work_id, payee), entitled in settled.entitled.items():
            payees[work_id].append((payee, entitled))
        root = roots.get((report.token, report.epoch))
        for event in settled.counted_events:
            licence = state.licences[event.licence_id]
            vector = state.vector_of(licence.work_id)
            for work_id, numerator in vector.divide(licence.work_id, licence.terms.unit_price):
                for payee, entitled in payees[work_id]:
                    # The event's part of what the work brought the payee, by split and rule.
                    value = numerator * entitled // (income[work_id] * UNIT_NUMERATOR)
                    times = event_times(event, state_pin, record, root, paid[payee])
                    found.append(Timeline(value, times))
    return found


def event_times(
    event: UsageEvent,
    closed: BlockPin,
    record: EpochRecord,
    root: RootRecord | None,
    paid: list[Place],
) -> tuple[int, ...]:
    """As many of the seven times as an event has reached for one payee."""
    times = [event.occurred_at, event.occurred_at, closed.timestamp, closed.timestamp]
    times.append(record.place.timestamp)
    if root is None or root.decided is None:
        return tuple(times)
    times.append(root.claimable_from)
    later = bisect_left(paid, root.decided)
    if later < len(paid):
        times.append(paid[later].timestamp)
    return tuple(times)


def segment_events(app: Application, segments_digest: Digest) -> list[UsageEvent]:
    """The events of one epoch, as its segment set lists them. Raises BlockMissing, BlockCorrupt."""
    manifest = get_manifest(app.blocks, manifest_cid(segments_digest), SegmentsManifest)
    return [
        event
        for segment in manifest.body.segments
        for event in decode_segment(app.blocks.get(Cid.from_digest(segment.cid.digest, Codec.RAW)))
    ]
