"""Static ABI encoding and EIP-712 hashing: the few lines of either that this ledger needs.

Every field of our structs is static, so `abi.encode` is its fields as 32-byte big-endian words in
order. Source: Solidity contract ABI specification; EIP-712.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.ledger.identifiers import Address, Digest, address_bytes, checked_uint
from chain.ledger.keccak import keccak256

WORD_BYTES: Final = 32
_ADDRESS_PADDING: Final = bytes(12)
_DOMAIN_TYPE_HASH: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


def uint_word(value: int) -> bytes:
    """One unsigned number as a word; raises OverflowError below 0 or from 2^256 on."""
    return value.to_bytes(WORD_BYTES, "big")


def address_word(account: Address) -> bytes:
    """One account as a word, left-padded with zeros."""
    return _ADDRESS_PADDING + address_bytes(account)


@dataclass(frozen=True)
class SigningDomain:
    """Where an EIP-712 signature holds: one program, one version, one chain, one contract."""

    name: str
    version: str
    chain_id: int
    verifying_contract: Address

    def separator(self) -> Digest:
        """hashStruct of the EIP712Domain."""
        return Digest(
            keccak256(
                _DOMAIN_TYPE_HASH
                + keccak256(self.name.encode())
                + keccak256(self.version.encode())
                + uint_word(checked_uint(self.chain_id, 256, "chain id"))
                + address_word(self.verifying_contract)
            )
        )

    def preimage(self, struct_hash: Digest) -> bytes:
        """The 66 bytes whose keccak256 a key signs for a struct in this domain."""
        return b"\x19\x01" + self.separator() + struct_hash

    def digest(self, struct_hash: Digest) -> Digest:
        """The 32 bytes that a key signs for a struct in this domain."""
        return Digest(keccak256(self.preimage(struct_hash)))
