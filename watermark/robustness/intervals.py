"""How sure a rate measured on few trials is."""

from __future__ import annotations

import math
from typing import Final

_WILSON_95: Final = 1.959964


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    rate, square = successes / trials, _WILSON_95**2
    centre = rate + square / (2 * trials)
    half = _WILSON_95 * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    whole = 1 + square / trials
    return max(0.0, (centre - half) / whole), min(1.0, (centre + half) / whole)
