"""Is every epoch that stands what its segments come to? Settles each again, from the first.

Nothing is taken over from the operators but the segments they signed for: splits, vectors and
licences come from the index at the report's state block, earlier entitlements from our own
recomputation of the epochs before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.epoch_distributor import EpochDistributor
from chain.client.node import Node
from chain.client.usage_oracle import UsageOracle
from chain.indexer.records import EpochRecord, Place
from chain.indexer.store import Store
from chain.ledger.epoch import EpochReport, LicenceUsage, licence_usage_hash
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest, EpochNumber
from chain.ledger.sum_tree import Payout
from chain.settlement.carried import Carried
from chain.settlement.counted_ids import CountedIds
from chain.settlement.findings import Check, Findings, RejectedReport
from chain.settlement.rows import rows_in
from chain.settlement.segment_sets import ReadBlock, SegmentSet, read_segment_set
from chain.settlement.segments import segment_domain
from chain.settlement.settle import EpochSettlement, settle_rows
from chain.settlement.settle_columns import settle_records
from chain.settlement.state import settlement_state
from chain.settlement.verify_credits import verify_charges
from chain.settlement.verify_direct_reports import verify_paid_once
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
    """Recompute every report that stands at a block; compare roots, totals and each leaf.

    A rejected report pays nobody and nothing is built on it, so it is named, not compared.
    """
    records, standing = _standing(findings, store, at)
    _verify_chain_of_reports(findings, records, standing)
    verify_charges(findings, store, records, at)
    _verify_views(findings, records, standing, node, deployment, at)
    settled = _recompute(
        findings,
        store,
        deployment,
        standing,
        node.block,
        read_block=read_block,
        second_copy=second_copy,
        read_payouts=read_payouts,
    )
    if len(settled) == len(standing):
        counted = frozenset(event_id for each in settled.values() for event_id in each.counted)
        verify_paid_once(findings, store, counted, at)
        by_epoch = {record.report.epoch: settled[record.report_hash] for record in standing}
        _compare_payouts(findings, store, by_epoch, at)


def verify_epoch(
    findings: Findings,
    store: Store,
    deployment: Deployment,
    epoch: EpochNumber,
    at: BlockPin,
    *,
    pin_of: Callable[[int], BlockPin],
    read_block: ReadBlock,
) -> EpochSettlement | None:
    """Recompute one epoch and those it is built on, with no node: from an index at a block, the
    blocks' pins and the segments. None when it cannot be recomputed."""
    records, standing = _standing(findings, store, at)
    _verify_chain_of_reports(findings, records, standing)
    asked = [record for record in standing if record.report.epoch == epoch]
    if not asked:
        findings.differ(Check.REPORTS, f"epoch {epoch}", "a report that stands", "none")
        return None
    of_token = [
        record
        for record in standing
        if record.report.token == asked[0].report.token and record.report.epoch <= epoch
    ]
    settled = _recompute(findings, store, deployment, of_token, pin_of, read_block=read_block)
    return settled.get(asked[0].report_hash)


def settle_again(
    findings: Findings,
    store: Store,
    deployment: Deployment,
    at: BlockPin,
    *,
    pin_of: Callable[[int], BlockPin],
    read_block: ReadBlock,
) -> dict[EpochNumber, EpochSettlement]:
    """What every epoch that stands comes to, as far as segments are to be had."""
    _, standing = _standing(findings, store, at)
    settled = _recompute(findings, store, deployment, standing, pin_of, read_block=read_block)
    return {
        record.report.epoch: settled[record.report_hash]
        for record in standing
        if record.report_hash in settled
    }


def _standing(
    findings: Findings, store: Store, at: BlockPin
) -> tuple[list[EpochRecord], list[EpochRecord]]:
    """All reports, and those whose root was not rejected."""
    records = store.epochs(at=at)
    faults = {root.epoch: root.fault for root in store.roots(at=at) if root.fault is not None}
    findings.rejected += [
        RejectedReport(record.report.epoch, record.report.token, faults[record.report.epoch])
        for record in records
        if record.report.epoch in faults
    ]
    return records, [record for record in records if record.report.epoch not in faults]


