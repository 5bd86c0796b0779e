"""What an epoch is built on: everything the standing epochs before it counted and handed on.

Neither is taken from anybody's word: each posted epoch is computed again from its own segments, and
must come out as the very report that is on chain. What was computed once is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.indexer.records import EpochRecord
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest, EpochNumber
from chain.provenance import BlockReader, Cid, Codec, SegmentsManifest, get_manifest
from chain.settlement.carried import Carried
from chain.settlement.counted_ids import CountedIds
from chain.settlement.segments import Records, joined_records, segment_records
from chain.settlement.settle_columns import ColumnarSettlement, settle_records
from oracle.chain_view import ChainView
from oracle.errors import HistoryMismatch
from oracle.papers import differences


@dataclass(frozen=True)
class Prior:
    """The ledger after some epoch: the next report in its token builds on exactly this."""

    epoch: EpochNumber
    report_hash: Digest
    carried: Carried
    counted: CountedIds


BEGINNING = Prior(EpochNumber(0), ZERO_DIGEST, Carried(), CountedIds())


class EpochHistory:
    """One reader's own recomputation of the epochs that stand.

    Reports are chained by hash, per token; one whose root was rejected is in no chain, and the
    usage that it counted waits again.
    """

    def __init__(self, view: ChainView, blocks: BlockReader) -> None:
        self._view = view
        self._blocks = blocks
        self._known: dict[Digest, Prior] = {ZERO_DIGEST: BEGINNING}

    def next_number(self, at: BlockPin) -> EpochNumber:
        """The number after every epoch posted at a block, rejected ones and other tokens' too."""
        return EpochNumber(len(self._view.posted(at)) + 1)

    def last(self, token: Address, at: BlockPin) -> Prior:
        """The ledger after the last epoch in a token that stands at a block.

        Raises HistoryMismatch, or a BlockError when segments are not to be had.
        """
        standing = self._standing(at)
        in_token = [record for record in standing if record.report.token == token]
        return self._after(in_token[-1].report_hash, standing) if in_token else BEGINNING

    def all(self, at: BlockPin) -> tuple[Prior, ...]:
        """The ledger after each epoch that stands, in the order of posting. Raises as `last`."""
        standing = self._standing(at)
        return tuple(self._after(record.report_hash, standing) for record in standing)

    def settlement_of(self, report: EpochReport, at: BlockPin) -> ColumnarSettlement:
        """A report that stands at a block, settled again with all it was built on. Raises as
        `last`."""
        return self._settlement(self._after(report.previous_report, self._standing(at)), report)

    def _standing(self, at: BlockPin) -> list[EpochRecord]:
        rejected = self._view.rejected(at)
        return [record for record in self._view.posted(at) if record.report.epoch not in rejected]

    def _after(self, report_hash: Digest, standing: list[EpochRecord]) -> Prior:
        by_hash = {record.report_hash: record.report for record in standing}
        missing: list[EpochReport] = []
        while report_hash not in self._known:
            report = by_hash[report_hash]
            missing.append(report)
            report_hash = report.previous_report
        prior = self._known[report_hash]
        for report in reversed(missing):
            prior = self._settle(prior, report)
            self._known[prior.report_hash] = prior
        return prior

    def _settle(self, prior: Prior, report: EpochReport) -> Prior:
        settlement = self._settlement(prior, report)
        return Prior(
            report.epoch,
            report.struct_hash(),
            settlement.carried,
            prior.counted.plus(settlement.counted),
        )

    def _settlement(self, prior: Prior, report: EpochReport) -> ColumnarSettlement:
        records = records_of(self._blocks, report)
        at = self._view.at(report.state_block)
        state = self._view.settlement_state(
            at, report.token, report.epoch, prior.report_hash, prior.counted
        )
        settlement = settle_records(records, state, prior.carried)
        found = differences(report, settlement.report(report.segments_digest))
        if found:
            raise HistoryMismatch(report.epoch, found)
        return settlement


def segments_manifest(blocks: BlockReader, digest: Digest) -> SegmentsManifest:
    """The manifest a report names by digest. Raises a BlockError, ManifestInvalid, NotCanonical."""
    cid = Cid(1, Codec.DAG_CBOR, digest)
    return get_manifest(blocks, cid, SegmentsManifest).body


def records_of(blocks: BlockReader, report: EpochReport) -> Records:
    """All records of an epoch's segments, fetched and verified by content id."""
    manifest = segments_manifest(blocks, report.segments_digest)
    found = [segment_records(blocks.get(entry.cid)) for entry in manifest.segments]
    return joined_records(found)
