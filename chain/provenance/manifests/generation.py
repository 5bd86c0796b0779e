"""`antiphon.generation/1`: one run of a generator, logged by its operator.

Follows PROV (used, generated), the C2PA soft binding and the DDEX disclosure of AI contributions.
Nothing here makes a pinning node copy audio: inputs and output are cited, not linked, so that a
withdrawn work does not spread with the logs that name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chain.provenance.manifests.envelope import ManifestBody
from chain.provenance.manifests.record import (
    Account,
    CitedCid,
    Count,
    Digest,
    Fault,
    GenerationHex,
    Label,
    Member,
    NonEmpty,
    Record,
    Time,
    Uint,
)

ID_BITS_MAX = 64


class Contribution(StrEnum):
    """How far a machine made one aspect of the output."""

    NONE = "none"
    """People alone."""
    PARTIAL = "partial"
    """People and machine."""
    FULL = "full"
    """The machine alone."""


class Input(Record):
    """A work that went in, and the manifest it had then."""

    work_id: Uint
    manifest_cid: CitedCid


class Model(Record):
    """The generator, by the hash of its weights (or of its program, where there are none)."""

    name: Label
    version: Label
    sha256: Digest


class Output(Record):
    """What came out, hashed after it was marked."""

    cid: CitedCid
    pcm_sha256: Digest
    mime: Label
    sample_rate: Count
    channels: Count
    duration_ms: Count


class Watermark(Record):
    """The mark that carries `generationId`: algorithm, key by name, and width of the id."""

    alg: Label
    key_id: Label
    id_bits: Annotated[Count, Field(ge=1, le=ID_BITS_MAX)]


class Disclosure(Record):
    """AI contribution per aspect, in the five categories of the DDEX disclosure."""

    vocals: Member[Contribution]
    instrumentation: Member[Contribution]
    composition: Member[Contribution]
    post_production: Member[Contribution]
    lyrics: Member[Contribution]


class GenerationManifest(ManifestBody):
    """A generation log. `generation_id` is the one that `operator` links with `generation_salt`.

    `prompt_commitment` is salted: prompts hold personal data.
    """

    SCHEMA: ClassVar[str] = "antiphon.generation/1"

    generation_id: GenerationHex
    generation_salt: Digest
    operator: Account
    licence_ids: NonEmpty[Uint]
    inputs: NonEmpty[Input]
    model: Model
    prompt_commitment: Digest
    output: Output
    watermark: Watermark
    disclosure: Disclosure
    started_at: Time
    ended_at: Time

    def contradictions(self) -> Iterator[Fault]:
        """A run ends after it starts, and names each work once."""
        if self.ended_at < self.started_at:
            yield ("endedAt",), "is before startedAt"
        if len({each.work_id for each in self.inputs}) < len(self.inputs):
            yield ("inputs",), "names a work twice"
