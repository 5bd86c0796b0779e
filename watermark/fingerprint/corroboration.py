"""Compares what was found with what was registered: the sound against the mark's word.

A mark can be copied onto other music, or forged by whoever holds the key; the landmarks of the
recording cannot come along without the recording. So an id is attributed to a file only where both
say the same.

What is left when a marked recording is taken away from itself, less a mark or a smoothed copy, can
be laid under other music. It is that recording, faintly, and chance does not explain its landmarks;
but they are few of all that sound there. Such a file is mostly another recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from watermark.detection import (
    NOT_COMPARED,
    Corroborated,
    Corroboration,
    Identity,
)
from watermark.fingerprint.agreement import Agreement, agreement
from watermark.fingerprint.chance import ChanceLaw
from watermark.fingerprint.landmarks import Landmarks
from watermark.payload import GenerationId

# Of the landmarks heard. Of ten synthesised clips: what was left of a marked recording, laid under
# other music, kept at most 0.15; copies by Opus at 6 kb/s at least 0.18, under music as loud 0.25.
SHARE_MIN: Final = 0.16
_STRETCH_MS_MIN: Final = 8_000  # a shorter segment is looked at with what surrounds it
_STRETCHES_MAX: Final = 16  # of one identity; bounds the work on a file in shreds


def corroborated(
    identities: Iterable[Identity],
    found: Landmarks,
    kept: Callable[[GenerationId], Landmarks | None],
    law: ChanceLaw,
) -> tuple[Identity, ...]:
    """The same identities, each compared with the fingerprint of its generation.

    `found` are the landmarks of the whole file, `kept` gives those of a generation's marked copy.
    """
    return tuple(
        replace(one, corroboration=_corroboration(one, found, kept(one.generation_id), law))
        for one in identities
    )


def _corroboration(
    identity: Identity, found: Landmarks, kept: Landmarks | None, law: ChanceLaw
) -> Corroboration:
    if kept is None:
        return NOT_COMPARED
    results = [
        best
        for start_ms, end_ms in _stretches(identity, found)
        if (
            best := agreement(
                found.between(start_ms, end_ms), kept, pitch=identity.pitch, tempo=identity.tempo
            )
        )
        is not None
    ]
    if not results:
        return NOT_COMPARED
    best = max(results, key=lambda result: result.strength)
    return _judged(replace(best, places=sum(result.places for result in results)), law)


def is_same_recording(best: Agreement, law: ChanceLaw) -> bool:
    """Whether chance does not explain the agreement, nor most of what sounds disagrees."""
    return law.is_same_recording(best) and best.agreeing >= SHARE_MIN * best.compared


def _judged(best: Agreement, law: ChanceLaw) -> Corroboration:
    same = is_same_recording(best, law)
    return Corroboration(
        outcome=Corroborated.SAME_RECORDING if same else Corroborated.OTHER_RECORDING,
        compared=best.compared,
        agreeing=best.agreeing,
        offset_ms=best.offset_ms,
        false_agreement_rate=law.rate(best.strength, best.places),
    )


def _stretches(identity: Identity, found: Landmarks) -> list[tuple[float, float]]:
    """Where the mark was found, short stretches widened, overlapping ones joined."""
    if not identity.segments or not len(found):
        return [(0.0, float(found.time_ms[-1]) + 1.0)] if len(found) else []
    last_ms = float(found.time_ms[-1]) + 1.0
    joined: list[tuple[float, float]] = []
    for segment in sorted(identity.segments, key=lambda one: one.start_ms):
        missing = max(0.0, _STRETCH_MS_MIN - (segment.end_ms - segment.start_ms)) / 2
        start, end = max(0.0, segment.start_ms - missing), min(last_ms, segment.end_ms + missing)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    longest_first = sorted(joined, key=lambda one: one[0] - one[1])
    return longest_first[:_STRETCHES_MAX]
