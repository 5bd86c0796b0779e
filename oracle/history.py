"""What an epoch is built on: everything the chain's earlier epochs counted and handed on.

Neither is taken from anybody's word: each posted epoch is computed again from its own segments, and
must come out as the very report that is on chain. What was computed once is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import ZERO_DIGEST, Digest, EpochNumber
from chain.ledger.usage import UsageEvent
from chain.provenance import BlockReader, Cid, Codec, SegmentsManifest, get_manifest
from chain.settlement.carried import Carried
from chain.settlement.segments import decode_segment
from chain.settlement.settle import settle_epoch
from oracle.chain_view import ChainView
from oracle.errors import HistoryMismatch
from oracle.papers import differences


@dataclass(frozen=True)
class Prior:
    """The ledger after some epoch: the next report builds on exactly this."""

    epoch: EpochNumber
    report_hash: Digest
    carried: Carried
    counted: frozenset[Digest]


BEGINNING = Prior(EpochNumber(0), ZERO_DIGEST, Carried(), frozenset())


class EpochHistory:
    """One reader's own recomputation of all posted epochs."""

    def __init__(self, view: ChainView, blocks: BlockReader) -> None:
        self._view = view
        self._blocks = blocks
        self._known: list[Prior] = [BEGINNING]

    def before(self, epoch: int | None, at: BlockPin) -> Prior:
        """The ledger before `epoch`, or after the last epoch posted at `at` when None.

        Raises HistoryMismatch, or a BlockError when segments are not to be had.
        """
        posted = [
            r.report for r in self._view.posted(at) if epoch is None or r.report.epoch < epoch
        ]
        self._forget_replaced(posted)
        for report in posted[len(self._known) - 1 :]:
            self._known.append(self._after(self._known[-1], report))
        return self._known[len(posted)]

    def all(self, at: BlockPin) -> tuple[Prior, ...]:
        """The ledger after each posted epoch. Raises as `before`."""
        self.before(None, at)
        return tuple(self._known[1:])

    def _forget_replaced(self, posted: list[EpochReport]) -> None:
        """A reorganisation may have put another report in the place of one remembered."""
        for index, report in enumerate(posted[: len(self._known) - 1]):
            if report.struct_hash() != self._known[index + 1].report_hash:
                del self._known[index + 1 :]
                return

    def _after(self, prior: Prior, report: EpochReport) -> Prior:
        events = events_of(self._blocks, report)
        at = self._view.at(report.state_block)
        state = self._view.settlement_state(at, report.token, prior.counted)
        settlement = settle_epoch(events, state, prior.carried)
        computed = settlement.report(report.epoch, prior.report_hash, report.segments_digest)
        found = differences(report, computed)
        if found:
            raise HistoryMismatch(report.epoch, found)
        return Prior(
            report.epoch,
            computed.struct_hash(),
            settlement.carried,
            prior.counted | frozenset(settlement.counted),
        )


def segments_manifest(blocks: BlockReader, digest: Digest) -> SegmentsManifest:
    """The manifest a report names by digest. Raises a BlockError, ManifestInvalid, NotCanonical."""
    cid = Cid(1, Codec.DAG_CBOR, digest)
    return get_manifest(blocks, cid, SegmentsManifest).body


def events_of(blocks: BlockReader, report: EpochReport) -> list[UsageEvent]:
    """All events of an epoch's segments, fetched and verified by content id."""
    manifest = segments_manifest(blocks, report.segments_digest)
    return [event for entry in manifest.segments for event in decode_segment(blocks.get(entry.cid))]
