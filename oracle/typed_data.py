"""EIP-712: how a paper becomes 32 bytes, who signed them, and nothing else.

Encoders are written out by hand for the few field types in use: forty times faster than a general
one, and the tests hold them against `eth_account`. Source: EIP-712, EIP-2 (low s), SEC 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import coincurve

from chain.ledger import words
from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import Address, Digest, address, address_from_bytes
from chain.ledger.keccak import keccak256
from chain.ledger.words import SigningDomain
from oracle.errors import EvidenceMalformed, SignatureForged, SignatureMalformed

WORD_BYTES: Final = 32
SIGNATURE_BYTES: Final = 65
RECOVERY_OFFSET: Final = 27
CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class StructSigner(Protocol):
    """Signs with one secp256k1 key: see `chain.client.keys` for where it may be kept."""

    @property
    def address(self) -> Address:
        """The account it signs as."""
        ...

    def sign_preimage(self, preimage: bytes, *, chain_id: int) -> bytes:
        """65 bytes r, s, v over keccak256 of `preimage`, with low s and v of 27 or 28."""
        ...


def sign_struct(domain: SigningDomain, struct_hash: Digest, signer: StructSigner) -> bytes:
    """The signature of a struct in a domain, 65 bytes r, s, v."""
    return signer.sign_preimage(domain.preimage(struct_hash), chain_id=domain.chain_id)


def uint_word(value: int, bits: int, field: str) -> bytes:
    """A uint<bits> as one word. Raises EvidenceMalformed when it does not fit."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 0 <= value < 1 << bits:
        raise EvidenceMalformed(field, f"{str(value)[:40]} is not a uint{bits}")
    return value.to_bytes(WORD_BYTES, "big")


def bytes32_word(value: bytes, field: str) -> bytes:
    """A bytes32 as one word. Raises EvidenceMalformed for another length."""
    if not isinstance(value, bytes) or len(value) != WORD_BYTES:
        raise EvidenceMalformed(field, "is not 32 bytes")
    return value


def address_word(account: str, field: str) -> bytes:
    """An address as one word. Raises EvidenceMalformed, for a wrong checksum too."""
    try:
        return words.address_word(address(account))
    except BadAddress as error:
        raise EvidenceMalformed(field, str(error)) from error


def uint_array_hash(values: Sequence[int], bits: int, field: str) -> bytes:
    """A uint<bits>[] as EIP-712 encodes it: the hash of its words."""
    return keccak256(b"".join(uint_word(value, bits, field) for value in values))


def recover_signer(digest: Digest, signature: bytes) -> Address:
    """Who signed `digest`. Raises SignatureMalformed; refuses high s, so that one paper has one
    signature per signer."""
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        raise SignatureMalformed(f"{SIGNATURE_BYTES} bytes are needed")
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    if v not in (RECOVERY_OFFSET, RECOVERY_OFFSET + 1):
        raise SignatureMalformed(f"v is {v}, not 27 or 28")
    if s > CURVE_ORDER // 2:
        raise SignatureMalformed("s is in the upper half of the curve's order")
    compact = signature[:64] + bytes([v - RECOVERY_OFFSET])
    try:
        key = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError as error:
        raise SignatureMalformed("it recovers to no key") from error
    return address_from_bytes(keccak256(key.format(compressed=False)[1:])[12:])


def require_signer(claimed: Address, digest: Digest, signature: bytes) -> None:
    """Raises SignatureForged unless `claimed` signed `digest`."""
    recovered = recover_signer(digest, signature)
    if recovered.lower() != claimed.lower():
        raise SignatureForged(claimed, recovered)
