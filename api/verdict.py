"""What a detection says, in words that claim no more than was found."""

from __future__ import annotations

import math
from typing import Final

from watermark.detection import Corroborated, Detection, Identity, Segment, Unmarked

# A rate fitted to some hundreds of windows says nothing exact about one file in a billion.
RATE_TOLD_MIN: Final = 1e-9
# What the search for a copy's speed and pitch cannot tell from none.
_UNCHANGED: Final = 0.0015
_TURNTABLE: Final = 0.006  # pitch and tempo within one step of each other moved together
_SEMITONES_PER_OCTAVE: Final = 12
_SEGMENTS_TOLD: Final = 4


def searched_for(detection: Detection) -> str:
    """What was looked for. Other speeds and pitches are tried when nothing is found straight."""
    ids = detection.detector.registered_ids
    issued = "the one id" if ids == 1 else f"{ids:,} ids"
    altered = ", also at other speeds and pitches" if isinstance(detection, Unmarked) else ""
    return f"The file was searched for {issued} issued here{altered}"


def chance(rate: float) -> str:
    """How often a file without any mark would look like this."""
    if rate < RATE_TOLD_MIN:
        return "a file without any mark would look like this less than once in 10⁹ files"
    return f"a file without any mark would look like this once in {1 / rate:,.0f} files"


def places(identity: Identity) -> str:
    """Where in the file the mark lies; empty when it could not be placed."""
    told = [_stretch(segment) for segment in identity.segments[:_SEGMENTS_TOLD]]
    more = len(identity.segments) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def alteration(identity: Identity) -> str:
    """How the copy's speed, tempo or pitch had been changed; empty when they were not."""
    pitch, tempo = identity.pitch, identity.tempo
    if abs(math.log(pitch / tempo)) < _TURNTABLE:
        return "" if _same(tempo) else f"played {_percent(tempo)}"
    parts = []
    if not _same(pitch):
        semitones = _SEMITONES_PER_OCTAVE * math.log2(pitch)
        parts.append(f"{abs(semitones):.1f} semitones {'higher' if semitones > 0 else 'lower'}")
    if not _same(tempo):
        parts.append(_percent(tempo))
    if len(parts) == 2:
        return " and ".join(parts)
    return f"{parts[0]} at the same {'pitch' if _same(pitch) else 'tempo'}" if parts else ""


def sound(identity: Identity) -> str:
    """What comparing the sound with the registered recording says."""
    compared = identity.corroboration
    agree = f"{compared.agreeing} of {compared.compared} landmarks agree"
    match compared.outcome:
        case Corroborated.SAME_RECORDING:
            return f"the sound is that of the marked recording ({agree})"
        case Corroborated.OTHER_RECORDING:
            return (
                f"the sound is not that of the recording this mark was made for ({agree}): the "
                "mark was carried over from elsewhere, so it names nobody and pays nobody"
            )
        case Corroborated.NOT_CHECKED:
            return "the sound was not compared with the marked recording, so nothing is paid on it"


def sound_in_short(identity: Identity) -> str:
    """The same for a table."""
    compared = identity.corroboration
    match compared.outcome:
        case Corroborated.SAME_RECORDING:
            return f"same recording ({compared.agreeing}/{compared.compared})"
        case Corroborated.OTHER_RECORDING:
            return f"OTHER recording ({compared.agreeing}/{compared.compared})"
        case Corroborated.NOT_CHECKED:
            return "not compared"


def _stretch(segment: Segment) -> str:
    return f"{_minutes(segment.start_ms)}-{_minutes(segment.end_ms)}"


def _minutes(milliseconds: int) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02}"


def _same(ratio: float) -> bool:
    return abs(math.log(ratio)) < _UNCHANGED


def _percent(tempo: float) -> str:
    return f"{abs(tempo - 1) * 100:.1f} % {'faster' if tempo > 1 else 'slower'}"
