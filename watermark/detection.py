"""What the detector found, as values and as JSON. Standard library only.

`Detection = Marked | Unmarked`. An id exists only inside `Marked`, so nobody can read one out of
audio in which none was found.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
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


class Corroborated(StrEnum):
    """Whether the sound is the one the generation's mark was put into, told without the mark."""

    SAME_RECORDING = "same-recording"
    """The landmarks of the marked copy are here: the mark and the sound belong together."""
    OTHER_RECORDING = "other-recording"
    """They are not, or only faintly under others: the mark was carried over. Attributes nothing."""
    NOT_CHECKED = "not-checked"
    """No fingerprint of the generation is kept here, or the stretch is too short to tell."""


@dataclass(frozen=True)
class Corroboration:
    """What the comparison of the sound gave.

    Of `compared` landmarks of the found stretch `agreeing` lie where the marked copy has them, when
    the stretch begins `offset_ms` into that copy (None when nothing was compared).
    `false_agreement_rate` is the calibrated chance that an unrelated recording agrees as well.
    """

    outcome: Corroborated
    compared: int
    agreeing: int
    offset_ms: int | None
    false_agreement_rate: float


NOT_COMPARED = Corroboration(Corroborated.NOT_CHECKED, 0, 0, None, 1.0)


@dataclass(frozen=True)
class Lookalike:
    """A generation whose recording this seems to be, its mark missing: a hint, never evidence.

    Numbers as in `Corroboration`.
    """

    generation_id: GenerationId
    compared: int
    agreeing: int
    offset_ms: int
    false_agreement_rate: float


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
    corroboration: Corroboration = NOT_COMPARED

    @property
    def is_carried_over(self) -> bool:
        """The mark sits in another recording than it was made for; whose use it is, is open."""
        return self.corroboration.outcome is Corroborated.OTHER_RECORDING


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
    lookalikes: tuple[Lookalike, ...] = ()  # strongest first


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

    @property
    def is_ambiguous(self) -> bool:
        """No plain attribution: several identities, or a mark carried over to other audio."""
        return len(self.identities) > 1 or any(one.is_carried_over for one in self.identities)


Detection = Marked | Unmarked


def to_json(detection: Detection) -> dict[str, Any]:
    """A JSON object; `outcome` is "marked", "ambiguous" or "unmarked"; ids are in hexadecimal."""
    found = detection.identities if isinstance(detection, Marked) else ()
    alike = detection.lookalikes if isinstance(detection, Unmarked) else ()
    identities = [
        {
            "generation_id": str(identity.generation_id),
            "z": identity.z,
            "false_positive_rate": identity.false_positive_rate,
            "segments": [asdict(segment) for segment in identity.segments],
            "pitch": identity.pitch,
            "tempo": identity.tempo,
            "corroboration": asdict(identity.corroboration),
        }
        for identity in found
    ]
    return {
        "outcome": _outcome(detection),
        "identities": identities,
        "lookalikes": [asdict(one) | {"generation_id": str(one.generation_id)} for one in alike],
        "presence": None if detection.presence is None else asdict(detection.presence),
        "audio": asdict(detection.audio),
        "detector": asdict(detection.detector),
    }


def from_json(document: Any) -> Detection:
    """Read what `to_json` wrote. Raises DetectionMalformed for anything else."""
    try:
        identities = tuple(_identity(item) for item in document["identities"])
        lookalikes = tuple(_lookalike(item) for item in document["lookalikes"])
        presence = _presence(document["presence"])
        audio = AudioExamined(**document["audio"])
        detector = Detector(**document["detector"])
        outcome = document["outcome"]
    except (KeyError, TypeError, ValueError) as error:
        raise DetectionMalformed(f"not a detection: {error}") from error
    detection: Detection
    if identities:
        detection = Marked(identities, presence, audio, detector)
    else:
        detection = Unmarked(presence, audio, detector, lookalikes)
    if outcome != _outcome(detection):
        raise DetectionMalformed(f"outcome {outcome!r} with {len(identities)} identities")
    return detection


def _outcome(detection: Detection) -> str:
    if isinstance(detection, Unmarked):
        return "unmarked"
    return "ambiguous" if detection.is_ambiguous else "marked"


def _identity(item: dict[str, Any]) -> Identity:
    compared = item["corroboration"]
    return Identity(
        generation_id=GenerationId.parse(item["generation_id"]),
        z=float(item["z"]),
        false_positive_rate=float(item["false_positive_rate"]),
        segments=tuple(Segment(**segment) for segment in item["segments"]),
        pitch=float(item["pitch"]),
        tempo=float(item["tempo"]),
        corroboration=Corroboration(**(compared | {"outcome": Corroborated(compared["outcome"])})),
    )


def _lookalike(item: dict[str, Any]) -> Lookalike:
    return Lookalike(**(item | {"generation_id": GenerationId.parse(item["generation_id"])}))


def _presence(item: dict[str, Any] | None) -> Presence | None:
    if item is None:
        return None
    return Presence(
        score=float(item["score"]),
        marked_fraction=float(item["marked_fraction"]),
        segments=tuple(PresenceSegment(**segment) for segment in item["segments"]),
    )
