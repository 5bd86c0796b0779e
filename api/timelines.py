"""Every payment and every usage event as uses, one per payee it owes, for the metrics.

Times are the chain's. When a use was filed is not on chain; it is taken to be when its epoch was
closed, so the stage before is never flattered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from api.application import Application
from api.recounting import Recount
from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReportState
from chain.indexer.direct_report_store import DirectReportRecord
from chain.indexer.records import DirectPayout, EpochPayout, Place, RootRecord, SplitRecord
from chain.ledger.identifiers import Address, EpochNumber, WorkId
from chain.ledger.rights import UNIT_NUMERATOR, Split
from chain.ledger.vectors import AncestorVector
from chain.metrics.period import Handover, Lane, Use

# Whether a payout was pushed, or its payee asked for it.
HowPaid = Callable[[DirectPayout | EpochPayout], Handover]


def direct_uses(app: Application, token: Address, at: BlockPin, how_paid: HowPaid) -> Iterator[Use]:
    """One use per payment and payee; a payee who could not take its money has no last time.

    A use that was reported by itself begins when it happened, not when its price was paid.
    """
    vectors = {d.child: d.vector for d in app.store.derivatives(at=at)}
    splits: dict[WorkId, list[SplitRecord]] = defaultdict(list)
    for record in app.store.splits(at=at):
        splits[record.work_id].append(record)
    paid: dict[tuple[WorkId, Address], list[DirectPayout]] = defaultdict(list)
    for payout in app.store.direct_payouts(at=at):
        if payout.token == token:
            paid[payout.work_id, payout.payee].append(payout)
    refused = {
        (waits.work_id, waits.payee): waits.place
        for waits in app.store.deferrals(at=at)
        if waits.waiting and waits.token == token and waits.work_id is not None
    }
    for name, work, amount, place, start in _direct_incomes(app, token, at):
        vector = vectors.get(work, AncestorVector())
        for receiver, numerator in vector.divide(work, amount):
            if not splits[receiver]:
                continue
            for payee, value in parts(numerator, in_force(splits[receiver], place)):
                payouts = paid[receiver, payee]
                later = bisect_left(payouts, place, key=lambda payout: payout.place)
                use_id = f"{name}/{receiver}/{payee}"
                if later < len(payouts) and len(start) == _ALL_BUT_PAID:
                    found = payouts[later]
                    times = (*start, found.place.timestamp)
                    yield Use(use_id, Lane.DIRECT, value, how_paid(found), times)
                else:
                    tried = refused.get((receiver, payee))
                    how = _unpaid(tried is not None and tried > place)
                    yield Use(use_id, Lane.DIRECT, value, how, start)


_ALL_BUT_PAID = 6


def _direct_incomes(
    app: Application, token: Address, at: BlockPin
) -> Iterator[tuple[str, WorkId, int, Place, tuple[int, ...]]]:
    """Name, work, amount, place and the times before PAID of what was or will be paid directly."""
    released: dict[tuple[bytes, WorkId], list[DirectReportRecord]] = defaultdict(list)
    for report in app.store.direct_reports(at=at):
        if report.held.token != token or report.state is DirectReportState.REJECTED:
            continue
        if report.ended is not None:
            released[report.ended.tx_hash, report.held.work_id].append(report)
        else:
            name = f"0x{report.event_id.hex()}"
            times = _reported_times(report, at.timestamp)
            yield name, report.held.work_id, report.held.amount, report.place, times
    for payment in app.store.payments(at=at):
        if payment.token != token:
            continue
        place = payment.place
        reports = released[place.tx_hash, payment.work_id]
        times = (place.timestamp,) * _ALL_BUT_PAID
        if reports:
            times = (*_reported_times(reports.pop(0), place.timestamp)[:5], place.timestamp)
        name = f"{place.block_number}-{place.log_index}"
        yield name, payment.work_id, payment.amount, place, times


def _reported_times(report: DirectReportRecord, until: int) -> tuple[int, ...]:
    """Of a use reported by itself; CLAIMABLE when anybody could have its price released."""
    used, posted = report.report.event.occurred_at, report.place.timestamp
    reached = (used, used, posted, posted, posted)
    releasable = report.held.releasable_from
    return (*reached, releasable) if releasable <= until else reached


def _unpaid(is_refused: bool) -> Handover:
    return Handover.REFUSED if is_refused else Handover.PENDING


def in_force(versions: Sequence[SplitRecord], place: Place) -> Split:
    """The split that income at a place belongs to; what came before the first belongs to that."""
    later = bisect_right(versions, place, key=lambda record: record.place)
    return versions[max(0, later - 1)].split


def parts(numerator: int, split: Split) -> Iterator[tuple[Address, int]]:
    """What each payee has of an income, in whole base units; weights, not money."""
    for share in split.shares:
        yield share.payee, numerator * share.bps // UNIT_NUMERATOR


def epoch_uses(
    app: Application, recounts: Sequence[Recount], at: BlockPin, how_paid: HowPaid
) -> Iterator[Use]:
    """One use per counted usage event and payee."""
    roots = {(root.token, root.epoch): root for root in app.store.roots(at=at)}
    paid: dict[tuple[Address, Address], list[EpochPayout]] = defaultdict(list)
    for payout in app.store.epoch_payouts(at=at):
        paid[payout.token, payout.payee].append(payout)
    refused = {
        (waits.token, waits.payee): waits.place
        for waits in app.store.deferrals(at=at)
        if waits.waiting and waits.work_id is None
    }
    for number, recount in enumerate(recounts):
        settled, report = recount.settled, recount.record.report
        if settled is None:
            continue
        payees: dict[WorkId, list[tuple[Address, int]]] = defaultdict(list)
        ends = {}
        for (work, payee), entitled in settled.entitled.items():
            payees[work].append((payee, entitled))
            whose = (report.token, payee)
            root = _paying_root(recounts[number:], (work, payee), roots)
            tried = refused.get(whose)
            ends[work, payee] = _end_of_way(recount, root, paid[whose], tried, how_paid)
        for event, event_id in zip(settled.counted_events, settled.counted, strict=True):
            used = event.occurred_at
            for work, numerator in recount.flows[event.licence_id]:
                for payee, entitled in payees[work]:
                    # The event's part of what the work brought the payee, by split and rule.
                    value = numerator * entitled // (recount.income[work] * UNIT_NUMERATOR)
                    end, how = ends[work, payee]
                    use_id = f"0x{event_id.hex()}/{work}/{payee}"
                    yield Use(use_id, Lane.EPOCH, value, how, (used, used, *end))


def _paying_root(
    recounts: Sequence[Recount],
    share: tuple[WorkId, Address],
    roots: Mapping[tuple[Address, EpochNumber], RootRecord],
) -> RootRecord | None:
    """The root that pays what a share earned in the first of these epochs.

    It is the epoch's own, or that of the first later one in which the share is not frozen.
    """
    for recount in recounts:
        if recount.settled is not None and share not in recount.frozen:
            return roots.get((recount.record.report.token, recount.record.report.epoch))
    return None


def _end_of_way(
    recount: Recount,
    root: RootRecord | None,
    paid: list[EpochPayout],
    refused: Place | None,
    how_paid: HowPaid,
) -> tuple[tuple[int, ...], Handover]:
    """The times from REPORTED on that a payee's part of an epoch has reached, and how it came."""
    closed = recount.closed.timestamp
    booked = (closed, closed, recount.record.place.timestamp)
    if root is None or root.decided is None:
        return booked, Handover.PENDING
    claimable = (*booked, root.claimable_from)
    later = bisect_left(paid, root.decided, key=lambda payout: payout.place)
    if later < len(paid):
        return (*claimable, paid[later].place.timestamp), how_paid(paid[later])
    return claimable, _unpaid(refused is not None and refused > root.decided)
