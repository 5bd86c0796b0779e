"""How each rule is attacked, and what the attacker gets: the ledger's own divisions again."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rules.crowds import FEE, PAID_BPS, PAYEES_EACH, Crowd
from benchmarks.rules.effects import TURN, communities
from chain.ledger.identifiers import Digest
from chain.ledger.sharing import (
    Listener,
    ListenerMode,
    community_root,
    floor_pro_rata,
    listener_centric,
    pro_rata,
)

# One account that plays 30 seconds after 30 seconds, all month.
BOT_PLAYS = 2 * 60 * 24 * 30
BOTS = 100
SYBILS = 4


@dataclass(frozen=True)
class Return:
    """What an attack brings: under a rule, what comes out for what goes in."""

    rule: str
    times: float


def bots(crowd: Crowd) -> list[Return]:
    """BOTS accounts play one payee and nobody else: what it gains for each coin of their fees."""
    payee = sorted(range(len(crowd.plays)), key=lambda place: crowd.plays[place])[
        len(crowd.plays) // 2
    ]
    pool = crowd.pool + BOTS * FEE * PAID_BPS // 10_000
    plays = list(crowd.plays)
    plays[payee] += BOTS * BOT_PLAYS
    fake = tuple(
        Listener(Digest(b"\xbb" * 28 + n.to_bytes(4, "big")), FEE, {payee + 1: BOT_PLAYS})
        for n in range(BOTS)
    )
    gain = pro_rata(pool, plays, TURN).amounts[payee]
    gain -= pro_rata(crowd.pool, crowd.plays, TURN).amounts[payee]
    found = [Return("pro-rata", gain / (BOTS * FEE))]
    for mode in ListenerMode:
        before = listener_centric(crowd.pool, crowd.listeners, mode, TURN).amounts
        after = listener_centric(pool, crowd.listeners + fake, mode, TURN).amounts
        gain = after[payee + 1] - before.get(payee + 1, 0)
        found.append(Return(f"listeners: {mode}", gain / (BOTS * FEE)))
    return found


def splitting(crowd: Crowd) -> list[Return]:
    """The payee nearest the mean cuts its plays over SYBILS accounts: its income, of before."""
    plays, pool = list(crowd.plays), crowd.pool
    mean = sum(plays) / len(plays)
    payee = min(range(len(plays)), key=lambda place: abs(plays[place] - mean))
    cut = [plays[payee] // SYBILS] * (SYBILS - 1)
    cut.append(plays[payee] - sum(cut))
    others = plays[:payee] + plays[payee + 1 :]
    alone = [[count] for count in others]

    def by_floor(phi_bps: int, own: list[int]) -> int:
        return sum(floor_pro_rata(pool, own + others, phi_bps, TURN).amounts[: len(own)])

    def by_root(own: list[int]) -> int:
        rows = community_root(pool, [[count] for count in own] + alone, TURN).amounts
        return sum(row[0] for row in rows[: len(own)])

    def in_its_community(own: list[int]) -> int:
        groups = communities(plays)
        home, place = divmod(payee, PAYEES_EACH)
        groups[home][place : place + 1] = own
        return sum(community_root(pool, groups, TURN).amounts[home][place : place + len(own)])

    one = [plays[payee]]
    return [
        Return("pro-rata", by_floor(0, cut) / by_floor(0, one)),
        Return("floor of 30 % among all", by_floor(3_000, cut) / by_floor(3_000, one)),
        Return("floor of 50 % among all", by_floor(5_000, cut) / by_floor(5_000, one)),
        Return("root of each payee", by_root(cut) / by_root(one)),
        Return(
            "root between registered communities", in_its_community(cut) / in_its_community(one)
        ),
    ]


def viral(crowd: Crowd) -> list[Return]:
    """One item gets as many plays as all others together: its part of the pool under each rule."""
    plays = list(crowd.plays)
    payee = len(plays) // 2
    plays[payee] = sum(plays) - plays[payee]
    own, place = divmod(payee, PAYEES_EACH)
    rooted = community_root(crowd.pool, communities(plays), TURN).amounts[own][place]
    each = community_root(crowd.pool, [[count] for count in plays], TURN).amounts[payee][0]
    return [
        Return("pro-rata", pro_rata(crowd.pool, plays, TURN).amounts[payee] / crowd.pool),
        Return(
            "floor of 30 % among all",
            floor_pro_rata(crowd.pool, plays, 3_000, TURN).amounts[payee] / crowd.pool,
        ),
        Return("root between communities", rooted / crowd.pool),
        Return("root of each payee", each / crowd.pool),
    ]
