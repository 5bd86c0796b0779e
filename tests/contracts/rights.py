"""What the tests of the contracts say of rights: terms, digests, and transaction parameters."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from eth_abi import encode
from eth_utils import keccak

from chain.ledger.rights import Tier

SCALE = 1_000_000_000
ZERO = "0x0000000000000000000000000000000000000000"
DAY = 24 * 60 * 60
FOREVER = 2**40 - 1
TERMS_ABI = "(uint8,address,uint128,uint128,uint32,uint40,uint48,uint104,bool,bytes32)"


class Terms(NamedTuple):
    """The fields of the `Terms` struct, in its order."""

    tier: int
    token: str
    price: int = 25_000_000
    unit_price: int = 0
    royalty_share: int = 0
    duration_seconds: int = 365 * DAY
    unit_cap: int = 0
    revenue_cap: int = 0
    sublicensable: bool = False
    text_digest: bytes = b"\x11" * 32

    def hash(self) -> bytes:
        """keccak256 of the ABI encoding: what a consent names."""
        return bytes(keccak(encode([TERMS_ABI], [tuple(self)])))

    @classmethod
    def generation(cls, token: Any, share: int, **others: Any) -> Terms:
        """Terms of the one tier that has a royalty share."""
        return cls(tier=Tier.GENERATION, token=str(token), royalty_share=share, **others)


def digest(text: str) -> bytes:
    """Stands for the sha2-256 digest of a recording or a manifest."""
    return sha256(text.encode()).digest()


def split_hash(shares: list[tuple[str, int]]) -> bytes:
    """keccak256 of the ABI-encoded shares."""
    return bytes(keccak(encode(["(address,uint16)[]"], [shares])))


def by(account: Any) -> dict[str, Any]:
    """Transaction parameters: sent by this account, without three lines of output."""
    return {"from": account, "silent": True}


class ConsentProposal(NamedTuple):
    """The fields of the `ConsentProposal` struct, in its order."""

    terms_hash: bytes
    until: int = FOREVER
    reaffirm_seconds: int = 0
    by_voucher: bool = False
    labels: bytes = bytes(32)
