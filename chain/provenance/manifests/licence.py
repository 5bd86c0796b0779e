"""`antiphon.licence/1`: the terms of one tier, as people read them and as the chain holds them.

The numbers mirror the contract's `Terms`, in which the digest of this manifest stands as
`textDigest`. Shape after ODRL 2.2 Offer: the human text governs.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chain.provenance.manifests.envelope import ManifestBody
from chain.provenance.manifests.record import (
    Address,
    Count,
    Fault,
    Language,
    Member,
    NonEmpty,
    Record,
    Text,
    Uint,
)

SHARE_SCALE = 1_000_000_000


class Tier(StrEnum):
    """What a licence allows; the names are those of the contract's enum."""

    TRAINING = "TRAINING"
    """To train a model on the work."""
    GENERATION = "GENERATION"
    """To generate from it; the work shares in what that earns."""
    DISTRIBUTION = "DISTRIBUTION"
    """To make it heard as it is."""


class WithdrawalEffect(StrEnum):
    """What happens to a running licence when consent is withdrawn."""

    RUNS_TO_EXPIRY = "runs-to-expiry"
    """It lasts until its term ends; no new one is given."""
    ENDS_AFTER_NOTICE = "ends-after-notice"
    """It ends when the notice is over."""


class Withdrawal(Record):
    """The notice a withdrawal gives. Money already settled is never taken back."""

    notice_seconds: Count
    effect: Member[WithdrawalEffect]


class LegalText(Record):
    """The licence in one language."""

    lang: Language
    value: Text


class LicenceManifest(ManifestBody):
    """Terms of one tier. Amounts in base units of `token`, as decimal text on the wire."""

    SCHEMA: ClassVar[str] = "antiphon.licence/1"

    tier: Member[Tier]
    token: Address
    price: Uint
    unit_price: Uint
    royalty_share: Annotated[Uint, Field(le=SHARE_SCALE)]
    duration_seconds: Uint
    unit_cap: Uint
    revenue_cap: Uint
    withdrawal: Withdrawal
    text: NonEmpty[LegalText]

    def contradictions(self) -> Iterator[Fault]:
        """As the contract: only GENERATION shares in later income, and a licence lasts."""
        if self.tier is not Tier.GENERATION and self.royalty_share:
            yield ("royaltyShare",), f"must be 0 for {self.tier}"
        if self.duration_seconds == 0:
            yield ("durationSeconds",), "must be at least 1"
