"""How long money takes from a use to its payee, in whole seconds, without forgetting the unpaid.

Seven times mark the way of a use (`timelines`). What has not arrived when a report is made is
right-censored: it has waited for its age and will take longer. `percentiles` bounds what that can
come to, `survival` estimates it (Kaplan-Meier), `batches` reads clocks that only tick, and `report`
puts them together.
"""

from chain.metrics.latency.percentiles import (
    MEDIAN,
    P90,
    Percentile,
    Reach,
    percentile,
)
from chain.metrics.latency.report import Latency, LatencyReport, Mark, latency_report
from chain.metrics.latency.survival import (
    Interval,
    IntervalMethod,
    Observation,
    SurvivalCurve,
    SurvivalStep,
)
from chain.metrics.latency.timelines import Milestone, Timeline

__all__ = [
    "MEDIAN",
    "P90",
    "Interval",
    "IntervalMethod",
    "Latency",
    "LatencyReport",
    "Mark",
    "Milestone",
    "Observation",
    "Percentile",
    "Reach",
    "SurvivalCurve",
    "SurvivalStep",
    "Timeline",
    "latency_report",
    "percentile",
]
