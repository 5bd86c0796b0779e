"""What the marker asks of a presence layer, and how its opinions of parts become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from watermark.detection import Presence, PresenceSegment
from watermark.identity.cells import SAMPLE_RATE_HZ


class Scored(Protocol):
    """A stretch with a score 0..1."""

    @property
    def start_ms(self) -> int: ...

    @property
    def end_ms(self) -> int: ...

    @property
    def score(self) -> float: ...


class Heard(Protocol):
    """What the presence layer says of a file."""

    @property
    def score(self) -> float: ...

    @property
    def marked_fraction(self) -> float: ...

    @property
    def segments(self) -> Sequence[Scored]: ...


class PresenceLayer(Protocol):
    """What the AudioSeal layer offers; samples are at 16 kHz."""

    @property
    def weights_sha256(self) -> str: ...

    def embed(self, samples_16k: Tensor) -> Tensor: ...

    def detect(self, samples_16k: Tensor) -> Heard: ...


def joined(parts: list[tuple[int, int, Heard]]) -> Presence:
    """One opinion of a whole file from those of its parts."""
    samples = sum(length for _, length, _ in parts)
    segments = [
        PresenceSegment(
            s.start_ms + start * 1000 // SAMPLE_RATE_HZ,
            s.end_ms + start * 1000 // SAMPLE_RATE_HZ,
            s.score,
        )
        for start, _, heard in parts
        for s in heard.segments
    ]
    return Presence(
        score=max(heard.score for _, _, heard in parts),
        marked_fraction=sum(length * heard.marked_fraction for _, length, heard in parts) / samples,
        segments=tuple(segments),
    )
