"""Content ids: what a block is called, everywhere and for ever.

Only what this ledger writes is understood: version 0 (dag-pb) and version 1 with the codecs of
`Codec`, always SHA-256. Anything else is refused by name rather than guessed at.
Source: multiformats/cid, multihash, multibase, multicodec.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from chain.provenance.errors import CidMalformed, CidUnsupported
from chain.provenance.varint import decode_varint, encode_varint

DIGEST_BYTES = 32
SHA2_256_HEADER = b"\x12\x20"
CID_V0_BYTES = len(SHA2_256_HEADER) + DIGEST_BYTES
CID_V0_CHARACTERS = 46
# Longer than any spelling of any id we accept; stops the quadratic base58 loop on hostile text.
CID_CHARACTERS_MAX = 128

BASE58_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_VALUE = {character: value for value, character in enumerate(BASE58_ALPHABET)}


class Codec(IntEnum):
    """How the bytes of a block are to be read; the number is the multicodec."""

    RAW = 0x55
    """Bytes as they are: leaves of a file, licence texts, usage segments."""
    DAG_PB = 0x70
    """Inner node of a UnixFS file."""
    DAG_CBOR = 0x71
    """A manifest."""


def base58_encode(data: bytes) -> str:
    """Base58 as Bitcoin and IPFS write it; each leading zero byte becomes a `1`."""
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, value = divmod(number, len(BASE58_ALPHABET))
        text = BASE58_ALPHABET[value] + text
    return BASE58_ALPHABET[0] * (len(data) - len(data.lstrip(b"\0"))) + text


def base58_decode(text: str) -> bytes:
    """Inverse of `base58_encode`; raises ValueError on a character outside the alphabet."""
    number = 0
    for character in text:
        if character not in BASE58_VALUE:
            raise ValueError(f"{character!r} is not base58")
        number = number * len(BASE58_ALPHABET) + BASE58_VALUE[character]
    zeros = len(text) - len(text.lstrip(BASE58_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base32_encode(data: bytes) -> str:
    """RFC 4648 base32, lower case, without padding."""
    return base64.b32encode(data).decode("ascii").lower().rstrip("=")


def base32_decode(text: str) -> bytes:
    """Inverse of `base32_encode`; raises ValueError unless `text` is the one spelling."""
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise ValueError("not base32") from error
    if base32_encode(data) != text:
        raise ValueError("not the canonical base32 spelling")
    return data


@dataclass(frozen=True, slots=True, order=True)
class Cid:
    """A content id as a value. Equality is equality of bytes, whatever spelling it came in.

    `digest` is the SHA-256 of the block (32 bytes): the part that goes on chain, with `codec`.
    """

    version: Literal[0, 1]
    codec: Codec
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != DIGEST_BYTES:
            raise CidMalformed(self.digest, f"a digest has {DIGEST_BYTES} bytes")
        if self.version == 0 and self.codec is not Codec.DAG_PB:
            raise CidMalformed(self.codec, "version 0 is dag-pb only")

    @classmethod
    def of(cls, codec: Codec, data: bytes) -> Cid:
        """Name a block: version 1, SHA-256 of exactly these bytes."""
        return cls(1, codec, hashlib.sha256(data).digest())

    @classmethod
    def from_digest(cls, digest: bytes, codec: Codec | int) -> Cid:
        """Rebuild the version 1 id from what the chain stores. Raises CidMalformed."""
        return cls(1, _known_codec(int(codec), digest), bytes(digest))

    @classmethod
    def from_bytes(cls, data: bytes) -> Cid:
        """Read a binary id that fills `data` exactly. Raises CidMalformed, CidUnsupported."""
        cid, end = cls.read(data, 0)
        if end != len(data):
            raise CidMalformed(data, f"{len(data) - end} bytes too many")
        return cid

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Cid, int]:
        """Read the id that starts at `offset`; return it with the offset just after it."""
        if data[offset : offset + 2] == SHA2_256_HEADER:
            end = offset + CID_V0_BYTES
            if len(data) < end:
                raise CidMalformed(data, "cut short")
            return cls(0, Codec.DAG_PB, data[offset + 2 : end]), end
        try:
            version, at = decode_varint(data, offset)
            codec, at = decode_varint(data, at)
            hash_code, at = decode_varint(data, at)
            length, at = decode_varint(data, at)
        except ValueError as error:
            raise CidMalformed(data, str(error)) from error
        if version != 1:
            raise CidUnsupported(data, f"version {version}")
        if (hash_code, length) != (SHA2_256_HEADER[0], DIGEST_BYTES):
            raise CidUnsupported(data, f"hash 0x{hash_code:x} of {length} bytes, not sha2-256")
        if len(data) < at + DIGEST_BYTES:
            raise CidMalformed(data, "cut short")
        digest = bytes(data[at : at + DIGEST_BYTES])
        return cls(1, _known_codec(codec, data), digest), at + DIGEST_BYTES

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Read a printed id: `Qm…` (version 0), `b…` base32 or `z…` base58 (version 1).

        Strict: no other base, no upper-case base32, no padding, no white space, no path.
        Raises CidMalformed, or CidUnsupported when it is an id of a kind not used here.
        """
        if not text or len(text) > CID_CHARACTERS_MAX:
            raise CidMalformed(text, f"must have 1 to {CID_CHARACTERS_MAX} characters")
        try:
            if len(text) == CID_V0_CHARACTERS and text.startswith("Qm"):
                return cls.from_bytes(base58_decode(text))
            if text.startswith("b"):
                data = base32_decode(text[1:])
            elif text.startswith("z"):
                data = base58_decode(text[1:])
            else:
                raise CidUnsupported(text, "write it in base32 (b…), base58 (z…) or as Qm…")
        except ValueError as error:
            raise CidMalformed(text, str(error)) from error
        cid = cls.from_bytes(data)
        if cid.version == 0:
            raise CidMalformed(text, "version 0 is written without a base prefix")
        return cid

    def to_bytes(self) -> bytes:
        """The binary id: 34 bytes for version 0, 36 for version 1."""
        multihash = SHA2_256_HEADER + self.digest
        if self.version == 0:
            return multihash
        return encode_varint(self.version) + encode_varint(self.codec) + multihash

    def as_v1(self) -> Cid:
        """The version 1 name of the same block, under which stores keep it."""
        return self if self.version == 1 else Cid(1, self.codec, self.digest)

    def matches(self, data: bytes) -> bool:
        """Whether `data` is the block that this id names."""
        return hashlib.sha256(data).digest() == self.digest

    def __str__(self) -> str:
        data = self.to_bytes()
        return base58_encode(data) if self.version == 0 else "b" + base32_encode(data)

    def __repr__(self) -> str:
        return f"Cid({str(self)!r})"


def _known_codec(code: int, given: object) -> Codec:
    try:
        return Codec(code)
    except ValueError as error:
        raise CidUnsupported(given, f"codec 0x{code:x}") from error
