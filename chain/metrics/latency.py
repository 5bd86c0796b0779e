"""How long money takes from a use to its payee, in whole seconds, without forgetting the unpaid.

Seven times mark the way of a use; between them lie six stages, each from its own time up to the
next (half-open), so that the stages of a paid use add up to exactly its latency. What has not
arrived yet is right-censored: it stays in the count as "longer than any seen", so a percentile can
be "not reached" and is otherwise an upper bound of what it will be. Settled items alone would
flatter: they are the quick ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from chain.metrics.errors import TimelineBroken

MEDIAN: Final = Fraction(1, 2)
P90: Final = Fraction(9, 10)


class Milestone(IntEnum):
    """The seven times of a use."""

    USED = 0
    """The work was used."""
    DETECTED = 1
    """The use was matched to a work: logged, or its mark was read."""
    REPORTED = 2
    """Its event was filed in a segment; a licence fee is its own report."""
    CLOSED = 3
    """The epoch that counts it was closed and signed."""
    FINAL = 4
    """The transaction that books it was mined."""
    CLAIMABLE = 5
    """The window has passed: the payee can have the money."""
    PAID = 6
    """The money is with the payee."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One use: its value in base units, and the Unix seconds of the milestones it reached.

    `times` has an entry for each milestone reached, from USED on. Raises TimelineBroken for none or
    more than seven, or a negative value.
    """

    value: int
    times: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= len(Milestone):
            raise TimelineBroken(f"a use has 1 to {len(Milestone)} times, not {len(self.times)}")
        if self.value < 0:
            raise TimelineBroken(f"a use cannot be worth {self.value}")

    @property
    def is_skewed(self) -> bool:
        """Whether clocks disagree: a later milestone bears an earlier time."""
        return any(later < earlier for earlier, later in pairwise(self.times))

    def between(self, start: Milestone, end: Milestone) -> int | None:
        """Seconds from one milestone to another; None while the second is not reached."""
        return self.times[end] - self.times[start] if end < len(self.times) else None


class Reach(StrEnum):
    """What is known of a percentile."""

    REACHED = "reached"
    """So many have arrived that it is a number."""
    NOT_REACHED = "not-reached"
    """Too many have not arrived yet."""
    NO_DATA = "no-data"
    """There is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Percentile:
    """A nearest-rank percentile; `seconds` is None unless it is reached."""

    reach: Reach
    seconds: int | None = None


@dataclass(frozen=True)
class Latency:
    """One interval over all uses that entered it. Percentiles weigh uses equally, or by value."""

    entered: int
    arrived: int
    median: Percentile
    p90: Percentile
    median_by_value: Percentile
    p90_by_value: Percentile


@dataclass(frozen=True)
class LatencyReport:
    """`available` is USED to CLAIMABLE, `in_hand` USED to PAID; `stages` the six steps between.

    `skewed` uses are counted here and left out of every percentile, never clamped.
    """

    uses: int
    skewed: int
    available: Latency
    in_hand: Latency
    stages: tuple[tuple[Milestone, Latency], ...]


def latency_report(timelines: Iterable[Timeline]) -> LatencyReport:
    """Measure all uses together; a stage is named after the milestone it ends with."""
    given = list(timelines)
    sound = [timeline for timeline in given if not timeline.is_skewed]
    return LatencyReport(
        uses=len(given),
        skewed=len(given) - len(sound),
        available=_latency(sound, Milestone.USED, Milestone.CLAIMABLE),
        in_hand=_latency(sound, Milestone.USED, Milestone.PAID),
        stages=tuple((end, _latency(sound, start, end)) for start, end in pairwise(Milestone)),
    )


def percentile(
    durations: Sequence[int | None], weights: Sequence[int], share: Fraction
) -> Percentile:
    """The smallest duration within which at least `share` of all weight has arrived.

    None is a duration not known yet: longer than all others. With equal weights this is the
    nearest-rank percentile. `share` lies in (0, 1].
    """
    assert 0 < share <= 1
    assert len(durations) == len(weights)
    whole = sum(weights)
    if whole == 0:
        return Percentile(Reach.NO_DATA)
    needed = ceil(share * whole)
    arrived = 0
    known = ((s, w) for s, w in zip(durations, weights, strict=True) if s is not None)
    for seconds, weight in sorted(known):
        arrived += weight
        if arrived >= needed:
            return Percentile(Reach.REACHED, seconds)
    return Percentile(Reach.NOT_REACHED)


def settlement_curve(
    durations: Sequence[int | None], weights: Sequence[int]
) -> tuple[tuple[int, Fraction], ...]:
    """Steps (seconds, share of all weight arrived within them), seconds ascending.

    The last share is below 1 while something has not arrived. Empty when nothing weighs anything.
    """
    whole = sum(weights)
    if whole == 0:
        return ()
    by_seconds: dict[int, int] = {}
    for seconds, weight in zip(durations, weights, strict=True):
        if seconds is not None:
            by_seconds[seconds] = by_seconds.get(seconds, 0) + weight
    steps, arrived = [], 0
    for seconds in sorted(by_seconds):
        arrived += by_seconds[seconds]
        steps.append((seconds, Fraction(arrived, whole)))
    return tuple(steps)


def _latency(timelines: Sequence[Timeline], start: Milestone, end: Milestone) -> Latency:
    entered = [timeline for timeline in timelines if start < len(timeline.times)]
    durations = [timeline.between(start, end) for timeline in entered]
    equal, values = [1] * len(entered), [timeline.value for timeline in entered]
    return Latency(
        entered=len(entered),
        arrived=sum(1 for seconds in durations if seconds is not None),
        median=percentile(durations, equal, MEDIAN),
        p90=percentile(durations, equal, P90),
        median_by_value=percentile(durations, values, MEDIAN),
        p90_by_value=percentile(durations, values, P90),
    )
