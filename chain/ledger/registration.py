"""Registrations, commitments to them, and orders to register: as the WorkRegistry hashes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.rights import WorkKind
from chain.ledger.words import SigningDomain, address_word, uint_word

COMMITMENT_AGE_MIN: Final = 60
COMMITMENT_AGE_MAX: Final = 24 * 60 * 60

_REGISTRATION_TYPE: Final = (
    b"Registration(uint32 communityId,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)"
)
_REGISTRATION_TYPE_HASH: Final = keccak256(_REGISTRATION_TYPE)
_COMMITMENT_TYPE_HASH: Final = keccak256(
    b"Commitment(address owner,Registration[] registrations,bytes32 salt)" + _REGISTRATION_TYPE
)
_ORDER_TYPE_HASH: Final = keccak256(
    b"RegistrationOrder(address owner,Registration[] registrations,uint256 nonce,uint256 deadline)"
    + _REGISTRATION_TYPE
)


@dataclass(frozen=True)
class Registration:
    """`community_id` zero registers a work of a single account. Raises Malformed."""

    community_id: CommunityId
    kind: WorkKind
    content_commitment: Digest
    manifest_digest: Digest

    def __post_init__(self) -> None:
        checked_uint(self.community_id, 32, "community id")
        checked_digest(self.content_commitment, "content commitment")
        checked_digest(self.manifest_digest, "manifest digest")

    def as_tuple(self) -> tuple[int, int, bytes, bytes]:
        """The fields in Solidity's order."""
        return (self.community_id, self.kind, self.content_commitment, self.manifest_digest)

    def struct_hash(self) -> Digest:
        """hashStruct (EIP-712)."""
        return Digest(
            keccak256(
                _REGISTRATION_TYPE_HASH
                + uint_word(self.community_id)
                + uint_word(self.kind)
                + self.content_commitment
                + self.manifest_digest
            )
        )


def registration_domain(chain_id: int, work_registry: Address) -> SigningDomain:
    """The EIP-712 domain of commitments and orders."""
    return SigningDomain("Antiphon Work Registry", "1", chain_id, work_registry)


def commitment_of(
    domain: SigningDomain, owner: Address, registrations: Sequence[Registration], salt: Digest
) -> Digest:
    """What is put down before `owner` reveals these works with this secret salt."""
    checked_digest(salt, "salt")
    struct = _COMMITMENT_TYPE_HASH + address_word(owner) + _array_hash(registrations) + salt
    return domain.digest(Digest(keccak256(struct)))


def order_digest(
    domain: SigningDomain,
    owner: Address,
    registrations: Sequence[Registration],
    nonce: int,
    deadline: int,
) -> Digest:
    """The 32 bytes that `owner` signs so that anyone may register these works for it."""
    struct = (
        _ORDER_TYPE_HASH
        + address_word(owner)
        + _array_hash(registrations)
        + uint_word(checked_uint(nonce, 256, "nonce"))
        + uint_word(checked_uint(deadline, 256, "deadline"))
    )
    return domain.digest(Digest(keccak256(struct)))


def _array_hash(registrations: Sequence[Registration]) -> bytes:
    return keccak256(b"".join(one.struct_hash() for one in registrations))
