"""All metrics of one period as one value, and as plain JSON with exact fractions beside floats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chain.ledger.identifiers import Address
from chain.metrics.binomial import CONFIDENCE, Share
from chain.metrics.failure import failure_rate
from chain.metrics.inequality import InequalityPair, measure_both
from chain.metrics.latency import (
    Latency,
    LatencyReport,
    Percentile,
    Timeline,
    latency_report,
)
from chain.metrics.traceability import (
    Traceability,
    TraceOutcome,
    traceability,
    value_traceability,
)


@dataclass(frozen=True)
class MetricInputs:
    """What a period is measured from, as plain values.

    `paid_by_payee` has every registered payee, zero for those not paid, in base units of `token`.
    `simulated` names the parts that no real person or clock produced; empty for a real period.
    """

    period: str
    token: Address
    paid_by_payee: Mapping[Address, int]
    timelines: Sequence[Timeline]
    traces: Sequence[TraceOutcome]
    units_traced: int
    units_paid: int
    transactions_failed: int
    transactions_submitted: int
    simulated: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueChainReport:
    """One period, measured; see docs/METRICS.md for each name."""

    period: str
    token: Address
    simulated: tuple[str, ...]
    inequality: InequalityPair
    latency: LatencyReport
    traceability: Traceability
    value_traceability: Fraction | None
    failure_rate: Share

    def to_plain(self) -> dict[str, Any]:
        """The report for JSON: fractions as {exact, value}, nothing as null, money as text."""
        return {
            "period": self.period,
            "token": self.token,
            "simulated": list(self.simulated),
            "inequality": {
                "registered": self.inequality.registered.to_plain(),
                "paid": self.inequality.paid.to_plain(),
            },
            "latency": _plain_latency_report(self.latency),
            "traceability": _plain_traceability(self.traceability),
            "value_traceability": _plain_fraction(self.value_traceability),
            "failure_rate": _plain_share(self.failure_rate),
        }


def value_chain_report(inputs: MetricInputs) -> ValueChainReport:
    """Measure a period; raises MetricRefused when the input has no meaning for a metric."""
    return ValueChainReport(
        period=inputs.period,
        token=inputs.token,
        simulated=inputs.simulated,
        inequality=measure_both(inputs.paid_by_payee.values()),
        latency=latency_report(inputs.timelines),
        traceability=traceability(inputs.traces),
        value_traceability=value_traceability(inputs.units_traced, inputs.units_paid),
        failure_rate=failure_rate(inputs.transactions_failed, inputs.transactions_submitted),
    )


def _plain_fraction(value: Fraction | None) -> dict[str, Any] | None:
    return None if value is None else {"exact": str(value), "value": float(value)}


def _plain_percentile(percentile: Percentile) -> dict[str, Any]:
    return {"reach": percentile.reach.value, "seconds": percentile.seconds}


def _plain_latency(latency: Latency) -> dict[str, Any]:
    return {
        "entered": latency.entered,
        "arrived": latency.arrived,
        "median": _plain_percentile(latency.median),
        "p90": _plain_percentile(latency.p90),
        "median_by_value": _plain_percentile(latency.median_by_value),
        "p90_by_value": _plain_percentile(latency.p90_by_value),
    }


def _plain_latency_report(report: LatencyReport) -> dict[str, Any]:
    return {
        "uses": report.uses,
        "skewed": report.skewed,
        "available_latency": _plain_latency(report.available),
        "in_hand_latency": _plain_latency(report.in_hand),
        "stage_latency": {
            milestone.name.lower(): _plain_latency(latency) for milestone, latency in report.stages
        },
    }


def _plain_share(share: Share) -> dict[str, Any]:
    interval = None if share.low is None else [share.low, share.high]
    return {
        "part": share.part,
        "whole": share.whole,
        "rate": _plain_fraction(share.rate),
        "interval": interval,
        "confidence": CONFIDENCE,
    }


def _plain_traceability(measured: Traceability) -> dict[str, Any]:
    return {
        "marked": measured.marked,
        "unmarked": measured.unmarked,
        "funnel": {step.name.lower(): count for step, count in measured.funnel},
        "traceability": _plain_share(measured.traced),
        "false_attribution": _plain_share(measured.false_attribution),
    }
