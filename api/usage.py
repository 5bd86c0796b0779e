"""The desk at which platforms hand in usage: signed segments in, receipts out."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from api.application import Application
from api.errors import NotFound
from chain.ledger.identifiers import Address, Digest
from chain.provenance import Cid, Codec
from chain.settlement.segments import SEGMENT_BYTES_MAX, segment_origin
from oracle.chain_facts import ChainFacts
from oracle.errors import SegmentRefused
from oracle.evidence_book import EvidenceBook
from oracle.intake import UsageIntake
from oracle.intake_receipt import IntakeReceipt
from oracle.node_wire import NodeWire
from oracle.typed_data import SIGNATURE_BYTES

# A signed segment as it is sent and kept in files: the block, and the signature behind it.
SIGNED_SEGMENT_BYTES_MAX: Final = SEGMENT_BYTES_MAX + SIGNATURE_BYTES
# Licences change rarely, segments come many to a second: the chain is asked this often.
FACTS_SECONDS: Final = 1.0


@dataclass(frozen=True)
class SegmentFiled:
    """What became of a segment that was handed in."""

    segment: Digest
    producer: Address
    receipt: IntakeReceipt


@dataclass(frozen=True)
class EventsHeld:
    """So many of a segment's events are in one state; `epoch` None before they are sealed."""

    epoch: int | None
    state: str
    reason: str
    events: int


@dataclass(frozen=True)
class SegmentReceipt:
    """A segment that is held. Events that another segment had before are held by that one."""

    segment: Digest
    producer: Address
    count: int
    held: tuple[EventsHeld, ...]


def segment_cid(digest: Digest) -> Cid:
    """The content id of a segment's block."""
    return Cid.from_digest(digest, Codec.RAW)


class UsageDesk:
    """Files into the oracle's outbox beside this index; the oracle's own process seals from it."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._looking = threading.Lock()
        self._seen: tuple[float, int, ChainFacts] | None = None

    @cached_property
    def _intake(self) -> UsageIntake:
        return UsageIntake(
            self._app.outbox, self._app.deployment.chain_id, self._app.oracle.address
        )

    def file(self, signed_segment: bytes, *, dry_run: bool = False) -> SegmentFiled:
        """Take a signed segment, whole or not at all; filing it again is harmless.

        Raises any EvidenceRefused (SegmentRefused names every row), OutboxUnavailable.
        """
        body, signature = signed_segment[:-SIGNATURE_BYTES], signed_segment[-SIGNATURE_BYTES:]
        now, facts = self._facts(fresh=False)
        try:
            receipt = self._intake.file_segment(body, signature, facts, now=now, dry_run=dry_run)
        except SegmentRefused:
            # A licence may have been taken, and time gone by, since the chain was looked at.
            now, facts = self._facts(fresh=True)
            receipt = self._intake.file_segment(body, signature, facts, now=now, dry_run=dry_run)
        return SegmentFiled(receipt.segments[0], segment_origin(body).producer, receipt)

    def receipt(self, digest: Digest) -> SegmentReceipt:
        """What became of a segment's events. Raises NotFound, OutboxUnavailable."""
        with self._app.outbox.reading() as connection:
            book = EvidenceBook(connection)
            segment = book.usage.segment(digest)
            if segment is None:
                raise NotFound("segment", "0x" + digest.hex())
            held = tuple(EventsHeld(*state) for state in book.usage.segment_states(digest))
        return SegmentReceipt(digest, segment.producer, segment.count, held)

    def event_counts(self) -> dict[str, int]:
        """How many events are in each state."""
        with self._app.outbox.reading() as connection:
            return EvidenceBook(connection).usage.event_counts()

    def credits(self) -> dict[Address, int]:
        """What each licence holder that was ever funded has left in the epoch lane, in base units
        of the payment token."""
        at = self._app.view.head()
        return self._app.store.credits(self._app.token.address, at=at)

    def now(self) -> int:
        """The chain's time as events are judged by it, in Unix seconds."""
        return self._facts(fresh=False)[0]

    def _facts(self, *, fresh: bool) -> tuple[int, ChainFacts]:
        with self._looking:
            if fresh or self._seen is None or time.monotonic() > self._seen[0] + FACTS_SECONDS:
                at = self._app.view.head()
                now = NodeWire(self._app.node).next_block_time()
                self._seen = (time.monotonic(), now, self._app.view.facts(at))
            return self._seen[1:]
