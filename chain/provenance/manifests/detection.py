"""`antiphon.detection/1`: what a detector found in a file, repeatable by anyone with the weights.

A report is evidence, not a ruling: it states how often such a finding would be wrong, and without
that number there is no report. Follows PROV and the C2PA soft binding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chain.provenance.manifests.envelope import ManifestBody
from chain.provenance.manifests.record import (
    Address,
    CitedCid,
    Count,
    Decimal,
    Digest,
    Fault,
    GenerationHex,
    Label,
    Listing,
    Record,
    Uint,
)

BPS_WHOLE = 10_000


class Subject(Record):
    """The file examined. It is hashed, not kept."""

    sha256: Digest
    pcm_sha256: Digest
    byte_count: Count
    duration_ms: Count


class Detector(Record):
    """What listened: without the hash of its weights a report cannot be repeated."""

    name: Label
    version: Label
    weights_sha256: Digest
    threshold: Decimal


class Corroboration(Record):
    """What comparing the sound with the registered recording gave, the mark left aside.

    `agreeing` of `compared` landmarks coincide; an unrelated recording agrees as well at the rate
    `false_agreement`. The landmarks themselves stay with whoever holds the recording.
    """

    outcome: Literal["same-recording", "other-recording"]
    compared: Count
    agreeing: Count
    false_agreement: Decimal

    def contradictions(self) -> Iterator[Fault]:
        """No more can agree than were compared."""
        if self.agreeing > self.compared:
            yield ("agreeing",), "is more than were compared"


class DetectionResult(Record):
    """`score` is in the unit of the detector's threshold; an id exists only where a mark does.

    `corroboration` is absent when the sound was not compared.
    """

    present: bool
    score: Decimal
    generation_id: GenerationHex | None = None
    bit_errors: Count | None = None
    corroboration: Corroboration | None = None

    def contradictions(self) -> Iterator[Fault]:
        """Nobody can read an id out of noise."""
        if not self.present and self.generation_id is not None:
            yield ("generationId",), "cannot be read where no mark is present"


class ExpectedFalsePositive(Record):
    """How often unmarked audio scores this high, and on what that was measured."""

    per_file: Decimal
    at_threshold: Decimal
    measured_on: Label


class Payee(Record):
    """Who is paid, and their part in basis points."""

    address: Address
    bps: Annotated[Count, Field(ge=1, le=BPS_WHOLE)]


class TracedChain(Record):
    """Where the id led: generation log, licences, works and payees."""

    generation: CitedCid
    licences: Listing[Uint]
    works: Listing[Uint]
    payees: Listing[Payee]


class DetectionManifest(ManifestBody):
    """A detection report. `chain` is absent when the id led nowhere."""

    SCHEMA: ClassVar[str] = "antiphon.detection/1"

    subject: Subject
    detector: Detector
    result: DetectionResult
    expected_false_positive: ExpectedFalsePositive
    chain: TracedChain | None = None

    def contradictions(self) -> Iterator[Fault]:
        """A chain starts from an id that was read."""
        if self.chain is not None and self.result.generation_id is None:
            yield ("chain",), "was traced from no generation id"
