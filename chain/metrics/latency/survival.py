"""The share still waiting, over time, where some have not arrived yet (Kaplan and Meier 1958).

What is censored has waited for its age and leaves the count there: it neither arrived nor counts as
never arriving. Uses are taken as independent; those of one epoch are paid together, so with few
epochs the intervals are too narrow.
Sources: Kaplan, Meier 1958; Greenwood 1926; Brookmeyer, Crowley 1982 (intervals of percentiles by
inversion, on the scale log(-log S)); David, Nagaraja, Order Statistics, 2003 (without censoring).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Final

from scipy.stats import binom, norm

from chain.metrics.binomial import CONFIDENCE
from chain.metrics.errors import TimelineBroken
from chain.metrics.latency.percentiles import Percentile, Reach

_TAIL: Final = (1 - CONFIDENCE) / 2
_Z: Final = float(norm.ppf(1 - _TAIL))
# Shares are products of a few rounded quotients; what differs by less is a tie.
_TIE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Observation:
    """One wait in seconds: over when `arrived`, else still going on. Weighs `weight`."""

    seconds: int
    arrived: bool
    weight: int = 1


@dataclass(frozen=True, slots=True)
class SurvivalStep:
    """A time at which something arrived.

    `at_risk` is the weight that had waited up to here, `waiting` the share that waits on, and
    `low`..`high` its 95 % interval; None where Greenwood's variance is not defined.
    """

    seconds: int
    at_risk: int
    arrived: int
    waiting: float
    low: float | None
    high: float | None


class IntervalMethod(StrEnum):
    """How the interval of a percentile was found."""

    ORDER_STATISTIC = "order-statistic"
    """Nothing is censored: two observations enclose it, by the binomial distribution."""
    GREENWOOD = "log-log-greenwood"
    """Some are censored: where the band around the curve crosses it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """At 95 %; an end is None where the data do not bound it."""

    low: int | None
    high: int | None
    method: IntervalMethod


