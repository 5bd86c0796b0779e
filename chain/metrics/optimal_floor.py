"""How large a floor pays for itself: equality against the effort it costs. A model, not a verdict.

A floor phi lowers what an additional unit of work earns by the factor 1 - phi. Where supply answers
with elasticity eta, total income goes as (1 - phi)^eta; the loss by inequality, for an aversion
epsilon and to second order in the coefficient of variation CV, is k (1 - phi)^2 of it, with
k = epsilon CV^2 / 2. The product (1 - phi)^eta (1 - k (1 - phi)^2) is largest at
phi = 1 - sqrt(eta / (k (2 + eta))), and at no floor where eta >= 2k / (1 - k).
Source: Atkinson, On the Measurement of Inequality, 1970, for the loss; the rest is worked out here.
"""

from __future__ import annotations

from fractions import Fraction
from math import isfinite, sqrt

from chain.metrics.errors import NoFloorFollows


def optimal_floor(jain: Fraction, *, aversion: float, elasticity: float) -> float:
    """The floor, from 0 to 1, for a pool whose Jain index without it is `jain`: CV^2 = 1/jain - 1.

    Raises NoFloorFollows. To second order: trust it for CV below one, that is jain above a half.
    """
    if not 0 < jain <= 1:
        raise NoFloorFollows("jain", jain)
    for name, value in (("aversion", aversion), ("elasticity", elasticity)):
        if not (isfinite(value) and value > 0):
            raise NoFloorFollows(name, value)
    loss = aversion * float(1 / jain - 1) / 2
    kept_squared = elasticity / (loss * (2 + elasticity)) if loss else 1.0
    return max(0.0, 1 - sqrt(kept_squared))
