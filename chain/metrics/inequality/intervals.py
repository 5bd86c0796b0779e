"""Intervals for a claim beyond the census: what a rule tends to bring, had other payees come.

Of what was paid in a period nothing is estimated, and no interval belongs there. These are for a
superpopulation: the payees at hand taken as drawn independently from some law, and the interval
meant to cover that law's own Gini, Theil and Jain. By the jackknife (Quenouille 1956, Tukey 1958):
each payee left out in turn, and Student's t with n - 1 degrees. With heavy tails or few payees it
covers less often than it says, so `unreliable` says when; `antiphon metrics coverage` shows it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from chain.metrics.inequality.amounts import Amounts, in_order

CONFIDENCE: Final = 0.95
PAYEES_MIN: Final = 30
LOG_SD_MAX: Final = 1.2

Floats = NDArray[np.float64]


class Unreliable(StrEnum):
    """Why an interval covers less often than it says."""

    FEW_PAYEES = f"fewer than {PAYEES_MIN} payees"
    HEAVY_TAIL = f"the logarithms of amounts deviate by more than {LOG_SD_MAX}"


@dataclass(frozen=True)
class Interval:
    """A superpopulation interval: around the estimate less its jackknife bias, and within the
    measure's range, so the `estimate` of these payees need not be in its middle."""

    estimate: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True)
class Intervals:
    """Corrected Gini, Theil (nats) and Jain of the law behind the payees, at 95 %.

    All None below three payees, or where all the money is one payee's: without that one there is
    nothing to measure.
    """

    payees: int
    gini_corrected: Interval | None
    theil: Interval | None
    jain: Interval | None
    unreliable: tuple[Unreliable, ...]

    def to_plain(self) -> dict[str, Any]:
        """For JSON, with what it is meant for."""
        measures = {
            "gini_corrected": self.gini_corrected,
            "theil": self.theil,
            "jain": self.jain,
        }
        return {
            "of": "superpopulation",
            "confidence": CONFIDENCE,
            "payees": self.payees,
            "unreliable": [str(reason) for reason in self.unreliable],
            **{
                name: None
                if found is None
                else {
                    "estimate": found.estimate,
                    "interval": [found.low, found.high],
                    "standard_error": found.standard_error,
                }
                for name, found in measures.items()
            },
        }


def superpopulation_intervals(amounts: Amounts) -> Intervals:
    """Intervals from amounts in base units, one per payee; linear in time after one sort.

    Raises MetricRefused for what cannot be measured.
    """
    x = np.array(in_order(amounts).amounts, np.float64)
    n = len(x)
    reasons = _reasons(x)
    if n < 3 or x[-2] == 0:
        return Intervals(n, None, None, None, reasons)
    y = x * (n / x.sum())
    y_ln_y = y * np.log(np.where(y > 0, y, 1.0))
    count, total, squares = n - 1, _others(y), _others(y * y)
    left_out = {
        "gini": _others_differences(y) / ((count - 1) * total),
        "theil": np.log(count / total) + _others(y_ln_y) / total,
        "jain": total**2 / (count * squares),
    }
    rank = np.arange(n)
    gini = float((2 * rank - n + 1) @ y) / (count * n)
    return Intervals(
        payees=n,
        gini_corrected=_interval(gini, left_out["gini"], 1.0),
        theil=_interval(float(y_ln_y.sum()) / n, left_out["theil"], math.inf),
        jain=_interval(n / float(y @ y), left_out["jain"], 1.0),
        unreliable=reasons,
    )


def _before(terms: Floats) -> Floats:
    """For each place the sum of what stands before it."""
    return np.concatenate([[0.0], np.cumsum(terms)[:-1]])


def _after(terms: Floats) -> Floats:
    return _before(terms[::-1])[::-1]


def _others(terms: Floats) -> Floats:
    """For each place the sum of all others: added, as subtracting one who has nearly all would
    leave nothing but roundings."""
    return _before(terms) + _after(terms)


def _others_differences(y: Floats) -> Floats:
    """For each place the sum of differences over pairs of all others, y ascending."""
    n = len(y)
    rank = np.arange(n)
    below, above = _before(y), _after(y)
    among_below = _before(rank * y - below)
    among_above = _after(above - (n - 1 - rank) * y)
    return among_below + among_above + rank * above - (n - 1 - rank) * below


def _reasons(ascending: Floats) -> tuple[Unreliable, ...]:
    reasons = [Unreliable.FEW_PAYEES] if len(ascending) < PAYEES_MIN else []
    paid = ascending[ascending > 0]
    if len(paid) > 1 and np.log(paid).std(ddof=1) > LOG_SD_MAX:
        reasons.append(Unreliable.HEAVY_TAIL)
    return tuple(reasons)


def _interval(estimate: float, left_out: Floats, most: float) -> Interval:
    n = len(left_out)
    mean = float(left_out.mean())
    spread = left_out - mean
    error = math.sqrt((n - 1) / n * float(spread @ spread))
    reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    middle = n * estimate - (n - 1) * mean
    low, high = (min(max(end, 0.0), most) for end in (middle - reach, middle + reach))
    return Interval(estimate, low, high, error)
