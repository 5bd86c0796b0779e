"""The segment: a block of usage events, as its producer signs it and content addressing stores it.

Eight bytes of magic, then 57 big-endian bytes an event: kind 1, licence 8, generation 8, source key
32, time of use 8. The block is named by its sha2-256 digest (raw codec); the producer signs the
typed data `Segment(bytes32 digest,uint32 count,address producer)`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from chain.ledger.keccak import keccak256
from chain.ledger.usage import UsageEvent, UsageKind
from chain.ledger.words import SigningDomain, address_word, uint_word

MAGIC: Final = b"ANTSEG1\n"
# 16,384 events are 934 kB: within the megabyte that every IPFS node takes as one block.
SEGMENT_EVENTS_MAX: Final = 16_384
SEGMENT_TYPE: Final = "Segment(bytes32 digest,uint32 count,address producer)"

_RECORD: Final = struct.Struct(">BQQ32sQ")
_SEGMENT_TYPE_HASH: Final = keccak256(SEGMENT_TYPE.encode())


def encode_segment(events: Sequence[UsageEvent]) -> bytes:
    """Write events as one block, in the order given; raises Malformed for none or too many."""
    if not 1 <= len(events) <= SEGMENT_EVENTS_MAX:
        raise Malformed("segment", f"{len(events)} events, not 1 to {SEGMENT_EVENTS_MAX}")
    records = (
        _RECORD.pack(e.kind, e.licence_id, e.generation_id, e.source_key, e.occurred_at)
        for e in events
    )
    return MAGIC + b"".join(records)


def decode_segment(block: bytes) -> tuple[UsageEvent, ...]:
    """Inverse of `encode_segment`; raises Malformed, naming the record, for any other bytes."""
    if not block.startswith(MAGIC):
        raise Malformed("segment", f"it begins with {block[: len(MAGIC)]!r}, not {MAGIC!r}")
    count, rest = divmod(len(block) - len(MAGIC), _RECORD.size)
    if rest:
        raise Malformed("segment", f"record {count} has {rest} bytes, not {_RECORD.size}")
    if not 1 <= count <= SEGMENT_EVENTS_MAX:
        raise Malformed("segment", f"{count} events, not 1 to {SEGMENT_EVENTS_MAX}")
    body = memoryview(block)[len(MAGIC) :]
    return tuple(_event(i, *fields) for i, fields in enumerate(_RECORD.iter_unpack(body)))


def segment_digest(block: bytes) -> Digest:
    """The sha2-256 digest that names the block; its CID is rebuilt from it."""
    return Digest(hashlib.sha256(block).digest())


@dataclass(frozen=True)
class Segment:
    """What a producer signs of a block: which one, how many events, and who says so."""

    digest: Digest
    count: int
    producer: Address

    @classmethod
    def of(cls, block: bytes, producer: Address) -> Segment:
        """Describe a block; raises Malformed when it is no segment."""
        return cls(segment_digest(block), len(decode_segment(block)), producer)

    def struct_hash(self) -> Digest:
        """hashStruct of the Segment (EIP-712)."""
        count, producer = uint_word(self.count), address_word(self.producer)
        return Digest(keccak256(_SEGMENT_TYPE_HASH + self.digest + count + producer))

    def signing_digest(self, chain_id: int, usage_oracle: Address) -> Digest:
        """The 32 bytes the producer signs."""
        return segment_domain(chain_id, usage_oracle).digest(self.struct_hash())


def segment_domain(chain_id: int, usage_oracle: Address) -> SigningDomain:
    """The EIP-712 domain of segments."""
    return SigningDomain("Antiphon Usage", "1", chain_id, usage_oracle)


def _event(
    record: int, kind: int, licence: int, generation: int, source_key: bytes, occurred_at: int
) -> UsageEvent:
    try:
        usage_kind = UsageKind(kind)
    except ValueError as error:
        raise Malformed("segment", f"record {record} is of unknown kind {kind}") from error
    return UsageEvent(
        usage_kind, LicenceId(licence), GenerationId(generation), Digest(source_key), occurred_at
    )
