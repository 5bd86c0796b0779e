"""Payees whose measures round to a printed triple: the proof that it is possible.

The search is numerical and may miss; what it finds is rounded to whole people with whole amounts
and measured exactly, so a witness never depends on the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import erfinv, ndtri

from chain.metrics.feasibility.printed import Triple
from chain.metrics.inequality import Inequality, measure

Floats = NDArray[np.float64]

_GROUPS: Final = 14
_PEOPLE: Final = 10_000
# Up to so many payees each has an amount of its own.
_SINGLES_MAX: Final = 60
# The mean amount, in units: beyond what any table prints.
_UNITS: Final = 10**9
_STARTS: Final = 24


@dataclass(frozen=True)
class Witness:
    """Groups of people, each with an equal amount; and what they measure."""

    people: tuple[int, ...]
    amount_each: tuple[int, ...]
    measured: Inequality


def find_witness(triple: Triple, seed: int = 0) -> Witness | None:
    """People whose measures all round to the printed ones; None where the search finds none."""
    random = np.random.default_rng(seed)
    for start, shares in _starts(triple, random):
        found = _witness_near(triple, start, shares)
        if found is not None:
            return found
    return None


def _witness_near(triple: Triple, start: Floats, shares: Floats | None) -> Witness | None:
    """Solve from one start: logarithms of amounts and, unless `shares` are given, of shares."""
    target = _middle_and_width(triple)

    def miss(logs: Floats) -> Floats:
        reached = np.array(_measures(*_split(logs, shares)))
        missed: Floats = (reached - target[0]) / target[1]
        return missed

    solved = least_squares(miss, start, max_nfev=200)
    amounts, solved_shares = _split(solved.x, shares)
    people = _whole(solved_shares, triple.payees or _PEOPLE)
    units = [round(float(amount) * _UNITS) for amount in amounts]
    kept = sorted((unit, count) for unit, count in zip(units, people, strict=True) if count)
    witness = Witness(
        people=tuple(count for _, count in kept),
        amount_each=tuple(unit for unit, _ in kept),
        measured=measure([unit * count for unit, count in kept], [count for _, count in kept]),
    )
    return witness if _rounds_to(triple, witness.measured) else None


def _rounds_to(triple: Triple, measured: Inequality) -> bool:
    if measured.jain is None or measured.gini is None or measured.theil is None:
        return False
    theil = Fraction(measured.theil.value)
    error = Fraction(measured.theil.error)
    return (
        triple.jain.low <= measured.jain <= triple.jain.high
        and triple.gini_low <= measured.gini <= triple.gini_high
        and triple.theil.low <= theil - error
        and theil + error <= triple.theil.high
    )


def _middle_and_width(triple: Triple) -> tuple[Floats, Floats]:
    bounds = (
        (triple.jain.low, triple.jain.high),
        (triple.theil.low, triple.theil.high),
        (triple.gini_low, triple.gini_high),
    )
    middle = np.array([float(low + high) / 2 for low, high in bounds])
    return middle, np.array([float(high - low) / 2 for low, high in bounds])


def _split(logs: Floats, shares: Floats | None) -> tuple[Floats, Floats]:
    """Amounts over their mean, and shares of people, from their logarithms."""
    if shares is None:
        logs, of_shares = np.split(logs, 2)
        shares = np.exp(of_shares - of_shares.max())
        shares = shares / shares.sum()
    amounts = np.exp(logs - logs.max())
    return amounts / (amounts @ shares), shares


def _measures(amounts: Floats, shares: Floats) -> tuple[float, float, float]:
    """Jain, Theil, Gini of groups with mean 1, in floats: the search's own arithmetic."""
    order = np.argsort(amounts)
    y, w = amounts[order], shares[order]
    gini = float(((2 * np.cumsum(w) - w - 1) * w) @ y)
    theil = float((w * y) @ np.log(np.maximum(y, 1e-300)))
    return 1 / float(w @ (y * y)), theil, gini


def _whole(shares: Floats, people: int) -> list[int]:
    """So many people by these shares; who is left goes to the largest remainders."""
    exact = shares * people
    counts = np.floor(exact).astype(int)
    for index in np.argsort(counts - exact)[: people - counts.sum()]:
        counts[index] += 1
    return [int(count) for count in counts]


def _starts(triple: Triple, random: Any) -> Iterator[tuple[Floats, Floats | None]]:
    """Shapes of about the right Gini: long tails to either side, even steps, then disturbed."""
    n = triple.payees
    alone = n is not None and n <= _SINGLES_MAX
    groups = n if alone and n is not None else _GROUPS
    shares = np.full(groups, 1 / groups) if alone else None
    u = (np.arange(groups) + 0.5) / groups
    gini = min(max(float(triple.gini.value), 0.01), 0.95)
    for k in range(_STARTS):
        shape = _SHAPES[k % len(_SHAPES)](u, gini)
        logs = shape + random.normal(0, 0.1 * (k // len(_SHAPES)), groups)
        yield (logs if shares is not None else np.concatenate([logs, np.zeros(groups)])), shares


def _lognormal(u: Floats, gini: float) -> Floats:
    logs: Floats = 2 * erfinv(gini) * ndtri(u)
    return logs


def _even(u: Floats, gini: float) -> Floats:
    return np.log(np.maximum(1 + 6 * min(gini, 1 / 3) * (u - 0.5), 1e-3))


def _log_uniform(u: Floats, gini: float) -> Floats:
    return 6 * gini / (1 - gini) * (u - 0.5)


def _few_nearly_unpaid(u: Floats, gini: float) -> Floats:
    return np.where(u < gini, -1.5, 0.0) + 0.3 * (u - 0.5)


def _one_far_above(u: Floats, gini: float) -> Floats:
    return np.where(u == u.max(), 1.5, 2 * gini * (u - 0.5))


_SHAPES: Final[tuple[Callable[[Floats, float], Floats], ...]] = (
    _lognormal,
    _even,
    _log_uniform,
    _few_nearly_unpaid,
    _one_far_above,
)
