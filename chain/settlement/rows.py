"""Usage events as strings of bytes, for the calculator that takes them one by one.

A row is 89 bytes: the time of use, the event's id, kind, licence, generation, source key. So rows
sort as they are into the order in which events are taken, time first and then id; a million of them
need no object each but themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from chain.ledger.identifiers import Digest
from chain.ledger.keccak import keccak256
from chain.ledger.usage import USAGE_ID_DOMAIN, USAGE_ID_FIELDS_BYTES, UsageEvent
from chain.settlement.segments import RECORD_BYTES, Records, decode_record_bytes

TIME: Final = slice(0, 8)
ID: Final = slice(8, 40)
# Kind, licence and generation: what all events of one use have alike.
USE: Final = slice(40, 57)
_TIME_BYTES: Final = 8
_RECORD_BEGIN: Final = 40


def rows_of(events: Iterable[UsageEvent]) -> Iterator[bytes]:
    """The rows of events."""
    for event in events:
        use = bytes([event.kind]) + event.licence_id.to_bytes(8, "big")
        use += event.generation_id.to_bytes(8, "big")
        time = event.occurred_at.to_bytes(_TIME_BYTES, "big")
        yield time + event.event_id + use + event.source_key


def rows_in(records: Records) -> Iterator[bytes]:
    """The rows of segments' records."""
    body = records.tobytes()
    for begin in range(0, len(body), RECORD_BYTES):
        end = begin + USAGE_ID_FIELDS_BYTES
        used = body[begin:end]
        yield body[end : begin + RECORD_BYTES] + keccak256(USAGE_ID_DOMAIN + used) + used


def event_in(row: bytes) -> UsageEvent:
    """The event of a row."""
    return decode_record_bytes(row[_RECORD_BEGIN:] + row[TIME])


def id_in(row: bytes) -> Digest:
    """The event's id."""
    return Digest(row[ID])
