"""How often the intervals cover what they should: SIMULATED, from laws whose measures are known.

Log-normal: Gini erf(sigma / 2), Theil sigma^2 / 2, Jain exp(-sigma^2). Gamma of shape k: Gini
gamma(k + 1/2) / (root(pi) gamma(k + 1)), Theil digamma(k + 1) - ln k, Jain k / (k + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from scipy.special import digamma, erf, gammaln

from chain.metrics.binomial import Share, share_of
from chain.metrics.inequality.intervals import superpopulation_intervals

# The mean amount, in base units.
_UNITS: Final = 10**9
MEASURES: Final = ("gini_corrected", "theil", "jain")


class Law(StrEnum):
    LOGNORMAL = "lognormal"
    GAMMA = "gamma"


@dataclass(frozen=True)
class Coverage:
    """Of `samples` simulated groups of `payees`, those whose interval held the law's value."""

    law: Law
    parameter: float
    payees: int
    samples: int
    seed: int
    covered: dict[str, Share]

    def to_plain(self) -> dict[str, Any]:
        return {
            "SIMULATED": True,
            "law": str(self.law),
            "parameter": self.parameter,
            "payees": self.payees,
            "samples": self.samples,
            "seed": self.seed,
            "covered": {
                name: {
                    "part": share.part,
                    "whole": share.whole,
                    "interval": [share.low, share.high],
                }
                for name, share in self.covered.items()
            },
        }


def simulate_coverage(law: Law, parameter: float, payees: int, samples: int, seed: int) -> Coverage:
    """Draw groups and count. `parameter` is sigma of the log-normal, the shape of the gamma law.

    Raises ValueError for a parameter that is no law's, under three payees or without samples.
    """
    if not 0 < parameter < 100 or payees < 3 or samples < 1:
        raise ValueError("give a parameter above 0 (and below 100), 3 payees or more, a sample")
    random = np.random.default_rng(seed)
    true = dict(zip(MEASURES, _measures_of(law, parameter), strict=True))
    held = dict.fromkeys(MEASURES, 0)
    for _ in range(samples):
        if law is Law.LOGNORMAL:
            drawn = random.lognormal(-(parameter**2) / 2, parameter, payees)
        else:
            drawn = random.gamma(parameter, 1 / parameter, payees)
        found = superpopulation_intervals(np.round(drawn * _UNITS).astype(np.int64))
        for name in MEASURES:
            interval = getattr(found, name)
            held[name] += interval is not None and interval.low <= true[name] <= interval.high
    covered = {name: share_of(f"covered {name}", int(held[name]), samples) for name in MEASURES}
    return Coverage(law, parameter, payees, samples, seed, covered)


def _measures_of(law: Law, parameter: float) -> tuple[float, float, float]:
    """Gini, Theil and Jain of the law itself."""
    if law is Law.LOGNORMAL:
        return float(erf(parameter / 2)), parameter**2 / 2, math.exp(-(parameter**2))
    gini = math.exp(gammaln(parameter + 0.5) - gammaln(parameter + 1)) / math.sqrt(math.pi)
    theil = float(digamma(parameter + 1)) - math.log(parameter)
    return gini, theil, parameter / (parameter + 1)
