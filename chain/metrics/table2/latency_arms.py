"""How long settlements take in the published arms and in today's practice: times drawn by seed.

No single family of distributions meets the published quantiles; mixtures of an ordinary way and a
queue of exceptions do. Where the ledger itself is the arm, only delays and exceptions are drawn
here; its epochs and windows are the contracts' (`Schedule`). Days are days of 86,400 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY_SECONDS: Final = 86_400
Days = NDArray[np.float64]
Seconds = NDArray[np.int64]


def archive_days(random: np.random.Generator, count: int) -> Days:
    """Use to payment by hand: nine days of work and a calendar of some 23 days; a fifth are
    exceptions. Meets the four published quantiles of the arm."""
    ordinary = 9.10 + random.uniform(0, 23.36, count) + random.normal(0, 1.75, count)
    return _mixed(random, ordinary, _lognormal(random, 57.3, 0.25, count), 0.20)


def unconditioned_days(random: np.random.Generator, count: int) -> Days:
    """Use to payment in the second arm, likewise."""
    ordinary = 20.55 * random.weibull(2.653, count)
    return _mixed(random, ordinary, _lognormal(random, 48.84, 0.35, count), 0.162)


def streaming_days(random: np.random.Generator, count: int) -> Days:
    """Use to payment of streams in 2026: 75 days in the middle. Sources: the US mechanical
    licensing collective pays some 75 days after a month's end; distributors after 32 to 97 days,
    taken here as the middle 80 %, which gives the spread."""
    return _lognormal(random, 75.0, 0.43, count)


def cross_border_days(random: np.random.Generator, count: int) -> Days:
    """Use to receipt between societies of two countries: 305 days in the middle. Source: APRA
    AMCOS's schedule for receipt of 54 society periods, p10 to p90 186, 239, 305, 408, 531 days."""
    return _lognormal(random, 305.0, 0.40, count)


# Not matched to anybody at the first payment of the US mechanical collective: 16.4 of 40.4 M$.
UNMATCHED_SHARE: Final = 0.40


@dataclass(frozen=True)
class Schedule:
    """An epoch lane: an epoch closes every `period_seconds` and can be objected to for
    `window_seconds`. Both are the contracts' and the oracle's own clocks."""

    name: str
    period_seconds: int
    window_seconds: int


# The paper's third arm, made of our parts: half a day of window, an epoch every 34 hours.
PAPER_SCHEDULE: Final = Schedule("as the paper's", 121_179, DAY_SECONDS // 2)
HOURLY_SCHEDULE: Final = Schedule("hourly, 6 h to object", 3_600, 6 * 3_600)
# An epoch every ten minutes would keep twelve roots waiting for two hours; the contract holds
# eleven, the newest among them.
QUICK_SCHEDULE: Final = Schedule("11 minutes, 2 h to object", 660, 2 * 3_600)
TOO_QUICK_SCHEDULE: Final = Schedule("10 minutes, 2 h to object", 600, 2 * 3_600)


def paper_delays(random: np.random.Generator, count: int) -> Seconds:
    """Use to report under `PAPER_SCHEDULE`: a gamma of half a day, and for 19 % an exception of
    days. With the schedule's own waiting it meets the arm's published quantiles."""
    ordinary = random.gamma(3.0, 0.54839 / 3.0, count)
    return _seconds(_mixed(random, ordinary, _lognormal(random, 3.58474, 0.35, count), 0.19902))


def own_delays(
    random: np.random.Generator, count: int, *, disputed: float = 0.01, dispute_days: float = 3.0
) -> Seconds:
    """Use to report under our schedules: two minutes in the middle (log-normal, sigma 1); a share
    is `disputed` first, for an exponential time of `dispute_days` on average."""
    found = _lognormal(random, 2 / 1440, 1.0, count)
    held = random.exponential(dispute_days, count)
    return _seconds(found + np.where(random.random(count) < disputed, held, 0.0))


def _lognormal(random: np.random.Generator, median: float, sigma: float, count: int) -> Days:
    return median * np.exp(random.normal(0, sigma, count))


def _mixed(random: np.random.Generator, ordinary: Days, other: Days, share: float) -> Days:
    """Each of `other` in the place of an ordinary one, with a chance of `share`."""
    return np.where(random.random(len(ordinary)) < share, other, ordinary)


def _seconds(days: Days) -> Seconds:
    return np.rint(days * DAY_SECONDS).astype(np.int64)
