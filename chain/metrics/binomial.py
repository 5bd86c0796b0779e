"""Exact intervals for a share of successes (Clopper and Pearson 1934)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from scipy.special import betaincinv

from chain.metrics.errors import CountsContradict

CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, with the exact 95 % interval of the chance behind it.

    Without trials there is no share and no interval: `rate`, `low` and `high` are None.
    """

    part: int
    whole: int
    rate: Fraction | None
    low: float | None
    high: float | None


def share_of(what: str, part: int, whole: int) -> Share:
    """Measure a share; raises CountsContradict when `part` is no part of `whole`."""
    if not 0 <= part <= whole:
        raise CountsContradict(what, part, whole)
    if whole == 0:
        return Share(0, 0, None, None, None)
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(part, whole - part + 1, tail)) if part else 0.0
    high = float(betaincinv(part + 1, whole - part, 1 - tail)) if part < whole else 1.0
    return Share(part, whole, Fraction(part, whole), low, high)
