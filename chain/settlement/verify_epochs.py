"""Is every posted epoch what its segments come to? Settles each again, from the first.

Nothing is taken over from the operators but the segments they signed for: splits, vectors and
licences come from the index at the report's state block, earlier entitlements from our own
recomputation of the epochs before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.node import Node
from chain.client.usage_oracle import UsageOracle
from chain.indexer.records import EpochRecord, Place
from chain.indexer.store import Store
from chain.ledger.epoch import EpochReport, LicenceUsage, licence_usage_hash
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest, EpochNumber
from chain.ledger.sum_tree import Payout
from chain.settlement.carried import Carried
from chain.settlement.findings import Check, Findings
from chain.settlement.segment_sets import ReadBlock, SegmentSet, read_segment_set
from chain.settlement.settle import EpochSettlement, settle_epoch
from chain.settlement.state import settlement_state
from chain.settlement.verify_ledgers import View, compare_views

# Gives the leaves that were published for an epoch, in the tree's order; None if there are none.
ReadPayouts = Callable[[EpochNumber], Sequence[Payout] | None]


def verify_epochs(
    findings: Findings,
    store: Store,
    node: Node,
    deployment: Deployment,
    at: BlockPin,
    *,
    read_block: ReadBlock,
    second_copy: ReadBlock | None = None,
    read_payouts: ReadPayouts | None = None,
) -> None:
    """Recompute every report up to a block; compare roots, totals and each leaf."""
    records = store.epochs(at=at)
    _verify_chain_of_reports(findings, records, node, deployment, at)
    settled: dict[EpochNumber, EpochSettlement] = {}
    carried, counted = Carried(), set[Digest]()
    for record in records:
        epoch = record.report.epoch
        digest = record.report.segments_digest
        segments = read_segment_set(findings, epoch, digest, read_block, second_copy)
        if segments is None:
            findings.differ(
                Check.REPORTS, f"epoch {epoch} and all after it", "a recomputation", "no segments"
            )
            return
        state_at = node.block(record.report.state_block)
        state = settlement_state(
            store, at=state_at, token=record.report.token, counted_ids=frozenset(counted)
        )
        outcome = settle_epoch(segments.events, state, carried)
        _compare_report(findings, record, outcome, segments)
        if read_payouts is not None:
            _compare_leaves(findings, epoch, outcome.payouts, read_payouts(epoch))
        carried = outcome.carried
        counted.update(outcome.counted)
        settled[epoch] = outcome
    _compare_payouts(findings, store, settled, at)


def _verify_chain_of_reports(
    findings: Findings,
    records: Sequence[EpochRecord],
    node: Node,
    deployment: Deployment,
    at: BlockPin,
) -> None:
    previous = ZERO_DIGEST
    views = [View("last epoch", "lastEpoch", (), len(records))]
    for number, record in enumerate(records, start=1):
        report = record.report
        place = f"report of epoch {report.epoch}"
        findings.compare(Check.REPORTS, f"{place}, number", number, report.epoch)
        findings.compare(
            Check.REPORTS, f"{place}, previous report", previous, report.previous_report
        )
        findings.compare(Check.REPORTS, f"{place}, hash", report.struct_hash(), record.report_hash)
        findings.compare(
            Check.REPORTS,
            f"{place}, usage per licence",
            licence_usage_hash(record.licence_usage),
            report.licence_usage_hash,
        )
        views.append(View(f"{place} on chain", "reportHashOf", (number,), record.report_hash))
        previous = record.report_hash
    compare_views(findings, Check.REPORTS, UsageOracle.of(node, deployment), views, at)


def _compare_report(
    findings: Findings, record: EpochRecord, outcome: EpochSettlement, segments: SegmentSet
) -> None:
    posted = record.report
    computed = outcome.report(posted.epoch, posted.previous_report, posted.segments_digest)
    hint = f", see segment {', '.join(segments.suspects)}" if segments.suspects else ""
    for name in EpochReport.__dataclass_fields__:
        place = f"report of epoch {posted.epoch}, {name.replace('_', ' ')}{hint}"
        expected, found = getattr(computed, name), getattr(posted, name)
        if name == "cumulative_total":
            findings.compare_units(Check.REPORTS, place, expected, found)
        else:
            findings.compare(Check.REPORTS, place, expected, found)
    _compare_usage(findings, posted.epoch, outcome.licence_usage, record.licence_usage, hint)
    if not segments.whole or computed != posted:
        for refusal in outcome.refused:
            findings.differ(
                Check.SEGMENTS,
                f"usage event 0x{refusal.event_id.hex()} of epoch {posted.epoch}",
                "an event that counts, or one that was refused before",
                f"{refusal.reason} ({refusal.event})",
            )


def _compare_usage(
    findings: Findings,
    epoch: EpochNumber,
    computed: Sequence[LicenceUsage],
    posted: Sequence[LicenceUsage],
    hint: str,
) -> None:
    """The posted use per licence stands on chain in full, so it says whose events were altered."""
    ours = {line.licence_id: line for line in computed}
    theirs = {line.licence_id: line for line in posted}
    for licence in sorted(ours.keys() | theirs.keys()):
        nothing = LicenceUsage(licence, 0, 0)
        mine, other = ours.get(licence, nothing), theirs.get(licence, nothing)
        place = f"use of licence {licence} in epoch {epoch}{hint}"
        findings.compare(Check.REPORTS, f"{place}, events", mine.units, other.units)
        findings.compare_units(Check.REPORTS, f"{place}, value", mine.revenue, other.revenue)


def _compare_leaves(
    findings: Findings,
    epoch: EpochNumber,
    computed: Sequence[Payout],
    published: Sequence[Payout] | None,
) -> None:
    if published is None:
        findings.unread.append(f"published payouts of epoch {epoch}")
        return
    places = {payout.payee: index for index, payout in enumerate(computed)}
    ours = {payout.payee: payout.cumulative for payout in computed}
    theirs = {payout.payee: payout.cumulative for payout in published}
    for payee in sorted(ours.keys() | theirs.keys()):
        leaf = f"leaf {places[payee]}" if payee in places else "a leaf that should not be"
        findings.compare_units(
            Check.LEAVES,
            f"{leaf} of epoch {epoch}, payee {payee}",
            ours.get(payee, 0),
            theirs.get(payee, 0),
        )


def _compare_payouts(
    findings: Findings,
    store: Store,
    settled: dict[EpochNumber, EpochSettlement],
    at: BlockPin,
) -> None:
    """Every payout must be the leaf of the epoch that was active when it was made."""
    activations: dict[Address, list[tuple[Place, EpochNumber]]] = {}
    for root in store.roots(at=at):
        if root.decided is not None and root.state.value != "rejected":
            activations.setdefault(root.token, []).append((root.decided, root.epoch))
    leaves = {
        epoch: {payout.payee: payout.cumulative for payout in outcome.payouts}
        for epoch, outcome in settled.items()
    }
    for payout in store.epoch_payouts(at=at):
        active = sorted(activations.get(payout.token, []))
        index = bisect_right([place for place, _ in active], payout.place) - 1
        place = f"payout to {payout.payee} at block {payout.place.block_number}"
        if index < 0:
            findings.differ(Check.LEAVES, place, "an active epoch", "none")
            continue
        epoch = active[index][1]
        expected = leaves.get(epoch, {}).get(payout.payee, 0)
        findings.compare_units(Check.LEAVES, f"{place}, by epoch {epoch}", expected, payout.claimed)
