"""Sending a platform's usage file: read by rows, signed by segments, told by rows.

Memory holds one segment's rows at a time. Nothing is remembered between runs: what was sent before
comes back as a duplicate, so that after any interruption the same file is sent again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from chain.ledger.identifiers import Digest, address
from chain.ledger.usage import UsageEvent
from chain.settlement.segments import SEGMENT_EVENTS_MAX, SegmentOrigin
from oracle.intake import pack_segment, segment_lots
from oracle.intake_receipt import RowOutcome
from oracle.typed_data import StructSigner
from oracle.usage_book import StoredSegment
from oracle.usage_rows import Row, UsageFormat, bounded_lines, read_rows

RESULT_COLUMNS: Final = ("row", "outcome", "event_id", "reason")


class SegmentSpoiled(Exception):
    """The API refused a segment; `rows` are the (place, reason) pairs to leave out."""

    def __init__(self, rows: list[tuple[int, str]]) -> None:
        self.rows = rows
        super().__init__(f"{len(rows)} rows refused")


class UsageApi(Protocol):
    """The API as a submission needs it."""

    def origin_facts(self) -> dict[str, Any]:
        """The answer of GET /v1/usage."""
        ...

    def send(self, signed_segment: bytes, *, dry_run: bool) -> dict[str, Any]:
        """The answer of POST /v1/usage/segments. Raises SegmentSpoiled, Refused."""
        ...


@dataclass
class Submission:
    """How far a file is, and what became of its rows."""

    rows: int = 0
    bytes_read: int = 0
    counts: dict[RowOutcome, int] = field(default_factory=lambda: dict.fromkeys(RowOutcome, 0))
    segments: list[Digest] = field(default_factory=list)
    other_times: int = 0
    """Duplicates that are held with another time of use: perhaps other uses under one line id."""


@dataclass(frozen=True)
class _Told:
    row: int
    outcome: RowOutcome
    event_id: Digest | None
    reason: str


def submit_file(
    path: Path,
    form: UsageFormat,
    signer: StructSigner,
    api: UsageApi,
    results: TextIO,
    *,
    dry_run: bool = False,
    progress: Callable[[Submission], None] = lambda _submission: None,
) -> Submission:
    """Send every row of a file; `results` gets a CSV line for each, in the file's order.

    `progress` is called after each segment. Raises UsageFileUnreadable, OSError, and what `api`
    raises: everything before is sent and told, and the file may be sent again as it is.
    """
    facts = api.origin_facts()
    origin = SegmentOrigin(facts["chain_id"], address(facts["usage_oracle"]), signer.address)
    sender = _Sender(origin, signer, api, dry_run)
    done = Submission()
    table = csv.writer(results, lineterminator="\n")
    table.writerow(RESULT_COLUMNS)
    with path.open("rb") as file:
        for lot in _lots(read_rows(bounded_lines(file), form, signer.address)):
            for told in sender.send(lot, done):
                done.counts[told.outcome] += 1
                done.rows += 1
                named = "" if told.event_id is None else "0x" + told.event_id.hex()
                table.writerow((told.row, told.outcome.value, named, told.reason))
            results.flush()
            done.bytes_read = file.tell()
            progress(done)
    return done


class _Sender:
    def __init__(
        self, origin: SegmentOrigin, signer: StructSigner, api: UsageApi, dry_run: bool
    ) -> None:
        self._origin = origin
        self._signer = signer
        self._api = api
        self._dry_run = dry_run

    def send(self, lot: list[Row], done: Submission) -> list[_Told]:
        """What becomes of each row of a lot, in their order."""
        told = {
            row.number: _Told(row.number, RowOutcome.REFUSED, None, row.reason)
            for row in lot
            if row.event is None
        }
        for good in segment_lots([(r.number, r.event) for r in lot if r.event is not None]):
            self._send_segment(good, told, done)
        return [told[row.number] for row in lot]

    def _send_segment(
        self, good: list[tuple[int, UsageEvent]], told: dict[int, _Told], done: Submission
    ) -> None:
        while good:
            segment = pack_segment([event for _, event in good], self._origin, self._signer)
            try:
                answer = self._api.send(segment.body + segment.signature, dry_run=self._dry_run)
            except SegmentSpoiled as spoiled:
                # Each refusal leaves fewer rows: this ends.
                reasons = dict(spoiled.rows)
                for place, (number, event) in enumerate(good):
                    if place in reasons:
                        refused = RowOutcome.REFUSED
                        told[number] = _Told(number, refused, event.event_id, reasons[place])
                good = [row for place, row in enumerate(good) if place not in reasons]
                continue
            told.update(_answered(good, answer, segment, done))
            break


def _answered(
    good: list[tuple[int, UsageEvent]],
    answer: dict[str, Any],
    segment: StoredSegment,
    done: Submission,
) -> dict[int, _Told]:
    done.segments.append(segment.digest)
    known = {row["row"]: row for row in answer["rows"]}
    told = {}
    for place, (number, event) in enumerate(good):
        row = known.get(place, {"outcome": RowOutcome.ACCEPTED, "reason": ""})
        outcome = RowOutcome(row["outcome"])
        told[number] = _Told(number, outcome, event.event_id, row["reason"])
        done.other_times += bool(outcome is RowOutcome.DUPLICATE and row["reason"])
    return told


def _lots(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows in lots of one segment at most, bad ones counted too: memory stays bounded."""
    lot: list[Row] = []
    for row in rows:
        lot.append(row)
        if len(lot) == SEGMENT_EVENTS_MAX:
            yield lot
            lot = []
    if lot:
        yield lot
