"""One value, one spelling, one content id: DAG-CBOR under a strict profile.

Implementations of DAG-CBOR agree on few values beyond these, so nothing else is let in:
maps with ASCII keys, lists, NFC text, whole numbers within 2^53-1, booleans, and links (a `Cid`).
No floats (encoders disagree on their width), no null (absent says it), no byte strings (digests are
hex text, so that every reader shows the same). Money travels as decimal text.
Source: IPLD DAG-CBOR specification.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Final

import libipld

from chain.provenance.cid import Cid
from chain.provenance.errors import CidMalformed, NotCanonical

CANONICAL_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16
ITEMS_MAX: Final = 256
TEXT_BYTES_MAX: Final = 8 * 1024
KEY_CHARACTERS_MAX: Final = 64
INTEGER_MAX: Final = 2**53 - 1
SALT_BYTES: Final = 32

Value = str | int | bool | Cid | list["Value"] | dict[str, "Value"]


def encode_canonical(value: object) -> bytes:
    """Write `value` as the one block of bytes it can be.

    Raises NotCanonical, naming the place inside `value`, for anything outside the profile.
    """
    block = bytes(libipld.encode_dag_cbor(_to_wire(value, "", DEPTH_MAX)))
    if len(block) > CANONICAL_BYTES_MAX:
        raise NotCanonical("", f"{len(block)} bytes, over the limit of {CANONICAL_BYTES_MAX}")
    return block


def decode_canonical(block: bytes) -> Value:
    """Read a block, refusing every spelling but the one `encode_canonical` writes.

    Raises NotCanonical. The value is encoded again and compared, so that two different blocks can
    never read as the same manifest.
    """
    if len(block) > CANONICAL_BYTES_MAX:
        raise NotCanonical("", f"{len(block)} bytes, over the limit of {CANONICAL_BYTES_MAX}")
    try:
        raw = libipld.decode_dag_cbor(block)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("", f"not DAG-CBOR: {error}") from error
    value = with_links(raw)
    if encode_canonical(value) != block:
        raise NotCanonical("", "not the canonical spelling of its value")
    return value


def with_links(raw: object) -> Value:
    """Read every byte string inside `raw` as the link it must be, and tuples as lists.

    Raises NotCanonical for bytes that are no content id, and for types outside the profile.
    """
    return _from_wire(raw, "", DEPTH_MAX)


def salted_commitment(salt: bytes, record: object) -> bytes:
    """SHA-256(salt ‖ canonical record), 32 bytes: proves a record that is kept elsewhere.

    `salt` is 32 random bytes, one per record; without it a guessable record could be confirmed by
    trying. Forgetting the record and its salt leaves a commitment that says nothing.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + encode_canonical(record)).digest()


def links_of(value: Value) -> list[Cid]:
    """Every link inside `value`, in the order in which the bytes have them."""
    if isinstance(value, Cid):
        return [value]
    if isinstance(value, dict):
        ordered = sorted(value, key=lambda key: (len(key), key))
        return [cid for key in ordered for cid in links_of(value[key])]
    if isinstance(value, list):
        return [cid for item in value for cid in links_of(item)]
    return []


def _to_wire(value: object, path: str, depth_left: int) -> object:
    """Copy `value` into what libipld encodes, checking every rule of the profile on the way."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Cid):
        # The profile has no byte strings, so bytes can only mean a link to libipld.
        return value.to_bytes()
    if isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise NotCanonical(path, "a whole number beyond 2^53-1; write it as decimal text")
        return int(value)
    if isinstance(value, str):
        return _checked_text(value, path)
    if isinstance(value, Mapping | list | tuple):
        if depth_left == 0:
            raise NotCanonical(path, f"nested deeper than {DEPTH_MAX}")
        if len(value) > ITEMS_MAX:
            raise NotCanonical(path, f"{len(value)} items, over the limit of {ITEMS_MAX}")
        if isinstance(value, Mapping):
            return {
                _checked_key(key, path): _to_wire(item, f"{path}.{key}".lstrip("."), depth_left - 1)
                for key, item in value.items()
            }
        return [_to_wire(item, f"{path}[{i}]", depth_left - 1) for i, item in enumerate(value)]
    raise NotCanonical(path, f"{type(value).__name__} is not in the profile")


def _from_wire(raw: object, path: str, depth_left: int) -> Value:
    if depth_left < 0:
        raise NotCanonical(path, f"nested deeper than {DEPTH_MAX}")
    if isinstance(raw, bytes):
        try:
            return Cid.from_bytes(raw)
        except CidMalformed as error:
            raise NotCanonical(path, f"bytes that are no link ({error.reason})") from error
    if isinstance(raw, dict):
        return {k: _from_wire(v, f"{path}.{k}".lstrip("."), depth_left - 1) for k, v in raw.items()}
    if isinstance(raw, list | tuple):
        return [_from_wire(v, f"{path}[{i}]", depth_left - 1) for i, v in enumerate(raw)]
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, int):
        return raw
    raise NotCanonical(path, f"{type(raw).__name__} is not in the profile")


def _checked_text(text: str, path: str) -> str:
    try:
        size_bytes = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NotCanonical(path, "text with half a surrogate pair") from error
    if size_bytes > TEXT_BYTES_MAX:
        raise NotCanonical(path, f"{size_bytes} bytes of text, over {TEXT_BYTES_MAX}")
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical(path, "text is not in Unicode normal form C")
    return str(text)


def _checked_key(key: object, path: str) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise NotCanonical(path, f"a key must be 1 to {KEY_CHARACTERS_MAX} characters of text")
    if not key.isascii() or not key.isprintable():
        raise NotCanonical(path, f"the key {key!r} is not printable ASCII")
    return str(key)
