"""Ids as types, so that a work can never be passed where a licence is meant. Zero is never issued.

Accounts are text with EIP-55 capitals, as chain tools print them. They are ordered by number
(`address_bytes`), never as text: capitals would change the order.
"""

from __future__ import annotations

import re
from typing import Final, NewType

from chain.ledger.errors import BadAddress, Malformed
from chain.ledger.keccak import keccak256

CommunityId = NewType("CommunityId", int)
WorkId = NewType("WorkId", int)
LicenceId = NewType("LicenceId", int)
# The 64 bits a watermark carries; names one run of a generator (see `chain.ledger.generations`).
GenerationId = NewType("GenerationId", int)
EpochNumber = NewType("EpochNumber", int)
# 0x and 40 hex digits with EIP-55 capitals.
Address = NewType("Address", str)
# 32 bytes.
Digest = NewType("Digest", bytes)

ADDRESS_BYTES: Final = 20
DIGEST_BYTES: Final = 32
UINT64_MAX: Final = 2**64 - 1
ZERO_ADDRESS: Final = Address("0x" + "0" * 40)
ZERO_DIGEST: Final = Digest(bytes(DIGEST_BYTES))

_ADDRESS_TEXT: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_GENERATION_TEXT: Final = re.compile(r"[0-9a-f]{16}")
# In Keccak's hex digits, from this character on the address's letter is a capital (EIP-55).
_CAPITAL_FROM: Final = "8"


def checked_uint(value: int, bits: int, name: str) -> int:
    """Return `value` if it is a whole number of at most `bits` bits; raises Malformed otherwise."""
    # bool is an int to Python and never a number to a contract.
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(name, f"a whole number is needed, not {type(value).__name__}")
    if value < 0 or value.bit_length() > bits:
        raise Malformed(name, f"{value} is outside 0 to 2^{bits} - 1")
    return value


def checked_digest(value: bytes, name: str = "digest") -> Digest:
    """Return `value` as 32 bytes; raises Malformed for any other length or type."""
    if not isinstance(value, bytes) or len(value) != DIGEST_BYTES:
        size = len(value) if isinstance(value, bytes) else type(value).__name__
        raise Malformed(name, f"32 bytes are needed, not {size}")
    return Digest(value)


def digest_from_hex(text: str, name: str = "digest") -> Digest:
    """Read 64 hex digits, with or without 0x; raises Malformed."""
    try:
        return checked_digest(bytes.fromhex(text.removeprefix("0x")), name)
    except ValueError as error:
        raise Malformed(name, f"not hex text: {text[:70]!r}") from error


def address_from_bytes(raw: bytes) -> Address:
    """Write 20 bytes with EIP-55 capitals; raises BadAddress for any other length."""
    if len(raw) != ADDRESS_BYTES:
        raise BadAddress(raw.hex(), f"{len(raw)} bytes, not {ADDRESS_BYTES}")
    digits = raw.hex()
    capitals = keccak256(digits.encode()).hex()
    letters = (
        digit.upper() if capital >= _CAPITAL_FROM else digit
        for digit, capital in zip(digits, capitals, strict=False)
    )
    return Address("0x" + "".join(letters))


def address(text: str) -> Address:
    """Read an account; text with mixed capitals must carry the right checksum (EIP-55).

    Raises BadAddress.
    """
    if not isinstance(text, str) or _ADDRESS_TEXT.fullmatch(text) is None:
        raise BadAddress(text, "0x and 40 hex digits are needed")
    checksummed = address_from_bytes(bytes.fromhex(text[2:]))
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper(), checksummed[2:]):
        raise BadAddress(text, f"checksum wrong, {checksummed} is meant or a digit is mistyped")
    return checksummed


def address_bytes(account: Address) -> bytes:
    """The 20 bytes of an account: what it is ordered, hashed and stored by."""
    return bytes.fromhex(account[2:])


def generation_hex(generation_id: GenerationId) -> str:
    """Write a generation as the 16 lower-case hex digits that manifests and pages show."""
    return f"{checked_uint(generation_id, 64, 'generation id'):016x}"


def generation_from_hex(text: str) -> GenerationId:
    """Inverse of `generation_hex`; raises Malformed for anything but 16 lower-case hex digits."""
    if _GENERATION_TEXT.fullmatch(text) is None:
        raise Malformed("generation id", f"16 lower-case hex digits are needed, not {text[:40]!r}")
    return GenerationId(int(text, 16))
