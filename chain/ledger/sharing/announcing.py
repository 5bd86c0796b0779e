"""Which rule a community announced, and from when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, CommunityId, Digest, EpochNumber, checked_uint
from chain.ledger.keccak import keccak256
from chain.ledger.rights import BPS_WHOLE
from chain.ledger.words import address_word, uint_word

NOTICE_EPOCHS: Final = 2


class SharingRule(IntEnum):
    """By what a pool is divided."""

    PRO_RATA = 0
    """In proportion; the default."""
    FLOOR_PRO_RATA = 1
    """A part equally, the rest in proportion."""
    COMMUNITY_ROOT = 2
    """Between groups by the square root of their weight, within a group in proportion."""


@dataclass(frozen=True)
class Announcement:
    """A rule and the first epoch it holds for; `version` zero is the default. Raises Malformed."""

    rule: SharingRule
    phi_bps: int
    version: int
    from_epoch: EpochNumber

    def __post_init__(self) -> None:
        checked_uint(self.version, 32, "version")
        checked_uint(self.from_epoch, 48, "epoch")
        least = 1 if self.rule is SharingRule.FLOOR_PRO_RATA else 0
        most = BPS_WHOLE if self.rule is SharingRule.FLOOR_PRO_RATA else 0
        if not least <= self.phi_bps <= most:
            raise Malformed("floor", f"{self.phi_bps} basis points for {self.rule.name}")

    def decision_hash(self, chain_id: int, contract: Address, community: CommunityId) -> Digest:
        """What the elders approve before this is announced."""
        words = (chain_id, community, self.version, self.rule, self.phi_bps, self.from_epoch)
        first, *others = (uint_word(word) for word in words)
        return Digest(keccak256(first + address_word(contract) + b"".join(others)))
