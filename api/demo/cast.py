"""Who plays in the story. Communities, people, pieces and prices are invented."""

from __future__ import annotations

from dataclasses import dataclass

from chain.ledger.rights import Tier

# Indices of the development node's accounts.
CURATOR, COUNCIL = 1, 2
OPERATORS = (3, 4, 5, 6, 7)
RELAY, PLATFORM, CUSTOMER = 8, 9, 10
ELDERS = (14, 15, 16)

UNIT = 1_000_000  # base units of the development dollar
YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class CommunityRole:
    """`payees` are (account index, bps); `rejecting_bps` goes to one that refuses all money."""

    key: str
    name: str
    tradition: str
    steward: int
    payees: tuple[tuple[int, int], ...]
    elders: tuple[int, ...] = ()
    approvals_required: int = 0
    rejecting_bps: int = 0


@dataclass(frozen=True)
class Offer:
    """Terms a community offers for one tier; amounts in base units, share of 1e9."""

    tier: Tier
    price: int
    unit_price: int
    royalty_share: int = 0
    unit_cap: int = 1_000_000
    revenue_cap: int = 100_000 * UNIT
    duration_seconds: int = YEAR_SECONDS


COMMUNITIES = (
    CommunityRole(
        key="gamelan",
        name="Sanggar Tirta Wening (invented)",
        tradition="gamelan",
        steward=11,
        payees=((17, 4_000), (18, 2_500), (19, 2_000), (20, 1_500)),
    ),
    CommunityRole(
        key="chant",
        name="Hall of the Quiet Bell 靜鐘堂 (invented)",
        tradition="chant",
        steward=12,
        payees=((21, 5_000), (22, 3_000)),
        elders=ELDERS,
        approvals_required=2,
        rejecting_bps=2_000,
    ),
    CommunityRole(
        key="panpipes",
        name="Ayllu Wayra Pata (invented)",
        tradition="panpipes",
        steward=13,
        payees=((23, 3_334), (24, 3_333), (25, 3_333)),
    ),
)

OFFERS = (
    Offer(Tier.TRAINING, price=120 * UNIT, unit_price=0),
    Offer(Tier.GENERATION, price=45 * UNIT, unit_price=2_500, royalty_share=150_000_000),
    Offer(Tier.DISTRIBUTION, price=30 * UNIT, unit_price=1_237),
)
