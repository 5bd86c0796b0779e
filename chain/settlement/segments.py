"""The segment: a block of usage events, as its producer signs it and content addressing stores it.

A header of 64 bytes says of which chain, contract and producer it is and how many events follow; 57
big-endian bytes each: kind 1, licence 8, generation 8, source key 32, time of use 8. The block is
named by its sha2-256 digest (raw codec); the producer signs the typed data
`Segment(bytes32 digest,uint32 count,address producer)`. docs/SEGMENTS.md has every byte.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.keccak import Rows, keccak256_rows
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import (
    Address,
    Digest,
    GenerationId,
    LicenceId,
    address_bytes,
    address_from_bytes,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.usage import (
    USAGE_ID_DOMAIN,
    USAGE_ID_FIELDS_BYTES,
    UsageEvent,
    UsageKind,
)
from chain.ledger.words import SigningDomain, address_word, uint_word

# The digit is the version: other bytes are another format.
MAGIC: Final = b"ANTSEG2\n"
# 16,384 events are 934 kB: within the megabyte that every IPFS node takes as one block.
SEGMENT_EVENTS_MAX: Final = 16_384
SEGMENT_TYPE: Final = "Segment(bytes32 digest,uint32 count,address producer)"

# Magic, chain id, UsageOracle, producer, count, zeros.
_HEADER: Final = struct.Struct(">8sQ20s20sI4s")
_RECORD: Final = struct.Struct(">BQQ32sQ")
HEADER_BYTES: Final = _HEADER.size
RECORD_BYTES: Final = _RECORD.size
SEGMENT_BYTES_MAX: Final = HEADER_BYTES + RECORD_BYTES * SEGMENT_EVENTS_MAX
# The same record as numpy reads it: packed, so that a block is an array as it stands.
RECORD: Final = np.dtype(
    [
        ("kind", "u1"),
        ("licence_id", ">u8"),
        ("generation_id", ">u8"),
        ("source_key", "u1", (32,)),
        ("occurred_at", ">u8"),
    ]
)
Records = NDArray[np.void]
_ZEROS: Final = bytes(4)
_CHAIN_ID_BITS: Final = 64
_SEGMENT_TYPE_HASH: Final = keccak256(SEGMENT_TYPE.encode())


@dataclass(frozen=True)
class SegmentOrigin:
    """Whose use it is, and on which chain it is to be paid: `usage_oracle` is the contract that the
    producer's signature is for."""

    chain_id: int
    usage_oracle: Address
    producer: Address

    @property
    def domain(self) -> SigningDomain:
        """The EIP-712 domain in which the producer signs."""
        return segment_domain(self.chain_id, self.usage_oracle)


def encode_segment(events: Sequence[UsageEvent], origin: SegmentOrigin) -> bytes:
    """Write events as one block, in the order given; raises Malformed for none or too many, or for
    a chain id of more than 64 bits."""
    checked_uint(origin.chain_id, _CHAIN_ID_BITS, "chain id")
    _check_count(len(events))
    oracle, producer = address_bytes(origin.usage_oracle), address_bytes(origin.producer)
    header = _HEADER.pack(MAGIC, origin.chain_id, oracle, producer, len(events), _ZEROS)
    records = (
        _RECORD.pack(e.kind, e.licence_id, e.generation_id, e.source_key, e.occurred_at)
        for e in events
    )
    return header + b"".join(records)


def segment_origin(block: bytes) -> SegmentOrigin:
    """What the header says; raises Malformed for any other bytes, a wrong length included."""
    if not block.startswith(MAGIC):
        raise Malformed("segment", f"it begins with {block[: len(MAGIC)]!r}, not {MAGIC!r}")
    if len(block) < HEADER_BYTES:
        raise Malformed("segment", f"{len(block)} bytes are no header of {HEADER_BYTES}")
    _, chain_id, oracle, producer, count, zeros = _HEADER.unpack_from(block)
    if zeros != _ZEROS:
        raise Malformed("segment", f"the header ends in {zeros.hex()}, not in zeros")
    _check_count(count)
    held, rest = divmod(len(block) - HEADER_BYTES, RECORD_BYTES)
    if rest:
        raise Malformed("segment", f"record {held} has {rest} bytes, not {RECORD_BYTES}")
    if held != count:
        raise Malformed("segment", f"the header promises {count} events, {held} follow")
    return SegmentOrigin(chain_id, address_from_bytes(oracle), address_from_bytes(producer))


