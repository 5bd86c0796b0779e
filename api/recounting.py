"""Every epoch's events counted again from the segments that operators signed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from api.application import Application
from api.reading import manifest_cid
from chain.client.blocks import BlockPin
from chain.indexer.records import EpochRecord, RootRecord, RootState
from chain.ledger.identifiers import Address, Digest, EpochNumber, LicenceId, WorkId
from chain.ledger.usage import UsageEvent
from chain.provenance import Cid, Codec, SegmentsManifest, get_manifest
from chain.provenance.errors import BlockMissing
from chain.settlement.carried import Carried
from chain.settlement.pools import entitlements
from chain.settlement.segments import decode_segment
from chain.settlement.settle import EpochSettlement, income_by_work, settle_epoch
from chain.settlement.state import settlement_state


@dataclass(frozen=True)
class Recount:
    """One standing epoch, closed at a block.

    `settled` is None where its events are not held here, or come to another root than was signed.
    `income` is what each work earned and `flows` what one use under each licence brings works, in
    numerators of `SHARE_SCALE`; `by_split` what the splits alone would bring each payee, as
    `settled.entitled`. What shares in `frozen` earned is kept back until an epoch frees them.
    """

    record: EpochRecord
    closed: BlockPin
    settled: EpochSettlement | None = None
    income: Mapping[WorkId, int] = field(default_factory=dict)
    flows: Mapping[LicenceId, Sequence[tuple[WorkId, int]]] = field(default_factory=dict)
    by_split: Mapping[tuple[WorkId, Address], int] = field(default_factory=dict)
    frozen: AbstractSet[tuple[WorkId, Address]] = frozenset()


class Recounts:
    """Recounted epochs, each once: what a report's segments come to never changes.

    An altered block stops every report (BlockCorrupt): somebody must look. A missing one leaves its
    epoch uncounted, which the report says.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._kept: dict[bytes, Recount] = {}

    def of(self, token: Address, at: BlockPin) -> list[Recount]:
        """The standing epochs of a token, in their order. Raises BlockCorrupt."""
        store = self._app.store
        roots = {(r.token, r.epoch): r for r in store.roots(at=at)}
        counted: set[Digest] = set()
        found = []
        for record in store.epochs(at=at):
            if record.report.token != token or is_rejected(roots, record):
                continue
            recount = self._kept.get(record.report_hash) or self._recount(record, counted)
            if recount.settled is not None:
                # What is missing may yet come; what was counted stays so.
                self._kept[record.report_hash] = recount
                counted.update(recount.settled.counted)
            found.append(recount)
        return found

    def _recount(self, record: EpochRecord, counted: AbstractSet[Digest]) -> Recount:
        app, report = self._app, record.report
        closed = app.node.block(report.state_block)
        try:
            events = segment_events(app, report.segments_digest)
        except BlockMissing:
            return Recount(record, closed)
        state = settlement_state(
            app.store,
            at=closed,
            token=report.token,
            epoch=report.epoch,
            previous_report=report.previous_report,
            counted_ids=counted,
        )
        settled = settle_epoch(events, state, Carried())
        if settled.usage_root != report.usage_root:
            return Recount(record, closed)
        income = income_by_work(settled.credits)
        flows = {}
        for licence_id in {event.licence_id for event in settled.counted_events}:
            licence = state.licences[licence_id]
            vector = state.vector_of(licence.work_id)
            flows[licence_id] = tuple(vector.divide(licence.work_id, licence.terms.unit_price))
        by_split = entitlements(income, replace(state, rules={}))
        return Recount(record, closed, settled, income, flows, by_split, state.frozen)


def is_rejected(
    roots: Mapping[tuple[Address, EpochNumber], RootRecord], record: EpochRecord
) -> bool:
    root = roots.get((record.report.token, record.report.epoch))
    return root is not None and root.state is RootState.REJECTED


def segment_events(app: Application, segments_digest: Digest) -> list[UsageEvent]:
    """The events of one epoch, as its segment set lists them. Raises BlockMissing, BlockCorrupt."""
    manifest = get_manifest(app.papers, manifest_cid(segments_digest), SegmentsManifest)
    return [
        event
        for segment in manifest.body.segments
        for event in decode_segment(app.papers.get(Cid.from_digest(segment.cid.digest, Codec.RAW)))
    ]