class SurvivalCurve:
    """The Kaplan-Meier curve of waits. Raises TimelineBroken for a wait or weight below zero."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        counts: dict[int, list[int]] = {}
        is_weighted = False
        for one in observations:
            if one.weight < 0:
                raise TimelineBroken(f"a wait of {one.seconds} s that weighs {one.weight}")
            counts.setdefault(one.seconds, [0, 0])[not one.arrived] += one.weight
            is_weighted |= one.weight > 1
        self._take(counts, is_weighted)

    @classmethod
    def of_counts(cls, counts: Mapping[int, Sequence[int]], *, is_weighted: bool) -> SurvivalCurve:
        """From the weight that arrived, and that is censored, at each wait."""
        curve = cls.__new__(cls)
        curve._take(counts, is_weighted)
        return curve

    def _take(self, counts: Mapping[int, Sequence[int]], is_weighted: bool) -> None:
        self.is_weighted = is_weighted
        self._times = sorted(seconds for seconds, weights in counts.items() if any(weights))
        if self._times and self._times[0] < 0:
            raise TimelineBroken(f"a wait of {self._times[0]} s weighs {counts[self._times[0]]}")
        self._counts = [(counts[seconds][0], counts[seconds][1]) for seconds in self._times]
        self.arrived = sum(arrived for arrived, _ in self._counts)
        self.weight = self.arrived + sum(censored for _, censored in self._counts)
        self.censored = tuple(
            (seconds, censored)
            for seconds, (_, censored) in zip(self._times, self._counts, strict=True)
            if censored
        )

    @property
    def follow_up(self) -> int | None:
        """The longest wait seen, over or not; None without any."""
        return self._times[-1] if self._times else None

    @cached_property
    def steps(self) -> tuple[SurvivalStep, ...]:
        """The curve: it starts at 1 and falls at each of these times."""
        steps = []
        at_risk, variance = self.weight, 0.0
        # Between two censorings the product telescopes, so each share is one rounded quotient.
        base, base_risk, waiting = 1.0, self.weight, 1.0
        for seconds, (arrived, censored) in zip(self._times, self._counts, strict=True):
            if arrived:
                left = at_risk - arrived
                waiting = base * (left / base_risk)
                variance += arrived / (at_risk * left) if left else math.inf
                low, high = (None, None) if self.is_weighted else _band(waiting, variance)
                steps.append(SurvivalStep(seconds, at_risk, arrived, waiting, low, high))
            at_risk -= arrived + censored
            if censored:
                base, base_risk = waiting, max(at_risk, 1)
        return tuple(steps)

    @property
    def plateau(self) -> float | None:
        """The share that still waits at the longest wait seen; None without data.

        Where nearly everything is older than any arrival it is the share that never arrives.
        """
        if not self._times:
            return None
        return self.steps[-1].waiting if self.steps else 1.0

    def waiting_after(self, seconds: int) -> float | None:
        """The share that waits longer than so; None without data or beyond the follow-up."""
        if self.follow_up is None or seconds > self.follow_up:
            return None
        passed = bisect_right(self.steps, seconds, key=lambda step: step.seconds)
        return self.steps[passed - 1].waiting if passed else 1.0

    def at_risk(self, seconds: int) -> int:
        """The weight that had waited up to this time: not arrived and not censored before."""
        first = bisect_left(self._times, seconds)
        return sum(arrived + censored for arrived, censored in self._counts[first:])

    def percentile(self, share: Fraction) -> Percentile:
        """The first time by which `share`, in (0, 1], has arrived; none above 1 - plateau."""
        assert 0 < share <= 1
        if not self._times:
            return Percentile(Reach.NO_DATA)
        remaining = float(1 - share)
        for step in self.steps:
            if step.waiting <= remaining + _TIE:
                return Percentile(Reach.REACHED, step.seconds)
        return Percentile(Reach.NOT_REACHED)

    def bound(self, share: Fraction) -> Percentile:
        """As `percentiles.percentile`: what has not arrived counts as longer than all others."""
        assert 0 < share <= 1
        if not self._times:
            return Percentile(Reach.NO_DATA)
        needed, passed = ceil(share * self.weight), 0
        for seconds, (arrived, _) in zip(self._times, self._counts, strict=True):
            passed += arrived
            if passed >= needed:
                return Percentile(Reach.REACHED, seconds)
        return Percentile(Reach.NOT_REACHED)

    def interval(self, share: Fraction) -> Interval | None:
        """The 95 % interval of a percentile; None without data, and for weights above one: money

        that moves together is not so many independent observations.
        """
        if not self._times or self.is_weighted:
            return None
        if not self.censored:
            return self._between_order_statistics(share)
        remaining = float(1 - share)
        lows = (s.seconds for s in self.steps if s.low is not None and s.low <= remaining)
        highs = (s.seconds for s in self.steps if s.high is not None and s.high <= remaining)
        return Interval(next(lows, None), next(highs, None), IntervalMethod.GREENWOOD)

    def _between_order_statistics(self, share: Fraction) -> Interval:
        low = int(binom.ppf(_TAIL, self.weight, float(share)))
        high = int(binom.ppf(1 - _TAIL, self.weight, float(share))) + 1
        return Interval(self._ranked(low), self._ranked(high), IntervalMethod.ORDER_STATISTIC)

    def _ranked(self, rank: int) -> int | None:
        """The wait of this rank, from 1; None outside."""
        if not 1 <= rank <= self.weight:
            return None
        passed = 0
        for seconds, (arrived, _) in zip(self._times, self._counts, strict=True):
            passed += arrived
            if passed >= rank:
                return seconds
        raise AssertionError("ranks are of what arrived")


def _band(waiting: float, variance: float) -> tuple[float | None, float | None]:
    """The interval of a share by Greenwood's variance on the scale log(-log S)."""
    if not 0 < waiting < 1 or not math.isfinite(variance):
        return None, None
    spread = _Z * math.sqrt(variance) / abs(math.log(waiting))
    return waiting ** math.exp(spread), waiting ** math.exp(-spread)
