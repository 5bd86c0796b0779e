"""`antiphon.segments/1`: the usage segments from which anyone recomputes an epoch's report.

The segments are linked: whoever pins the set holds the evidence. Its digest stands in the epoch
report as `segmentsDigest`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from chain.provenance.manifests.envelope import ManifestBody
from chain.provenance.manifests.record import (
    CitedCid,
    Count,
    Fault,
    Link,
    NonEmpty,
    Record,
    Uint,
)


class Segment(Record):
    """One block of usage events and how many it holds."""

    cid: Link
    count: Count


class SegmentsManifest(ManifestBody):
    """All segments of one epoch, in order. `previous` cites the set of the epoch before.

    `evidence` cites the signed papers behind the segments: who produced and signed each, and the
    logs and detections from which operators made events. Who has the report has the way to them.
    """

    SCHEMA: ClassVar[str] = "antiphon.segments/1"

    epoch: Uint
    segments: NonEmpty[Segment]
    event_count: Count
    evidence: CitedCid | None = None
    previous: CitedCid | None = None

    def contradictions(self) -> Iterator[Fault]:
        """The whole is the sum of its parts, and the first epoch is 1."""
        if self.event_count != sum(segment.count for segment in self.segments):
            yield ("eventCount",), "is not the sum of the segments' counts"
        if len({segment.cid for segment in self.segments}) < len(self.segments):
            yield ("segments",), "names a segment twice"
        if self.epoch == 0:
            yield ("epoch",), "the first epoch is 1"
