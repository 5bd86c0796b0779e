"""Taking in usage: a producer's signed segment, or a file of JSON lines, row by row.

A platform reports its own use: plays, under licences it holds. What follows from generation logs
and detections is reported by nobody but the oracle, from evidence (see `oracle.harvest`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.digests import digests_of
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from chain.ledger.keccak import keccak256
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.segments import (
    SEGMENT_EVENTS_MAX,
    Segment,
    SegmentOrigin,
    decode_record,
    encode_segment,
    record_ids,
    segment_records,
)
from oracle.chain_facts import ChainFacts
from oracle.errors import EvidenceMalformed, SegmentOfAnother, SegmentRefused
from oracle.evidence_book import EvidenceBook, StoredSegment
from oracle.generation_log import CLOCK_SKEW_SECONDS
from oracle.outbox import Outbox
from oracle.typed_data import DigestSigner, require_signer, sign_struct

LINE_ID_PREFIX: Final = b"antiphon.line.1"
LINE_CHARACTERS_MAX: Final = 4_096


class RowOutcome(StrEnum):
    """What became of one row."""

    ACCEPTED = "accepted"
    """It waits for the next epoch."""
    DUPLICATE = "duplicate"
    """The same event is held already."""
    REFUSED = "refused"
    """It is not usage; the reason is beside it."""


@dataclass(frozen=True)
class RowResult:
    """One row of a segment or file, counted from 0."""

    index: int
    outcome: RowOutcome
    event_id: Digest | None = None
    reason: str = ""


@dataclass(frozen=True)
class IntakeReceipt:
    """What became of everything that was handed in. `segments` are the digests now held."""

    segments: tuple[Digest, ...]
    rows: tuple[RowResult, ...]

    def count(self, outcome: RowOutcome) -> int:
        """How many rows ended so."""
        return sum(row.outcome is outcome for row in self.rows)


class UsageIntake:
    """Puts verified segments into the outbox: those of one oracle contract on one chain."""

    def __init__(self, outbox: Outbox, chain_id: int, usage_oracle: Address) -> None:
        self._outbox = outbox
        self._chain_id = chain_id
        self._usage_oracle = usage_oracle

    def origin(self, producer: Address) -> SegmentOrigin:
        """What the header of a producer's segments says here."""
        return SegmentOrigin(self._chain_id, self._usage_oracle, producer)

    def file_segment(
        self, body: bytes, signature: bytes, facts: ChainFacts, *, now: int
    ) -> IntakeReceipt:
        """Take a platform's segment, whole or not at all.

        Filing it again is harmless: its rows come back as duplicates. Raises EvidenceMalformed (no
        segment), SegmentOfAnother (chain or contract), SignatureMalformed, SignatureForged,
        SegmentRefused (naming every row that is not the producer's to report).
        """
        try:
            segment, records = Segment.of(body), segment_records(body)
        except Malformed as error:
            raise EvidenceMalformed("segment", str(error)) from error
        producer = segment.origin.producer
        if segment.origin != self.origin(producer):
            raise SegmentOfAnother(segment.origin, self.origin(producer))
        require_signer(producer, segment.signing_digest(), signature)
        spoiled = _spoiled(records, producer, facts, now)
        if spoiled:
            raise SegmentRefused(spoiled)
        stored = StoredSegment(segment.digest, producer, signature, segment.count, body)
        return IntakeReceipt((stored.digest,), self.keep(stored, digests_of(record_ids(records))))

    def keep(self, segment: StoredSegment, ids: Sequence[Digest]) -> tuple[RowResult, ...]:
        """Store a verified segment and those of its events, by their ids in order, that are new."""
        with self._outbox.writing() as connection:
            book = EvidenceBook(connection)
            seen = book.known_events(ids)
            rows = []
            fresh = []
            for index, event_id in enumerate(ids):
                outcome = RowOutcome.DUPLICATE if event_id in seen else RowOutcome.ACCEPTED
                if outcome is RowOutcome.ACCEPTED:
                    seen.add(event_id)
                    fresh.append(event_id)
                rows.append(RowResult(index, outcome, event_id))
            if fresh:
                book.put_segment(segment, fresh)
            self._outbox.reached("segment-before-commit")
        self._outbox.reached("segment-after-commit")
        return tuple(rows)

    def import_lines(
        self, lines: Iterable[str], signer: DigestSigner, facts: ChainFacts, *, now: int
    ) -> IntakeReceipt:
        """Take a platform's file of JSON lines: good rows are packed and signed, bad ones named.

        A row is `{"licence": 3, "generation": "0x…16 digits", "line": "id in the platform's own
        log", "occurredAt": 1800000000}`.
        """
        results: dict[int, RowResult] = {}
        good: list[tuple[int, UsageEvent]] = []
        for index, line in enumerate(line for line in lines if line.strip()):
            event: UsageEvent | None = None
            try:
                event = _event_of(line, signer.address)
                reason = _why_refused(event, signer.address, facts, now)
            except (EvidenceMalformed, Malformed) as error:
                reason = str(error)
            if event is None or reason:
                results[index] = RowResult(index, RowOutcome.REFUSED, None, reason)
            else:
                good.append((index, event))
        digests = []
        for first in range(0, len(good), SEGMENT_EVENTS_MAX):
            chunk = good[first : first + SEGMENT_EVENTS_MAX]
            segment = self.pack([event for _, event in chunk], signer)
            digests.append(segment.digest)
            for (index, _), row in zip(
                chunk, self.keep(segment, [event.event_id for _, event in chunk]), strict=True
            ):
                results[index] = RowResult(index, row.outcome, row.event_id)
        return IntakeReceipt(tuple(digests), tuple(results[i] for i in sorted(results)))

    def pack(self, events: Sequence[UsageEvent], signer: DigestSigner) -> StoredSegment:
        """Encode and sign a segment as its producer."""
        body = encode_segment(events, self.origin(signer.address))
        segment = Segment.of(body)
        signature = sign_struct(segment.origin.domain, segment.struct_hash(), signer)
        return StoredSegment(segment.digest, signer.address, signature, segment.count, body)


