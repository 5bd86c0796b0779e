"""A report as plain JSON: fractions as {exact, value}, nothing as null, money as text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from chain.metrics.binomial import CONFIDENCE, Share
from chain.metrics.failure import failure_in_words
from chain.metrics.fulfilment import Fulfilment
from chain.metrics.gains import Gains
from chain.metrics.latency import Latency, LatencyReport, Mark
from chain.metrics.report import StageSums, ValueChainReport
from chain.metrics.traceability import Traceability

Plain = dict[str, Any]


def plain_report(report: ValueChainReport) -> Plain:
    """Every number of the report under the names of docs/METRICS.md."""
    record, period = report.record, report.record.period
    return {
        "period": period.name,
        "first_block": period.first_block,
        "last_block": period.last_block,
        "as_of": {"block": period.as_of.number, "timestamp": period.as_of.timestamp},
        "chain_id": record.chain_id,
        "token": record.money.token,
        "simulated": list(record.simulated),
        "uncounted_epochs": list(record.uncounted_epochs),
        "inequality": {
            "registered": report.inequality.registered.to_plain(),
            "paid": report.inequality.paid.to_plain(),
        },
        "decomposition": {
            name: None if found is None else found.to_plain()
            for name, found in (
                ("community", report.by_community),
                ("tradition", report.by_tradition),
            )
        },
        "latency": _plain_latencies(report.latency),
        "latency_by_lane": {
            lane.value: _plain_latencies(found) for lane, found in report.latency_by_lane.items()
        },
        "stage_means": {sums.lane.value: _plain_sums(sums) for sums in report.stage_sums},
        "traceability": _plain_traceability(report.traceability),
        "value_traceability": _plain_fraction(report.value_traceability),
        "payout_traceability": _plain_fraction(report.payout_traceability),
        "failure_rate": {
            **_plain_share(report.failure_rate),
            "in_words": failure_in_words(report.failure_rate),
        },
        "dispute_rate": {
            **_plain_share(report.dispute_rate),
            "cases": dict(record.disputes.cases),
            "put_forward": record.disputes.put_forward,
            "thrown_out": record.disputes.thrown_out,
        },
        "automatic_fulfilment": _plain_fulfilment(report.fulfilment),
        "rule_change": None if report.rule_change is None else _plain_gains(report.rule_change),
    }


def _plain_fraction(value: Fraction | None) -> Plain | None:
    return None if value is None else {"exact": str(value), "value": float(value)}


def _plain_mark(mark: Mark) -> Plain:
    interval = mark.interval
    return {
        "reach": mark.estimate.reach.value,
        "seconds": mark.estimate.seconds,
        "interval": None if interval is None else [interval.low, interval.high],
        "method": None if interval is None else interval.method.value,
        "bound": {"reach": mark.bound.reach.value, "seconds": mark.bound.seconds},
    }


def _plain_latency(latency: Latency) -> Plain:
    return {
        "entered": latency.entered,
        "arrived": latency.arrived,
        "median": _plain_mark(latency.median),
        "p90": _plain_mark(latency.p90),
        "median_by_value": _plain_mark(latency.median_by_value),
        "p90_by_value": _plain_mark(latency.p90_by_value),
        "plateau": latency.plateau,
        "follow_up": latency.follow_up,
        "at_follow_up": latency.at_follow_up,
    }


def _plain_latencies(report: LatencyReport) -> Plain:
    return {
        "uses": report.uses,
        "skewed": report.skewed,
        "available_latency": _plain_latency(report.available),
        "in_hand_latency": _plain_latency(report.in_hand),
        "stage_latency": {
            milestone.name.lower(): _plain_latency(latency) for milestone, latency in report.stages
        },
    }


def _plain_sums(sums: StageSums) -> Plain:
    means = {
        milestone.name.lower(): _plain_fraction(Fraction(seconds, sums.paid) if sums.paid else None)
        for milestone, seconds in sums.stages
    }
    return {"paid": sums.paid, "seconds": str(sums.whole), **means}


def _plain_share(share: Share) -> Plain:
    return {
        "part": share.part,
        "whole": share.whole,
        "rate": _plain_fraction(share.rate),
        "interval": None if share.low is None else [share.low, share.high],
        "confidence": CONFIDENCE,
    }


def _plain_traceability(measured: Traceability) -> Plain:
    return {
        "marked": measured.marked,
        "unmarked": measured.unmarked,
        "funnel": {step.name.lower(): count for step, count in measured.funnel},
        "traceability": _plain_share(measured.traced),
        "false_attribution": _plain_share(measured.false_attribution),
    }


def _plain_fulfilment(found: Fulfilment) -> Plain:
    return {
        "rate": _plain_fraction(found.rate),
        "rate_by_use": _plain_fraction(found.rate_by_use),
        "uses": {how.value: count for how, count in found.uses.items()},
        "units": {how.value: str(units) for how, units in found.units.items()},
    }


def _plain_gains(gains: Gains[str]) -> Plain:
    return {
        "gained": gains.gained,
        "lost": gains.lost,
        "unchanged": gains.unchanged,
        "moved": str(gains.moved),
        "moved_share": _plain_fraction(gains.moved_share),
        "created": str(gains.created),
        "largest_loss": _plain_fraction(gains.largest_loss),
        "payees": [
            {"payee": one.payee, "before": str(one.before), "after": str(one.after)}
            for one in gains.changes
        ],
    }
