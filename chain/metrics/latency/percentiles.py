"""Percentiles that need no model: what has not arrived counts as longer than all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

MEDIAN: Final = Fraction(1, 2)
P90: Final = Fraction(9, 10)


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
    """A percentile; `seconds` is None unless it is reached."""

    reach: Reach
    seconds: int | None = None


def percentile(
    durations: Sequence[int | None], weights: Sequence[int], share: Fraction
) -> Percentile:
    """The smallest duration within which at least `share` of all weight has arrived.

    None is a duration not known yet: longer than all others, so a percentile that is reached is an
    upper bound of what it will be. With equal weights this is the nearest-rank percentile. `share`
    lies in (0, 1].
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