def _spoiled(
    records: NDArray[np.void], producer: Address, facts: ChainFacts, now: int
) -> list[tuple[int, str]]:
    """Every row that a platform may not report, and why. Columns say which rows to look at."""
    licences = np.unique(records["licence_id"])
    unfit = [i for i in licences if _licence_fault(LicenceId(int(i)), producer, facts)]
    times = records["occurred_at"]
    suspect = (
        (records["kind"] != UsageKind.PLAY)
        | (times > now + CLOCK_SKEW_SECONDS)
        | np.isin(records["licence_id"], unfit)
    )
    return [
        (int(row), _why_refused(decode_record(records[row]), producer, facts, now))
        for row in np.flatnonzero(suspect)
    ]


def _why_refused(event: UsageEvent, producer: Address, facts: ChainFacts, now: int) -> str:
    """Why a platform may not report this use; empty when it may."""
    if event.kind is not UsageKind.PLAY:
        return f"a platform reports plays, not {event.kind.name}: file the log or detection itself"
    fault = _licence_fault(event.licence_id, producer, facts)
    if fault:
        return fault
    if event.occurred_at > now + CLOCK_SKEW_SECONDS:
        return f"it is dated {event.occurred_at - now} s ahead of the chain's time"
    return ""


def _licence_fault(licence_id: LicenceId, producer: Address, facts: ChainFacts) -> str:
    licence = facts.licence(licence_id)
    if licence is None:
        return f"licence {licence_id} is unknown"
    return "" if licence.holder == producer else f"licence {licence_id} is held by {licence.holder}"


def _event_of(line: str, platform: Address) -> UsageEvent:
    if len(line) > LINE_CHARACTERS_MAX:
        raise EvidenceMalformed("row", f"has more than {LINE_CHARACTERS_MAX} characters")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise EvidenceMalformed("row", "is no JSON") from error
    if not isinstance(row, dict):
        raise EvidenceMalformed("row", "is no JSON object")
    line_id = _field(row, "line", str)
    # The platform's own line id may be any text; two platforms may use the same one.
    source = keccak256(LINE_ID_PREFIX + platform.lower().encode() + line_id.encode())
    generation = _field(row, "generation", str)
    try:
        generation_id = GenerationId(int(generation, 16))
    except ValueError as error:
        raise EvidenceMalformed("generation", "is no 0x-hexadecimal id") from error
    return UsageEvent(
        UsageKind.PLAY,
        LicenceId(_field(row, "licence", int)),
        generation_id,
        Digest(source),
        _field(row, "occurredAt", int),
    )


def _field(row: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = row.get(name)
    # A bool is an int to Python, and no number in a log.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise EvidenceMalformed(name, f"is missing or no {kind.__name__}")
    return value
