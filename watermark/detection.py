"""What the detector found, as values and as JSON. Standard library only.

`Detection = Marked | Unmarked`. An id exists only inside `Marked`, so nobody can read one out of
audio in which none was found.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from watermark.payload import GenerationId


class DetectionMalformed(ValueError):
    """The JSON is not a detection; the message names the place."""


@dataclass(frozen=True)
class Segment:
    """A stretch of the file, milliseconds from its beginning, and how strongly it agrees."""

    start_ms: int
    end_ms: int
    z: float


@dataclass(frozen=True)
class Identity:
    """A generation id whose mark was found.

    `z` counts standard deviations above chance; `false_positive_rate` is the calibrated chance
    that a file like this without any mark would show some registered id this strongly. `pitch`
    and `tempo` are what the copy's frequencies and tempo had been multiplied by.
    """

    generation_id: GenerationId
    z: float
    false_positive_rate: float
    segments: tuple[Segment, ...]
    pitch: float = 1.0
    tempo: float = 1.0


@dataclass(frozen=True)
class PresenceSegment:
    """A stretch in which the presence layer hears a mark; `score` 0..1."""

    start_ms: int
    end_ms: int
    score: float


@dataclass(frozen=True)
class Presence:
    """The second layer's opinion: whether and where some mark is present, not whose."""

    score: float
    marked_fraction: float
    segments: tuple[PresenceSegment, ...]


@dataclass(frozen=True)
class AudioExamined:
    """Which audio was examined. `pcm_sha256` is over interleaved little-endian int32 samples."""

    sha256: str
    pcm_sha256: str
    duration_ms: int
    sample_rate_hz: int
    channels: int


@dataclass(frozen=True)
class Detector:
    """Which detector spoke, and by what rule."""

    name: str
    version: str
    weights_sha256: str | None  # of the presence layer; None when it did not run
    threshold_z: float
    registered_ids: int


@dataclass(frozen=True)
class Unmarked:
    """No registered id was found. This does not prove that there was never a mark."""

    presence: Presence | None
    audio: AudioExamined
    detector: Detector


@dataclass(frozen=True)
class Marked:
    """At least one registered id was found; strongest first."""

    identities: tuple[Identity, ...]
    presence: Presence | None
    audio: AudioExamined
    detector: Detector

    def __post_init__(self) -> None:
        """Raises ValueError when there is no identity: that is `Unmarked`."""
        if not self.identities:
            raise ValueError("a Marked detection needs an identity; use Unmarked")


Detection = Marked | Unmarked


def to_json(detection: Detection) -> dict[str, Any]:
    """A JSON object; `outcome` is "marked" or "unmarked", and ids are printed in hexadecimal."""
    found = detection.identities if isinstance(detection, Marked) else ()
    identities = [
        {
            "generation_id": str(identity.generation_id),
            "z": identity.z,
            "false_positive_rate": identity.false_positive_rate,
            "segments": [asdict(segment) for segment in identity.segments],
            "pitch": identity.pitch,
            "tempo": identity.tempo,
        }
        for identity in found
    ]
    return {
        "outcome": "marked" if found else "unmarked",
        "identities": identities,
        "presence": None if detection.presence is None else asdict(detection.presence),
        "audio": asdict(detection.audio),
        "detector": asdict(detection.detector),
    }


def from_json(document: Any) -> Detection:
    """Read what `to_json` wrote. Raises DetectionMalformed for anything else."""
    try:
        identities = tuple(_identity(item) for item in document["identities"])
        presence = _presence(document["presence"])
        audio = AudioExamined(**document["audio"])
        detector = Detector(**document["detector"])
        outcome = document["outcome"]
    except (KeyError, TypeError, ValueError) as error:
        raise DetectionMalformed(f"not a detection: {error}") from error
    if outcome != ("marked" if identities else "unmarked"):
        raise DetectionMalformed(f"outcome {outcome!r} with {len(identities)} identities")
    if identities:
        return Marked(identities, presence, audio, detector)
    return Unmarked(presence, audio, detector)


def _identity(item: dict[str, Any]) -> Identity:
    return Identity(
        generation_id=GenerationId.parse(item["generation_id"]),
        z=float(item["z"]),
        false_positive_rate=float(item["false_positive_rate"]),
        segments=tuple(Segment(**segment) for segment in item["segments"]),
        pitch=float(item["pitch"]),
        tempo=float(item["tempo"]),
    )


def _presence(item: dict[str, Any] | None) -> Presence | None:
    if item is None:
        return None
    return Presence(
        score=float(item["score"]),
        marked_fraction=float(item["marked_fraction"]),
        segments=tuple(PresenceSegment(**segment) for segment in item["segments"]),
    )
