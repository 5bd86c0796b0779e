"""What each rule makes of a crowd's plays: the ledger's own divisions, measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.rules.crowds import COMMUNITIES, PAYEES_EACH, Crowd
from chain.ledger.identifiers import Digest, address_from_bytes
from chain.ledger.keccak import keccak256
from chain.ledger.sharing import (
    ListenerMode,
    community_root,
    floor_pro_rata,
    listener_centric,
    pro_rata,
)
from chain.metrics.inequality import decompose
from chain.metrics.rule_comparison import Outcome, compare_rules

TURN = Digest(keccak256(b"antiphon.benchmarks.rules"))
PAYEES = [
    address_from_bytes(n.to_bytes(20, "big")) for n in range(1, COMMUNITIES * PAYEES_EACH + 1)
]
COMMUNITY = {payee: f"{place // PAYEES_EACH:02d}" for place, payee in enumerate(PAYEES)}


@dataclass(frozen=True)
class Effect:
    """One rule: `between` and `within` are the parts of Theil's T; a loss is of one's own."""

    rule: str
    gini: float
    theil: float
    jain: float
    between: float
    within: float
    moved: float
    losers: int
    largest_loss: float


def effects(crowd: Crowd) -> list[Effect]:
    """Every rule, against pro-rata."""
    outcomes = [
        Outcome(rule, dict(zip(PAYEES, amounts, strict=True)), crowd.pool - sum(amounts))
        for rule, amounts in divisions(crowd)
    ]
    found = []
    for row in compare_rules(outcomes, unit=1):
        parts = decompose(row.units, COMMUNITY)
        measured = row.inequality.registered
        assert parts and measured.gini is not None and measured.jain is not None
        lost = row.largest_share_lost
        found.append(
            Effect(
                row.rule,
                float(measured.gini),
                parts.theil.whole.value,
                float(measured.jain),
                parts.theil.between.value,
                parts.theil.within.value,
                float(row.moved_share or 0),
                len(row.lost),
                -float(lost.share or 0) if lost else 0.0,
            )
        )
    return found


def divisions(crowd: Crowd) -> Iterator[tuple[str, list[int]]]:
    """The pool by each rule, in the payees' order."""
    pool, plays = crowd.pool, list(crowd.plays)
    groups = communities(plays)
    yield "pro-rata", list(pro_rata(pool, plays, TURN).amounts)
    for phi_bps in (2_000, 3_000, 5_000):
        name = f"floor of {phi_bps // 100} % among all"
        yield name, list(floor_pro_rata(pool, plays, phi_bps, TURN).amounts)
    rooted = community_root(pool, groups, TURN).amounts
    yield "root between communities", [amount for row in rooted for amount in row]
    yield "root, then a floor of 20 % within", _root_then_floor(pool, groups)
    each = community_root(pool, [[count] for count in plays], TURN).amounts
    yield "root of each payee", [row[0] for row in each]
    for mode in ListenerMode:
        found = listener_centric(pool, crowd.listeners, mode, TURN).amounts
        heard = [found.get(n, 0) for n in range(1, len(plays) + 1)]
        yield f"listeners: {mode}", heard
    # What listeners gave (by the last mode, scaled) are the weights of a root, and of floors in it.
    yield "listeners: scaled, root, floor of 20 %", _root_then_floor(pool, communities(heard))


def communities(plays: Sequence[int]) -> list[list[int]]:
    """Plays, community by community."""
    firsts = range(0, len(plays), PAYEES_EACH)
    return [list(plays[first : first + PAYEES_EACH]) for first in firsts]


def _root_then_floor(pool: int, groups: Sequence[Sequence[int]]) -> list[int]:
    rooted = community_root(pool, groups, TURN).amounts
    return [
        amount
        for row, group in zip(rooted, groups, strict=True)
        for amount in floor_pro_rata(sum(row), group, 2_000, TURN).amounts
    ]
