"""All uses of a period together: how long until the money was available, and until it was there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from chain.metrics.latency.percentiles import MEDIAN, P90, Percentile
from chain.metrics.latency.survival import Interval, SurvivalCurve
from chain.metrics.latency.timelines import Milestone, Timeline


@dataclass(frozen=True)
class Mark:
    """A percentile three ways: estimated, with its interval, and bounded from above.

    `estimate` is Kaplan-Meier's. `bound` takes what has not arrived as longest. `interval` is None
    by value.
    """

    estimate: Percentile
    interval: Interval | None
    bound: Percentile


@dataclass(frozen=True)
class Latency:
    """One interval over all uses that entered it. Marks weigh uses equally, or by value.

    `plateau` is the share of uses still waiting at the longest wait seen, `follow_up` that wait in
    seconds and `at_follow_up` how many uses waited that long; None without uses.
    """

    entered: int
    arrived: int
    median: Mark
    p90: Mark
    median_by_value: Mark
    p90_by_value: Mark
    plateau: float | None
    follow_up: int | None
    at_follow_up: int


@dataclass(frozen=True)
class LatencyReport:
    """`available` is USED to CLAIMABLE, `in_hand` USED to PAID; `stages` the six steps between.

    What has not arrived is censored at its age at `as_of`, Unix seconds. `skewed` uses, later times
    than `as_of` among them, are counted here and left out of every percentile, never clamped.
    """

    as_of: int
    uses: int
    skewed: int
    available: Latency
    in_hand: Latency
    stages: tuple[tuple[Milestone, Latency], ...]


def latency_report(timelines: Iterable[Timeline], as_of: int) -> LatencyReport:
    """Measure all uses together; a stage is named after the milestone it ends with."""
    given = list(timelines)
    sound = sound_timelines(given, as_of)
    return LatencyReport(
        as_of=as_of,
        uses=len(given),
        skewed=len(given) - len(sound),
        available=_latency(sound, Milestone.USED, Milestone.CLAIMABLE, as_of),
        in_hand=_latency(sound, Milestone.USED, Milestone.PAID, as_of),
        stages=tuple(
            (end, _latency(sound, start, end, as_of)) for start, end in pairwise(Milestone)
        ),
    )


def sound_timelines(timelines: Iterable[Timeline], as_of: int) -> list[Timeline]:
    """Those whose clocks agree with each other and with the report's."""
    return [one for one in timelines if not one.is_skewed and one.times[-1] <= as_of]


def waits(
    timelines: Iterable[Timeline],
    start: Milestone,
    end: Milestone,
    as_of: int,
    *,
    by_value: bool = False,
) -> SurvivalCurve:
    """The curve of the uses that reached `start`, up to `end`; they must be sound.

    What waits is censored at its age, as if it were as likely to arrive as others that waited so
    long. What its payee's account refused is not: it stays in the count to the longest wait seen,
    like a competing event (Fine and Gray 1999), and so in the plateau.
    """
    begin, finish = int(start), int(end)
    counts: dict[int, list[int]] = {}
    refused = 0
    for one in timelines:
        times = one.times
        if begin >= len(times):
            continue
        weight = one.value if by_value else 1
        is_waiting = finish >= len(times)
        if is_waiting and one.is_refused:
            refused += weight
            # Its age still says how far the uses were followed.
            weight = 0
        seconds = (as_of if is_waiting else times[finish]) - times[begin]
        counts.setdefault(seconds, [0, 0])[is_waiting] += weight
    if refused:
        counts[max(counts)][1] += refused
    return SurvivalCurve.of_counts(counts, is_weighted=by_value)


def _latency(
    timelines: Sequence[Timeline], start: Milestone, end: Milestone, as_of: int
) -> Latency:
    by_use = waits(timelines, start, end, as_of)
    by_value = waits(timelines, start, end, as_of, by_value=True)

    def mark(curve: SurvivalCurve, share: Fraction) -> Mark:
        return Mark(curve.percentile(share), curve.interval(share), curve.bound(share))

    return Latency(
        entered=by_use.weight,
        arrived=by_use.arrived,
        median=mark(by_use, MEDIAN),
        p90=mark(by_use, P90),
        median_by_value=mark(by_value, MEDIAN),
        p90_by_value=mark(by_value, P90),
        plateau=by_use.plateau,
        follow_up=by_use.follow_up,
        at_follow_up=0 if by_use.follow_up is None else by_use.at_risk(by_use.follow_up),
    )
