"""What is signed about licences and consent for others to send: vouchers, orders, approvals.

Type strings, field orders and hashes are those of the contracts (EIP-712). A signature holds on one
chain, in one contract, until `deadline` (Unix seconds, inclusive), for one nonce of its signer.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

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
class _Signed:
    """A struct whose fields stand in the order of its type string."""

    TYPE_HASH: ClassVar[bytes]

    def as_tuple(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def struct_hash(self) -> Digest:
        return Digest(keccak256(self.TYPE_HASH + b"".join(map(_word, self.as_tuple()))))


def _word(value: bytes | str | int) -> bytes:
    """32 bytes of a digest, an address or a number."""
    if isinstance(value, bytes):
        return value
    return address_word(Address(value)) if isinstance(value, str) else uint_word(value)


@dataclass(frozen=True)
class LicenceVoucher(_Signed):
    """Good for `count` licences; `holder` zero is for whoever bears it. Signed by a controller."""

    TYPE_HASH: ClassVar[bytes] = _VOUCHER_TYPE

    work_id: WorkId
    terms_hash: Digest
    holder: Address
    count: int
    deadline: int
    nonce: int


@dataclass(frozen=True)
class LicenceOrder(_Signed):
    """Who wants a licence under which terms; the two limits say price and share again in words."""

    TYPE_HASH: ClassVar[bytes] = _ORDER_TYPE

    work_id: WorkId
    terms_hash: Digest
    holder: Address
    max_price: int
    max_share: int
    deadline: int
    nonce: int


@dataclass(frozen=True)
class ElderApproval(_Signed):
    """An elder's word on one offer: that it be granted, or (`reaffirms`) that it still holds."""

    TYPE_HASH: ClassVar[bytes] = _ELDER_TYPE

    elder: Address
    work_id: WorkId
    tier: Tier
    offer: int
    terms_hash: Digest
    reaffirms: bool
    nonce: int
    deadline: int


@dataclass(frozen=True)
class DecisionApproval(_Signed):
    """An elder's word on a decision of the community, named by its hash."""

    TYPE_HASH: ClassVar[bytes] = _DECISION_TYPE

    community_id: CommunityId
    decision_hash: Digest
    elder: Address
    nonce: int
    deadline: int
