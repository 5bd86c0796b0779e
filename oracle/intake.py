"""Taking in usage: a producer's signed segment, whole or not at all; a file's rows, one by one.

A platform reports its own use: plays, under licences it holds. What follows from generation logs
and detections is reported by nobody but the oracle, from evidence (see `oracle.harvest`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.digests import digests_of
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.counting import LICENCES_MAX
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
from oracle.evidence_book import EvidenceBook
from oracle.generation_log import CLOCK_SKEW_SECONDS
from oracle.intake_receipt import AllAccepted, IntakeReceipt, RowOutcome, RowResult
from oracle.outbox import Outbox
from oracle.typed_data import StructSigner, require_signer, sign_struct
from oracle.usage_book import StoredSegment
from oracle.usage_rows import UsageFormat, read_rows

# A year's statement, and five weeks to send it in. What is older is between platform and payees.
BACKDATED_SECONDS_MAX: Final = 400 * 86_400
# Segments whose times are compared when events are sent again; a log sent anew has its own cut, so
# each of its segments meets two or three of the first ones.
COMPARED_SEGMENTS_MAX: Final = 16


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
        self,
        body: bytes,
        signature: bytes,
        facts: ChainFacts,
        *,
        now: int,
        dry_run: bool = False,
    ) -> IntakeReceipt:
        """Take a platform's segment, whole or not at all; as a `dry_run`, only say what would be.

        Filing it again is harmless: its rows come back as duplicates. Raises EvidenceMalformed (no
        segment, or of too many licences), SegmentOfAnother (chain or contract), SignatureMalformed,
        SignatureForged, SegmentRefused (naming every row that is not the producer's to report).
        """
        try:
            segment, records = Segment.of(body), segment_records(body)
        except Malformed as error:
            raise EvidenceMalformed("segment", error.reason) from error
        producer = segment.origin.producer
        if segment.origin != self.origin(producer):
            raise SegmentOfAnother(segment.origin, self.origin(producer))
        require_signer(producer, segment.signing_digest(), signature)
        spoiled = _spoiled(records, producer, facts, now)
        if spoiled:
            raise SegmentRefused(spoiled)
        stored = StoredSegment(segment.digest, producer, signature, segment.count, body)
        rows = self._foresee(stored) if dry_run else self.keep(stored)
        return IntakeReceipt((stored.digest,), rows)

    def keep(self, segment: StoredSegment) -> Sequence[RowResult]:
        """Store a verified segment and those of its events that are new."""
        with self._outbox.writing() as connection:
            book = EvidenceBook(connection)
            rows = _rows_of(book, segment)
            fresh = _accepted_ids(rows)
            if fresh:
                book.usage.put_segment(segment, fresh)
            self._outbox.reached("segment-before-commit")
        self._outbox.reached("segment-after-commit")
        return rows

    def _foresee(self, segment: StoredSegment) -> Sequence[RowResult]:
        with self._outbox.reading() as connection:
            return _rows_of(EvidenceBook(connection), segment)

    def import_lines(
        self, lines: Iterable[str], signer: StructSigner, facts: ChainFacts, *, now: int
    ) -> IntakeReceipt:
        """Take a platform's JSON lines: good rows are packed and signed, bad ones named.

        Raises UsageFileUnreadable.
        """
        results: dict[int, RowResult] = {}
        good: list[tuple[int, UsageEvent]] = []
        encoded = (line.encode() for line in lines)
        for row in read_rows(encoded, UsageFormat.JSONL, signer.address):
            index, event, reason = row.number - 1, row.event, row.reason
            if event is not None:
                reason = _why_refused(event, signer.address, facts, now)
            if event is None or reason:
                results[index] = RowResult(index, RowOutcome.REFUSED, None, reason)
            else:
                good.append((index, event))
        digests = []
        for chunk in segment_lots(good):
            segment = self.pack([event for _, event in chunk], signer)
            digests.append(segment.digest)
            for (index, _), kept in zip(chunk, self.keep(segment), strict=True):
                results[index] = RowResult(index, kept.outcome, kept.event_id, kept.reason)
        return IntakeReceipt(tuple(digests), tuple(results[i] for i in sorted(results)))

    def pack(self, events: Sequence[UsageEvent], signer: StructSigner) -> StoredSegment:
        """Encode and sign a segment as its producer."""
        return pack_segment(events, self.origin(signer.address), signer)


def segment_lots(
    rows: Sequence[tuple[int, UsageEvent]],
) -> Iterator[list[tuple[int, UsageEvent]]]:
    """Numbered events in lots that are a segment each, of no more licences than a report names; in
    their own order if one report names them all."""
    ordered = rows
    if len({event.licence_id for _, event in rows}) > LICENCES_MAX:
        ordered = sorted(rows, key=lambda row: row[1].licence_id)
    lot: list[tuple[int, UsageEvent]] = []
    licences: set[LicenceId] = set()
    for row in ordered:
        licence = row[1].licence_id
        crowded = licence not in licences and len(licences) == LICENCES_MAX
        if lot and (crowded or len(lot) == SEGMENT_EVENTS_MAX):
            yield lot
            lot, licences = [], set()
        lot.append(row)
        licences.add(licence)
    if lot:
        yield lot


def pack_segment(
    events: Sequence[UsageEvent], origin: SegmentOrigin, signer: StructSigner
) -> StoredSegment:
    """Encode and sign a segment as its producer."""
    body = encode_segment(events, origin)
    segment = Segment.of(body)
    signature = sign_struct(origin.domain, segment.struct_hash(), signer)
    return StoredSegment(segment.digest, signer.address, signature, segment.count, body)


def _accepted_ids(rows: Sequence[RowResult]) -> Sequence[Digest]:
    if isinstance(rows, AllAccepted):
        return rows.event_ids
    return [
        row.event_id
        for row in rows
        if row.outcome is RowOutcome.ACCEPTED and row.event_id is not None
    ]


def _rows_of(book: EvidenceBook, segment: StoredSegment) -> Sequence[RowResult]:
    """What each event of a segment is to the outbox: new, or held; and held with which time."""
    records = segment_records(segment.body)
    ids = digests_of(record_ids(records))
    held = book.usage.holders_of(ids)
    if not held and len(set(ids)) == len(ids):
        return AllAccepted(ids)
    times = records["occurred_at"].tolist()
    known = _times_held(book, segment, held)
    rows = []
    seen: dict[Digest, int] = {}
    for index, (event_id, time) in enumerate(zip(ids, times, strict=True)):
        if event_id not in held and event_id not in seen:
            seen[event_id] = time
            rows.append(RowResult(index, RowOutcome.ACCEPTED, event_id))
            continue
        before = seen.get(event_id, known.get(event_id, time))
        reason = "" if before == time else _another_time(before, time)
        rows.append(RowResult(index, RowOutcome.DUPLICATE, event_id, reason))
    return rows


def _times_held(
    book: EvidenceBook, segment: StoredSegment, held: dict[Digest, Digest]
) -> dict[Digest, int]:
    """The times of events as the segments that hold them say them."""
    others = sorted(set(held.values()) - {segment.digest})
    times: dict[Digest, int] = {}
    for digest in others[:COMPARED_SEGMENTS_MAX]:
        other = book.usage.segment(digest)
        if other is not None:
            records = segment_records(other.body)
            named = zip(
                digests_of(record_ids(records)), records["occurred_at"].tolist(), strict=True
            )
            times.update((i, time) for i, time in named if held.get(i) == digest)
    return times


def _another_time(before: int, now: int) -> str:
    return (
        f"held already with time of use {before}, not {now}: if it is another use, give it a line "
        "id of its own"
    )


def _spoiled(
    records: NDArray[np.void], producer: Address, facts: ChainFacts, now: int
) -> list[tuple[int, str]]:
    """Every row that a platform may not report, and why. Columns say which rows to look at."""
    licences = np.unique(records["licence_id"])
    if len(licences) > LICENCES_MAX:
        said = f"names {len(licences)} licences, and a report names {LICENCES_MAX}"
        raise EvidenceMalformed("segment", f"{said}: cut it by licences")
    unfit = [i for i in licences if _licence_fault(LicenceId(int(i)), producer, facts)]
    times = records["occurred_at"]
    suspect = (
        (records["kind"] != UsageKind.PLAY)
        | (times > now + CLOCK_SKEW_SECONDS)
        | (times < max(0, now - BACKDATED_SECONDS_MAX))
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
    ahead = event.occurred_at - now
    if ahead > CLOCK_SKEW_SECONDS:
        return f"it is dated {ahead} s ahead of the chain's time: set the clock, send it later"
    if -ahead > BACKDATED_SECONDS_MAX:
        return (
            f"it is dated {-ahead // 86_400} days back, more than {BACKDATED_SECONDS_MAX // 86_400}"
            ": pay for it in the direct lane"
        )
    return ""


def _licence_fault(licence_id: LicenceId, producer: Address, facts: ChainFacts) -> str:
    licence = facts.licence(licence_id)
    if licence is None:
        return f"licence {licence_id} is unknown"
    return "" if licence.holder == producer else f"licence {licence_id} is held by {licence.holder}"
