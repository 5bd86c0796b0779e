"""Clocks that only tick: a wait known to have ended after one tick and by another.

Such an interval is half-open, (after, until]: what arrived by a tick had not arrived after it. Two
that touch share no moment, so the nightly runs (0, 1] and (1, 2] leave the share after one day
certain; read as closed they share day 1, and an estimator may put all arrivals of both there.
Source: B. W. Turnbull, The Empirical Distribution Function with Arbitrarily Grouped, Censored and
Truncated Data, 1976; the innermost intervals are R. Peto's, 1973.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from chain.metrics.errors import TimelineBroken

_ROUNDS_MAX: Final = 100_000
# At the maximum no share can gain: its score is 1 where it is positive, at most 1 elsewhere.
_SCORE_SLACK: Final = 1e-9
_SHARE_LEAST: Final = 1e-12


@dataclass(frozen=True, slots=True, order=True)
class Between:
    """A wait in (after, until] seconds; `until` None while it goes on. Raises TimelineBroken."""

    after: int
    until: int | None

    def __post_init__(self) -> None:
        if self.after < -1 or (self.until is not None and self.until <= self.after):
            raise TimelineBroken(f"a wait cannot end after {self.after} s and by {self.until} s")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The share that arrived in (after, until]; where inside, the data do not say."""

    after: int
    until: int | None
    share: float


def batch_curve(waits: Iterable[Between]) -> tuple[Arrivals, ...]:
    """The most likely shares per innermost interval, ascending; they sum to 1. Empty without data.

    Raises TimelineBroken when it does not settle.
    """
    counts: dict[Between, int] = {}
    for wait in waits:
        counts[wait] = counts.get(wait, 0) + 1
    if not counts:
        return ()
    innermost = _innermost(counts)
    lows = np.array([low for low, _ in innermost])
    highs = np.array([high for _, high in innermost])
    first = np.searchsorted(lows, [wait.after for wait in counts])
    last = np.searchsorted(highs, [_end(wait) for wait in counts], side="right")
    weights = np.array(list(counts.values())) / sum(counts.values())
    shares = _settled(first, last, weights, len(innermost))
    return tuple(
        Arrivals(low, None if high == _NEVER else int(high), float(share))
        for (low, high), share in zip(innermost, shares, strict=True)
        if share > _SHARE_LEAST
    )


_NEVER: Final = 2**62


def _end(wait: Between) -> int:
    return _NEVER if wait.until is None else wait.until


def _innermost(waits: Iterable[Between]) -> list[tuple[int, int]]:
    """Where a beginning is followed at once by an end. At a tie the end comes first: half-open."""
    ends = {(_end(wait), 0) for wait in waits}
    ordered = sorted(ends | {(wait.after, 1) for wait in waits})
    found = []
    for (low, is_beginning), (high, is_next_beginning) in pairwise(ordered):
        if is_beginning and not is_next_beginning:
            found.append((low, high))
    return found


def _settled(first: np.ndarray, last: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """Self-consistent shares; `first` and `last` delimit the innermost intervals within a wait."""
    shares = np.full(size, 1 / size)
    for _ in range(_ROUNDS_MAX):
        cumulative = np.concatenate([[0.0], np.cumsum(shares)])
        pull = weights / (cumulative[last] - cumulative[first])
        edges = np.zeros(size + 1)
        np.add.at(edges, first, pull)
        np.add.at(edges, last, -pull)
        score = np.cumsum(edges)[:-1]
        held = shares > _SHARE_LEAST
        if score.max() <= 1 + _SCORE_SLACK and np.all(np.abs(score[held] - 1) <= _SCORE_SLACK):
            return shares
        shares = shares * score
    raise TimelineBroken("the shares of these batches do not settle")
