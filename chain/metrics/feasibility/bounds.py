"""What Jain, Theil and Gini of the same payees allow one another; y are amounts over their mean.

**Floor.** For every b > 0, T >= b G / 2 - ln(sinh(b/2) / (b/2)). Proof: y ln y is convex, so above
its tangent at any q > 0: y ln y >= y (1 + ln q) - q. Let y(u) be the amounts in ascending order, u
from 0 to 1, and q(u) = exp(a + b u) with a such that the mean of q is 1. Then T >= a + b * mean of
u y(u), and that mean is (1 + G) / 2. Equality: y = q, log-uniform amounts. The best b has
coth(b/2) - 2/b = G. For each b the bound is linear in G, so it holds for means over groups too.

**Ceiling.** T <= -ln J: T is a mean, weighted by y, of ln y; by Jensen at most ln(mean y^2).

**Spread.** G <= root((1/J - 1) / 3): G is twice the covariance of u and y(u), by Cauchy and Schwarz
at most twice the product of their deviations, root(1/12) and root(1/J - 1).

Of means over groups the last two need not hold: their bounds bend the other way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chain.metrics.feasibility.printed import Triple

# Far above what floats lose here, far below what is printed: nearer than this nothing contradicts.
MARGIN: Final = 1e-9
_B_MAX: Final = 1e6
_HALVINGS: Final = 200


@dataclass(frozen=True)
class Contradiction:
    """One theorem that a triple breaks, in words with its numbers."""

    theorem: str
    reason: str
    holds_for_averages: bool


def theil_floor(gini: float) -> float:
    """The least Theil T (nats) that any payees with this population Gini, 0 to 1, can have."""
    if gini <= 0:
        return 0.0
    low, high = 0.0, _B_MAX
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _gini_at(middle) < gini else (low, middle)
    # Any b is a valid bound, so what the search leaves open costs tightness, not truth.
    return low * gini / 2 - _log_sinhc(low / 2)


def largest_gini(theil: float) -> float:
    """The largest population Gini that payees with this Theil T (nats) can have."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if theil_floor(middle) < theil else (low, middle)
    return high


def _gini_at(b: float) -> float:
    """Gini of log-uniform amounts: coth(b/2) - 2/b, by its series where that would cancel."""
    if b < 1e-2:
        return b / 6 - b**3 / 360
    return 1 / math.tanh(b / 2) - 2 / b


def _log_sinhc(x: float) -> float:
    """ln(sinh(x) / x)."""
    if x < 1e-2:
        return x * x / 6 - x**4 / 180
    return x + math.log1p(-math.exp(-2 * x)) - math.log(2 * x)


def contradictions(triple: Triple) -> Iterator[Contradiction]:
    """Every theorem that no triple within the rounding of the printed one obeys.

    For a row that is `averaged`, only theorems that hold for means over groups.
    """
    for found in _of_one_population(triple):
        if found.holds_for_averages or not triple.averaged:
            yield found


def _of_one_population(triple: Triple) -> Iterator[Contradiction]:
    yield from _out_of_range(triple)
    jain, theil = (float(triple.jain.low), float(triple.theil.high))
    gini = float(triple.gini_low)
    if jain > 1 or gini >= 1:
        return
    floor = theil_floor(gini)
    if theil < floor - MARGIN:
        yield Contradiction(
            "floor",
            f"a Gini of {gini:.4g} or more needs a Theil of at least {floor:.4f} (log-uniform "
            f"amounts have the least), and the printed one is at most {theil:.5g}",
            holds_for_averages=True,
        )
    if jain <= 0:
        return
    ceiling = -math.log(jain)
    if float(triple.theil.low) > ceiling + MARGIN:
        yield Contradiction(
            "ceiling",
            f"a Jain of {jain:.4g} or more allows a Theil of at most -ln J = {ceiling:.4f}, and "
            f"the printed one is at least {float(triple.theil.low):.5g}",
            holds_for_averages=False,
        )
    spread = math.sqrt(max(1 / jain - 1, 0) / 3)
    if gini > spread + MARGIN:
        yield Contradiction(
            "spread",
            f"a Jain of {jain:.4g} or more allows a Gini of at most root((1/J - 1) / 3) = "
            f"{spread:.4f}, and the printed one is at least {gini:.5g}",
            holds_for_averages=False,
        )


def _out_of_range(triple: Triple) -> Iterator[Contradiction]:
    n = triple.payees
    ranges = (
        ("Jain", triple.jain.low, triple.jain.high, 1 / n if n else 0.0, 1.0),
        ("Theil", triple.theil.low, triple.theil.high, 0.0, math.log(n) if n else math.inf),
        ("Gini", triple.gini_low, triple.gini_high, 0.0, 1 - 1 / n if n else 1.0),
    )
    of = f" of {n} payees" if n else ""
    for name, low, high, least, most in ranges:
        if low > most + MARGIN or high < least - MARGIN:
            yield Contradiction(
                "range",
                f"{name}{of} lies between {least:.4g} and {most:.4g}, and the printed one between "
                f"{float(low):.5g} and {float(high):.5g}",
                holds_for_averages=True,
            )
