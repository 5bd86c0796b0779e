"""Listeners and payees that nobody is: drawn, so everything made of them is SIMULATED.

Demand and volume are log-normal, as totals published by streaming services fit best (docs/
SHARING_RULES.md names the sources). A listener has a repertoire of 3 to 24 draws from the demand;
where `taste` is below zero, those who like what few others do listen less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chain.ledger.identifiers import Digest
from chain.ledger.sharing import Listener

COMMUNITIES, PAYEES_EACH, LISTENERS = 40, 15, 20_000
# Base units of a coin with six decimals: a subscription of 7 a month, of which 65 % is paid out.
FEE, PAID_BPS = 7_000_000, 6_500
_REPERTOIRE = (3, 25)
_VOLUME_LOG_MEAN, _VOLUME_LOG_SD = 4.5, 1.0
_LIKES_LOG_SD = 0.6


@dataclass(frozen=True)
class Scenario:
    """`between` and `within` are log-SDs of demand between and within communities; `taste` is how
    a listener's volume moves with how few others like what it likes."""

    name: str
    between: float
    within: float
    taste: float = 0.0


SCENARIOS = (
    Scenario("paper", 0.35, 0.60),
    Scenario("heritage", 1.30, 1.30),
    Scenario("heritage, niche fans listen less", 1.30, 1.30, -0.5),
    Scenario("market", 1.98, 2.02),
)


@dataclass(frozen=True)
class Crowd:
    """Payees are numbered from 1, community by community; `plays` by payee, ascending."""

    listeners: tuple[Listener, ...]
    plays: tuple[int, ...]
    pool: int


def draw(scenario: Scenario, seed: int) -> Crowd:
    """One month of listening."""
    random = np.random.default_rng(seed)
    payees = COMMUNITIES * PAYEES_EACH
    community = np.repeat(np.arange(COMMUNITIES), PAYEES_EACH)
    logs = random.normal(0, scenario.between, COMMUNITIES)[community]
    logs = logs + random.normal(0, scenario.within, payees)
    standard = (logs - logs.mean()) / logs.std()
    niche = random.normal(size=LISTENERS)
    volume_logs = _VOLUME_LOG_MEAN + scenario.taste * niche
    volumes = np.maximum(1, random.lognormal(volume_logs, _VOLUME_LOG_SD)).astype(int)
    listeners, totals = [], np.zeros(payees, dtype=np.int64)
    for number in range(LISTENERS):
        likes = logs - (_LIKES_LOG_SD * niche[number] * standard if scenario.taste else 0)
        chances = np.cumsum(np.exp(likes - likes.max()))
        draws = min(volumes[number], random.integers(*_REPERTOIRE))
        heard = np.searchsorted(chances, random.random(draws) * chances[-1])
        ids, counts = np.unique(heard, return_counts=True)
        plays = np.maximum(1, counts * volumes[number] // counts.sum())
        totals[ids] += plays
        named = Digest(int(number).to_bytes(32, "big"))
        by_id = zip((ids + 1).tolist(), plays.tolist(), strict=True)
        listeners.append(Listener(named, FEE, dict(by_id)))
    pool = LISTENERS * FEE * PAID_BPS // 10_000
    return Crowd(tuple(listeners), tuple(totals.tolist()), pool)