def decode_segment(block: bytes) -> tuple[UsageEvent, ...]:
    """The events of a block; raises Malformed, naming the record, for any other bytes."""
    segment_origin(block)
    body = memoryview(block)[HEADER_BYTES:]
    return tuple(_event(i, *fields) for i, fields in enumerate(_RECORD.iter_unpack(body)))


def segment_records(block: bytes) -> Records:
    """The events of a block as columns: a read-only view of its bytes, of dtype `RECORD`.

    It takes and refuses the same blocks as `decode_segment`, with the same words, and copies
    nothing: `records["licence_id"]` is big-endian as it is stored.
    """
    segment_origin(block)
    records: Records = np.frombuffer(block, RECORD, offset=HEADER_BYTES)
    kinds = records["kind"]
    unknown = np.flatnonzero((kinds < min(UsageKind)) | (kinds > max(UsageKind)))
    if unknown.size:
        _kind(int(unknown[0]), int(kinds[unknown[0]]))
    return records


def joined_records(parts: Sequence[Records]) -> Records:
    """All records of some segments, one after another."""
    # Not `np.concatenate`: it would turn the numbers' bytes around on most machines.
    together = np.empty(sum(map(len, parts)), RECORD)
    end = 0
    for part in parts:
        together[end : end + len(part)] = part
        end += len(part)
    return together


def decode_record(record: np.void) -> UsageEvent:
    """One record of `segment_records` as an event."""
    assert record.dtype == RECORD
    return decode_record_bytes(record.tobytes())


def decode_record_bytes(record: bytes) -> UsageEvent:
    """One record, as it is stored, as an event."""
    return _event(0, *_RECORD.unpack(record))


def record_ids(records: Records) -> Rows:
    """The event id of each record, as `UsageEvent.event_id`: `(count, 32)` bytes."""
    assert records.dtype == RECORD, "records as they are stored, in no other byte order"
    domain = np.frombuffer(USAGE_ID_DOMAIN, np.uint8)
    fields: Rows = np.ascontiguousarray(records).view(np.uint8).reshape(-1, RECORD_BYTES)
    named = np.empty((len(records), len(domain) + USAGE_ID_FIELDS_BYTES), np.uint8)
    named[:, : len(domain)] = domain
    named[:, len(domain) :] = fields[:, :USAGE_ID_FIELDS_BYTES]
    return keccak256_rows(named)


def segment_digest(block: bytes) -> Digest:
    """The sha2-256 digest that names the block; its CID is rebuilt from it."""
    return Digest(hashlib.sha256(block).digest())


@dataclass(frozen=True)
class Segment:
    """What a producer signs of a block: which one, how many events, and who says so."""

    digest: Digest
    count: int
    origin: SegmentOrigin

    @classmethod
    def of(cls, block: bytes) -> Segment:
        """Describe a block; raises Malformed when it is no segment."""
        records = segment_records(block)
        return cls(segment_digest(block), len(records), segment_origin(block))

    def struct_hash(self) -> Digest:
        """hashStruct of the Segment (EIP-712)."""
        count, producer = uint_word(self.count), address_word(self.origin.producer)
        return Digest(keccak256(_SEGMENT_TYPE_HASH + self.digest + count + producer))

    def signing_digest(self) -> Digest:
        """The 32 bytes the producer signs."""
        return self.origin.domain.digest(self.struct_hash())


def segment_domain(chain_id: int, usage_oracle: Address) -> SigningDomain:
    """The EIP-712 domain of segments."""
    return SigningDomain("Antiphon Usage", "1", chain_id, usage_oracle)


def _check_count(count: int) -> None:
    if not 1 <= count <= SEGMENT_EVENTS_MAX:
        raise Malformed("segment", f"{count} events, not 1 to {SEGMENT_EVENTS_MAX}")


def _kind(record: int, kind: int) -> UsageKind:
    try:
        return UsageKind(kind)
    except ValueError as error:
        raise Malformed("segment", f"record {record} is of unknown kind {kind}") from error


def _event(
    record: int, kind: int, licence: int, generation: int, source_key: bytes, occurred_at: int
) -> UsageEvent:
    return UsageEvent(
        _kind(record, kind),
        LicenceId(licence),
        GenerationId(generation),
        Digest(source_key),
        occurred_at,
    )