def _recompute(
    findings: Findings,
    store: Store,
    deployment: Deployment,
    standing: Sequence[EpochRecord],
    pin_of: Callable[[int], BlockPin],
    *,
    read_block: ReadBlock,
    second_copy: ReadBlock | None = None,
    read_payouts: ReadPayouts | None = None,
) -> dict[Digest, EpochSettlement]:
    """What each report comes to, by its hash, as far as segments are to be had.

    Each is settled by both calculators: that they agree is a comparison like any other.
    """
    domain = segment_domain(deployment.chain_id, deployment.contracts["UsageOracle"])
    settled: dict[Digest, EpochSettlement] = {}
    counted: dict[Digest, CountedIds] = {ZERO_DIGEST: CountedIds()}
    for record in standing:
        epoch, previous = record.report.epoch, record.report.previous_report
        segments = read_segment_set(
            findings, epoch, record.report.segments_digest, domain, read_block, second_copy
        )
        if segments is None or previous not in counted:
            findings.differ(
                Check.REPORTS, f"epoch {epoch} and all after it", "a recomputation", "no segments"
            )
            break
        state = settlement_state(
            store,
            at=pin_of(record.report.state_block),
            token=record.report.token,
            epoch=epoch,
            previous_report=previous,
            counted_ids=counted[previous],
        )
        carried = settled[previous].carried if previous in settled else Carried()
        outcome = settle_rows(rows_in(segments.records), state, carried)
        by_columns = settle_records(segments.records, state, carried)
        digest = record.report.segments_digest
        place = f"epoch {epoch}, by the second calculator"
        findings.compare(Check.REPORTS, place, outcome.report(digest), by_columns.report(digest))
        _compare_report(findings, record, outcome, segments)
        if read_payouts is not None:
            _compare_leaves(findings, epoch, outcome.payouts, read_payouts(epoch))
        counted[record.report_hash] = counted[previous].plus(by_columns.counted)
        settled[record.report_hash] = outcome
    return settled


def _verify_chain_of_reports(
    findings: Findings,
    records: Sequence[EpochRecord],
    standing: Sequence[EpochRecord],
) -> None:
    """Numbers without a gap; per token, each report that stands names the one before it."""
    for number, record in enumerate(records, start=1):
        place = f"report of epoch {record.report.epoch}"
        findings.compare(Check.REPORTS, f"{place}, number", number, record.report.epoch)
        computed = record.report.struct_hash()
        findings.compare(Check.REPORTS, f"{place}, hash", computed, record.report_hash)
        findings.compare(
            Check.REPORTS,
            f"{place}, usage per licence",
            licence_usage_hash(record.licence_usage),
            record.report.licence_usage_hash,
        )
    last: dict[Address, EpochRecord] = {}
    for record in standing:
        report = record.report
        place = f"report of epoch {report.epoch}, previous report"
        before = last.get(report.token)
        previous = ZERO_DIGEST if before is None else before.report_hash
        findings.compare(Check.REPORTS, place, previous, report.previous_report)
        last[report.token] = record
        # The rule for an epoch is settled once the epoch before it was posted, and not sooner.
        found = bisect_right(records, report.state_block, key=lambda r: r.place.block_number)
        place = f"report of epoch {report.epoch}, epochs posted at its state block"
        findings.compare(Check.REPORTS, place, report.epoch - 1, found)


def _verify_views(
    findings: Findings,
    records: Sequence[EpochRecord],
    standing: Sequence[EpochRecord],
    node: Node,
    deployment: Deployment,
    at: BlockPin,
) -> None:
    """How many reports there are and which stands last in each token, by the contracts' word."""
    last = {record.report.token: record for record in standing}
    oracle = UsageOracle.of(node, deployment)
    count = [View("last epoch", "lastEpoch", (), len(records))]
    compare_views(findings, Check.REPORTS, oracle, count, at)
    # The newest hash of each chain vouches for all before it.
    newest = [
        View(
            f"report of epoch {record.report.epoch} on chain",
            "standingReport",
            (token, record.report.epoch),
            record.report_hash,
        )
        for token, record in sorted(last.items())
    ]
    compare_views(findings, Check.REPORTS, EpochDistributor.of(node, deployment), newest, at)


def _compare_report(
    findings: Findings, record: EpochRecord, outcome: EpochSettlement, segments: SegmentSet
) -> None:
    posted = record.report
    computed = outcome.report(posted.segments_digest)
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
    settled: Mapping[EpochNumber, EpochSettlement],
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
