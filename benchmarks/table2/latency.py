"""The latency rows: two arms as drawn times, two more of today, and ours through the contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np

from benchmarks.table2.layout import CURVE
from benchmarks.table2.scheduled import Scheduled
from benchmarks.table2.world import WorkerWaits, running_world
from chain.metrics.latency import Milestone, Timeline, percentile
from chain.metrics.table2.latency_arms import (
    DAY_SECONDS,
    HOURLY_SCHEDULE,
    PAPER_SCHEDULE,
    QUICK_SCHEDULE,
    TOO_QUICK_SCHEDULE,
    UNMATCHED_SHARE,
    Days,
    Schedule,
    Seconds,
    archive_days,
    cross_border_days,
    own_delays,
    paper_delays,
    streaming_days,
    unconditioned_days,
)
from chain.metrics.table2.published import PUBLISHED, QUANTILES, Arm
from oracle.operator import Calculator

Progress = Callable[[str], None]
PAYEES: Final = 4
# Our schedules, and over how many periods uses happen.
OWN: Final = {"hourly": (HOURLY_SCHEDULE, 24), "quick": (QUICK_SCHEDULE, 44)}
INDUSTRY: Final = {"streaming, 2026": streaming_days, "across borders, 2026": cross_border_days}


def drawn_arms(seed: int, uses: int) -> dict[str, Any]:
    """Arms whose times are drawn, not settled by anything."""
    random = np.random.default_rng([seed, 10])
    found = {
        Arm.ARCHIVE.value: _published(archive_days(random, uses), Arm.ARCHIVE),
        Arm.UNCONDITIONED.value: _published(unconditioned_days(random, uses), Arm.UNCONDITIONED),
    }
    return {"arms": found, "industry": {n: _censored(draw(random, uses), random)
                                        for n, draw in INDUSTRY.items()}}  # fmt: skip


def paper_arm(seed: int, uses: int, progress: Progress) -> dict[str, Any]:
    """The paper's third arm, made by contracts on its schedule from drawn delays."""
    random = np.random.default_rng([seed, 11])
    used = random.integers(0, 8 * PAPER_SCHEDULE.period_seconds, uses)
    timelines = _settled(PAPER_SCHEDULE, used, used + paper_delays(random, uses), progress)
    days = (
        np.array([t.between(Milestone.USED, Milestone.CLAIMABLE) for t in timelines]) / DAY_SECONDS
    )
    return {**_published(days, Arm.OURS), **_own(PAPER_SCHEDULE, timelines)}


def own_arm(name: str, seed: int, uses: int, progress: Progress) -> dict[str, Any]:
    """One of our schedules: uses over some periods, each reported after a delay that is drawn."""
    schedule, periods = OWN[name]
    random = np.random.default_rng([seed, 12 + list(OWN).index(name)])
    used = random.integers(0, periods * schedule.period_seconds, uses)
    return _own(schedule, _settled(schedule, used, used + own_delays(random, uses), progress))


def refusal_of_too_quick() -> dict[str, Any]:
    """What the worker says to a schedule whose roots do not fit the contract's queue."""
    schedule = TOO_QUICK_SCHEDULE
    used = np.arange(0, 14 * schedule.period_seconds, schedule.period_seconds // 4)
    try:
        _settled(schedule, used, used, lambda _text: None)
    except WorkerWaits as refused:
        return {"schedule": schedule.name, "refusal": str(refused)}
    return {"schedule": schedule.name, "refusal": None}


def _settled(
    schedule: Schedule, used: Seconds, reported: Seconds, progress: Progress
) -> list[Timeline]:
    def say(text: str) -> None:
        progress(f"{schedule.name}: {text}")

    # One calculator: that both agree is tested elsewhere, and each pool of the equity part asks it.
    with running_world(
        PAYEES, window_seconds=schedule.window_seconds, calculator=Calculator.COLUMNS
    ) as world:
        return Scheduled(world, schedule, say).settle(used, reported)


def _published(days: Days, arm: Arm) -> dict[str, Any]:
    """Quantiles beside the published ones, and a curve."""
    found = _quantiles(days, QUANTILES)
    targets = PUBLISHED[arm].settlement_days
    return {
        "uses": len(days),
        "quantiles": found,
        "published": targets,
        "worst_relative_error": max(abs(a / b - 1) for a, b in zip(found, targets, strict=True)),
        "curve": _quantiles(days, CURVE),
    }


def _own(schedule: Schedule, timelines: Sequence[Timeline]) -> dict[str, Any]:
    stages = {
        end.name: [s / DAY_SECONDS for s in _between(timelines, start, end)]
        for start, end in zip(list(Milestone)[:-1], list(Milestone)[1:], strict=True)
    }
    available = [s / DAY_SECONDS for s in _between(timelines, Milestone.USED, Milestone.CLAIMABLE)]
    in_hand = [s / DAY_SECONDS for s in _between(timelines, Milestone.USED, Milestone.PAID)]
    return {
        "schedule": schedule.name,
        "uses": len(timelines),
        "epochs": len({t.times[Milestone.CLAIMABLE] for t in timelines}),
        "skewed": sum(t.is_skewed for t in timelines),
        "period_seconds": schedule.period_seconds,
        "window_seconds": schedule.window_seconds,
        "available": _quantiles(available, QUANTILES),
        "in_hand": _quantiles(in_hand, QUANTILES),
        "stages": {name: _quantiles(values, (0.5, 0.9)) for name, values in stages.items()},
        "own_curve": _quantiles(in_hand, CURVE),
    }


def _between(timelines: Sequence[Timeline], start: Milestone, end: Milestone) -> list[int]:
    return [s for t in timelines for s in [t.between(start, end)] if s is not None]


def _censored(days: Days, random: np.random.Generator) -> dict[str, Any]:
    """An arm of which a share is never matched: over all uses, and over the settled alone."""
    known = random.random(len(days)) >= UNMATCHED_SHARE
    durations = [float(d) if k else None for d, k in zip(days, known, strict=True)]
    return {
        "uses": len(days),
        "unmatched": 1 - float(known.mean()),
        "settled_alone": _quantiles(days[known], QUANTILES),
        "over_all": [_reached(durations, q) for q in QUANTILES],
        "curve": _quantiles(days[known], CURVE),
    }


def _reached(durations: Sequence[float | None], share: float) -> float | None:
    """A percentile in days; None where too many uses are never matched."""
    seconds = [None if d is None else round(d * DAY_SECONDS) for d in durations]
    found = percentile(seconds, [1] * len(seconds), Fraction(str(share))).seconds
    return None if found is None else found / DAY_SECONDS


def _quantiles(values: Sequence[float] | Days, shares: Sequence[float]) -> list[float]:
    return [float(v) for v in np.quantile(np.asarray(values, dtype=float), shares)]
