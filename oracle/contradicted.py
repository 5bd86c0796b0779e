"""Waiting segments of the oracle's own that the evidence bears out no longer, taken apart again.

A rejected epoch's segments wait as they are, for they are signed. A paper filed since its sealing
may contradict one of their events, or whoever signed a paper, or the segment itself, is an operator
no more; and nobody would sign an epoch with them. So such a segment counts no more, and the
evidence behind each of its events is looked at anew: what it still gives goes into another segment,
what it does not is withheld, with the reason, for people to look at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address, Digest
from chain.ledger.usage import UsageKind
from chain.settlement.segments import decode_record, segment_records
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.evidence_book import EvidenceBook
from oracle.harvest import evidence_for
from oracle.operator import supported_events
from oracle.papers import Evidence
from oracle.usage_book import StoredSegment

# Why the events of such a segment count for nothing until evidence gives them again.
REASON: Final = "evidence-changed"


def contradicted_segments(
    book: EvidenceBook,
    view: ChainView,
    policy: DetectionPolicy,
    operators: Collection[Address],
    at: BlockPin,
) -> frozenset[Digest]:
    """The waiting segments with an event that no operator would find supported at a block."""
    return frozenset(
        segment.digest
        for segment in book.usage.waiting_segments()
        if not _is_supported(segment, book, view, policy, operators, at)
    )


def take_apart(book: EvidenceBook, segments: Sequence[Digest]) -> None:
    """Let the events of some waiting segments count for nothing, and look at their evidence anew
    with the next harvest."""
    for digest in segments:
        segment = book.usage.segment(digest)
        if segment is None:
            continue
        events = [decode_record(record) for record in segment_records(segment.body)]
        book.usage.refuse_waiting([digest], [(event.event_id, REASON) for event in events])
        book.reopen(events)


def _is_supported(
    segment: StoredSegment,
    book: EvidenceBook,
    view: ChainView,
    policy: DetectionPolicy,
    operators: Collection[Address],
    at: BlockPin,
) -> bool:
    records = segment_records(segment.body)
    attributed = records[records["kind"] != UsageKind.PLAY]
    if not len(attributed):
        return True
    if segment.producer not in operators:
        return False
    events = [decode_record(record) for record in attributed]
    logs, detections = evidence_for(book, events, operators)
    found = supported_events(Evidence((), logs, detections), view, policy, at)
    return {event.event_id for event in events} <= {event.event_id for event in found}
