"""What is signed about licences and consent for others to send: vouchers, orders, approvals.

Type strings, field orders and hashes are those of the contracts (EIP-712). A signature holds on one
chain, in one contract, until `deadline` (Unix seconds, inclusive), for one nonce of its signer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.keccak import keccak256
from chain.ledger.rights import Tier
from chain.ledger.words import address_word, uint_word

_VOUCHER_TYPE: Final = keccak256(
    b"LicenceVoucher(uint64 workId,bytes32 termsHash,address holder,uint32 count,"
    b"uint40 deadline,uint256 nonce)"
)
_ORDER_TYPE: Final = keccak256(
    b"LicenceOrder(uint64 workId,bytes32 termsHash,address holder,uint128 maxPrice,"
    b"uint32 maxShare,uint40 deadline,uint256 nonce)"
)
_ELDER_TYPE: Final = keccak256(
    b"ElderApproval(address elder,uint64 workId,uint8 tier,uint48 offer,bytes32 termsHash,"
    b"bool reaffirms,uint256 nonce,uint256 deadline)"
)
_DECISION_TYPE: Final = keccak256(
    b"DecisionApproval(uint32 communityId,bytes32 decisionHash,address elder,uint256 nonce,"
    b"uint256 deadline)"
)


@dataclass(frozen=True)
class LicenceVoucher:
    """Good for `count` licences; `holder` zero is for whoever bears it. Signed by a controller."""

    work_id: WorkId
    terms_hash: Digest
    holder: Address
    count: int
    deadline: int
    nonce: int

    def as_tuple(self) -> tuple[Any, ...]:
        return (
            self.work_id,
            self.terms_hash,
            self.holder,
            self.count,
            self.deadline,
            self.nonce,
        )

    def struct_hash(self) -> Digest:
        return Digest(
            keccak256(
                _VOUCHER_TYPE
                + uint_word(self.work_id)
                + self.terms_hash
                + address_word(self.holder)
                + uint_word(self.count)
                + uint_word(self.deadline)
                + uint_word(self.nonce)
            )
        )


@dataclass(frozen=True)
class LicenceOrder:
    """Who wants a licence under which terms; the two limits say price and share again in words."""

    work_id: WorkId
    terms_hash: Digest
    holder: Address
    max_price: int
    max_share: int
    deadline: int
    nonce: int

    def as_tuple(self) -> tuple[Any, ...]:
        return (
            self.work_id,
            self.terms_hash,
            self.holder,
            self.max_price,
            self.max_share,
            self.deadline,
            self.nonce,
        )

    def struct_hash(self) -> Digest:
        return Digest(
            keccak256(
                _ORDER_TYPE
                + uint_word(self.work_id)
                + self.terms_hash
                + address_word(self.holder)
                + uint_word(self.max_price)
                + uint_word(self.max_share)
                + uint_word(self.deadline)
                + uint_word(self.nonce)
            )
        )


@dataclass(frozen=True)
class ElderApproval:
    """An elder's word on one offer: that it be granted, or (`reaffirms`) that it still holds."""

    elder: Address
    work_id: WorkId
    tier: Tier
    offer: int
    terms_hash: Digest
    reaffirms: bool
    nonce: int
    deadline: int

    def as_tuple(self) -> tuple[Any, ...]:
        return (
            self.elder,
            self.work_id,
            self.tier,
            self.offer,
            self.terms_hash,
            self.reaffirms,
            self.nonce,
            self.deadline,
        )

    def struct_hash(self) -> Digest:
        return Digest(
            keccak256(
                _ELDER_TYPE
                + address_word(self.elder)
                + uint_word(self.work_id)
                + uint_word(self.tier)
                + uint_word(self.offer)
                + self.terms_hash
                + uint_word(self.reaffirms)
                + uint_word(self.nonce)
                + uint_word(self.deadline)
            )
        )


@dataclass(frozen=True)
class DecisionApproval:
    """An elder's word on a decision of the community, named by its hash."""

    community_id: CommunityId
    decision_hash: Digest
    elder: Address
    nonce: int
    deadline: int

    def as_tuple(self) -> tuple[Any, ...]:
        return (self.community_id, self.decision_hash, self.elder, self.nonce, self.deadline)

    def struct_hash(self) -> Digest:
        return Digest(
            keccak256(
                _DECISION_TYPE
                + uint_word(self.community_id)
                + self.decision_hash
                + address_word(self.elder)
                + uint_word(self.nonce)
                + uint_word(self.deadline)
            )
        )
