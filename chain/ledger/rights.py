"""Terms, splits and parents: what a community allows, who is paid, what a derivative comes from.

Numbers, orders and hashes are those of contracts/types/Rights.sol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from chain.ledger.errors import BadSplit
from chain.ledger.identifiers import (
    ZERO_ADDRESS,
    Address,
    Digest,
    LicenceId,
    WorkId,
    address_bytes,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.words import WORD_BYTES, address_word, uint_word

# Shares of a derivative's income are numbers of this scale: 150_000_000 means 15 %.
SHARE_SCALE: Final = 1_000_000_000
# A split's basis points sum to exactly this.
BPS_WHOLE: Final = 10_000
# One base unit of income, in the numerators that payees' entitlements are counted in.
UNIT_NUMERATOR: Final = SHARE_SCALE * BPS_WHOLE
PAYEES_MAX: Final = 64
# The shares of a derivative's income that all its parents together may be licensed for.
MAX_STACK: Final = 500_000_000


class Tier(IntEnum):
    """What a licence allows; each tier is consented to, priced and licensed separately."""

    TRAINING = 0
    """A model may learn from the work."""
    GENERATION = 1
    """Derivatives may be generated from it; the only tier with a royalty share."""
    DISTRIBUTION = 2
    """Such derivatives may be played to the public."""


class WorkKind(IntEnum):
    """What a work is."""

    COMPOSITION = 0
    """Music as written or handed down."""
    RECORDING = 1
    """One performance, fixed."""
    STEM = 2
    """One part of a recording."""
    ARCHIVE_ITEM = 3
    """A recording held by an archive."""
    DERIVATIVE = 4
    """Made from other works by a generator; earns only after it is linked to them."""


class ConsentState(IntEnum):
    """Where a community's consent to one tier of one work stands."""

    NONE = 0
    """Nobody was asked."""
    PROPOSED = 1
    """The steward asks, elders have still to approve."""
    GRANTED = 2
    """Licences may be taken."""
    SUSPENDED = 3
    """Paused by the steward."""
    REFUSED = 4
    """The community says never."""
    WITHDRAWN = 5
    """It once said yes."""


@dataclass(frozen=True)
class Terms:
    """The terms of one tier of one work; money in base units of `token`.

    Raises Malformed for numbers wider than the contract's. What fits but contradicts itself is
    named by `contradiction`: such terms can be written down, and no licence is taken under them.
    """

    tier: Tier
    token: Address
    price: int
    unit_price: int
    royalty_share: int
    duration_seconds: int
    unit_cap: int
    revenue_cap: int
    text_digest: Digest
    sublicensable: bool = False

    def __post_init__(self) -> None:
        checked_uint(self.price, 128, "price")
        checked_uint(self.unit_price, 128, "unit price")
        checked_uint(self.royalty_share, 32, "royalty share")
        checked_uint(self.duration_seconds, 40, "duration")
        checked_uint(self.unit_cap, 48, "unit cap")
        checked_uint(self.revenue_cap, 104, "revenue cap")
        checked_digest(self.text_digest, "licence text digest")

    def contradiction(self) -> str | None:
        """Why no licence can be taken under these terms; None when they are sound."""
        if self.royalty_share and self.tier is not Tier.GENERATION:
            return "a royalty share belongs to the GENERATION tier alone"
        if self.royalty_share > MAX_STACK:
            return f"a royalty share of {self.royalty_share} exceeds {MAX_STACK}"
        if self.duration_seconds == 0:
            return "a licence must last at least a second"
        return None

    def hash(self) -> Digest:
        """keccak256 of the ABI-encoded struct: what consent names and a licence freezes."""
        return Digest(
            keccak256(
                uint_word(self.tier)
                + address_word(self.token)
                + uint_word(self.price)
                + uint_word(self.unit_price)
                + uint_word(self.royalty_share)
                + uint_word(self.duration_seconds)
                + uint_word(self.unit_cap)
                + uint_word(self.revenue_cap)
                + uint_word(self.sublicensable)
                + self.text_digest
            )
        )


@dataclass(frozen=True)
class Share:
    """One payee's part of a split, in basis points of `BPS_WHOLE`."""

    payee: Address
    bps: int


@dataclass(frozen=True)
class Split:
    """Who is paid for a work: payees strictly ascending, together exactly `BPS_WHOLE`.

    Raises BadSplit: a split that does not sum to the whole does not exist.
    """

    shares: tuple[Share, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.shares) <= PAYEES_MAX:
            raise BadSplit(f"1 to {PAYEES_MAX} payees are needed, not {len(self.shares)}")
        before = address_bytes(ZERO_ADDRESS)
        for share in self.shares:
            payee = address_bytes(share.payee)
            if payee <= before:
                raise BadSplit(f"payee {share.payee} is zero, twice there or out of order")
            if not 1 <= share.bps <= BPS_WHOLE:
                raise BadSplit(f"{share.bps} basis points for {share.payee}, not 1 to {BPS_WHOLE}")
            before = payee
        total_bps = sum(share.bps for share in self.shares)
        if total_bps != BPS_WHOLE:
            raise BadSplit(f"the shares sum to {total_bps} basis points, not {BPS_WHOLE}")

    @classmethod
    def of(cls, bps_by_payee: Mapping[Address, int]) -> Split:
        """Build the split from payees in any order; raises BadSplit."""
        ordered = sorted(bps_by_payee.items(), key=lambda item: address_bytes(item[0]))
        return cls(tuple(Share(payee, bps) for payee, bps in ordered))

    def bps_of(self, payee: Address) -> int:
        """The payee's basis points; zero when it is not in the split."""
        return next((share.bps for share in self.shares if share.payee == payee), 0)

    def hash(self) -> Digest:
        """keccak256(abi.encode(Share[])): all that the contract stores of a split."""
        words = [uint_word(WORD_BYTES), uint_word(len(self.shares))]
        for share in self.shares:
            words.append(address_word(share.payee))
            words.append(uint_word(share.bps))
        return Digest(keccak256(b"".join(words)))


@dataclass(frozen=True)
class Parent:
    """One parent of a derivative and the GENERATION licence under which it was used."""

    work_id: WorkId
    licence_id: LicenceId
