"""All metrics of one period, from its record: the same report wherever it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from chain.metrics.binomial import Share, share_of
from chain.metrics.failure import failure_rate
from chain.metrics.fulfilment import Fulfilment, automatic_fulfilment
from chain.metrics.gains import Gains, compare
from chain.metrics.inequality import Decomposition, InequalityPair, decompose, measure_both
from chain.metrics.latency import (
    LatencyReport,
    Milestone,
    SurvivalCurve,
    Timeline,
    latency_report,
)
from chain.metrics.latency.report import sound_timelines, waits
from chain.metrics.period import Lane, PeriodRecord
from chain.metrics.traceability import Traceability, traceability, value_traceability


@dataclass(frozen=True)
class StageSums:
    """Seconds that `paid` uses of a lane spent in each stage, all of them together.

    Unlike percentiles, sums add up: the stages' are exactly the way's.
    """

    lane: Lane
    paid: int
    stages: tuple[tuple[Milestone, int], ...]

    @property
    def whole(self) -> int:
        return sum(seconds for _, seconds in self.stages)


@dataclass(frozen=True, eq=False)
class ValueChainReport:
    """One period, measured; docs/METRICS.md has each name. Equal to itself alone.

    Inequality is of community payees; `by_community` and `by_tradition` split it, None where nobody
    was paid. `curves` are of the waits until in hand. `rule_change` compares what the epochs
    brought with what the splits alone would have; None where no rule held.
    """

    record: PeriodRecord
    inequality: InequalityPair
    by_community: Decomposition | None
    by_tradition: Decomposition | None
    latency: LatencyReport
    latency_by_lane: dict[Lane, LatencyReport]
    curves: dict[Lane, SurvivalCurve]
    curve_by_value: SurvivalCurve
    stage_sums: tuple[StageSums, ...]
    traceability: Traceability
    value_traceability: Fraction | None
    payout_traceability: Fraction | None
    failure_rate: Share
    dispute_rate: Share
    fulfilment: Fulfilment
    rule_change: Gains[str] | None

    @property
    def is_simulated(self) -> bool:
        return bool(self.record.simulated)

    @property
    def label(self) -> str:
        """What every picture and page says of what is simulated; empty for a real period."""
        return f"SIMULATED: {', '.join(self.record.simulated)}" if self.record.simulated else ""

    @property
    def amounts(self) -> list[int]:
        """Paid base units of every registered community payee."""
        return [payee.paid for payee in self.record.payees]


def value_chain_report(record: PeriodRecord) -> ValueChainReport:
    """Measure a period; raises MetricRefused when the record has no meaning for a metric."""
    payees, as_of = record.payees, record.period.as_of.timestamp
    paid = {payee.payee: payee.paid for payee in payees}
    payouts, disputes = record.payouts, record.disputes
    uses: dict[Lane, list[Timeline]] = {lane: [] for lane in Lane}
    for use in record.uses:
        uses[use.lane].append(use.timeline)
    every = [timeline for lane in Lane for timeline in uses[lane]]
    sound = {lane: sound_timelines(uses[lane], as_of) for lane in Lane}
    way = (Milestone.USED, Milestone.PAID, as_of)
    return ValueChainReport(
        record=record,
        inequality=measure_both(paid.values()),
        by_community=decompose(paid, {p.payee: p.community for p in payees}),
        by_tradition=decompose(paid, {p.payee: p.tradition for p in payees}),
        latency=latency_report(every, as_of),
        latency_by_lane={lane: latency_report(uses[lane], as_of) for lane in Lane},
        curves={lane: waits(sound[lane], *way) for lane in Lane},
        curve_by_value=waits(sound_timelines(every, as_of), *way, by_value=True),
        stage_sums=tuple(_stage_sums(lane, sound[lane]) for lane in Lane),
        traceability=traceability(record.outcomes),
        value_traceability=value_traceability(payouts.traced_units, payouts.units),
        payout_traceability=value_traceability(payouts.traced_count, payouts.count),
        failure_rate=failure_rate(record.transactions.failed, record.transactions.submitted),
        dispute_rate=share_of("disputed shares", disputes.disputed_shares, disputes.shares),
        fulfilment=automatic_fulfilment(record.uses),
        rule_change=compare(
            {payee.payee: payee.by_split for payee in payees},
            {payee.payee: payee.earned for payee in payees},
        )
        if record.rules
        else None,
    )


def _stage_sums(lane: Lane, sound: Iterable[Timeline]) -> StageSums:
    paid = [timeline for timeline in sound if len(timeline.times) > Milestone.PAID]
    stages = tuple(
        (end, sum(one.times[end] - one.times[start] for one in paid))
        for start, end in pairwise(Milestone)
    )
    sums = StageSums(lane, len(paid), stages)
    assert sums.whole == sum(one.times[Milestone.PAID] - one.times[Milestone.USED] for one in paid)
    return sums
