"""A few mono stretches of a file at 16 kHz, for searches too costly to run on all of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr

from watermark.audio.waveform import AudioFile, Samples
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.identity.geometry import EXCERPT_SECONDS
from watermark.identity.windows import mixed

EXCERPTS_MAX: Final = 3


def excerpts(audio: AudioFile, *, count: int = EXCERPTS_MAX) -> list[Samples]:
    """Stretches of EXCERPT_SECONDS from the beginning, middle and end; (time,) each.

    A file that is little longer than one gives its beginning, one half as long again its beginning
    and its end, which overlap. Raises AudioUnreadable as `blocks` does.
    """
    length = int(EXCERPT_SECONDS * audio.sample_rate_hz)
    whole = audio.frames_declared
    wanted = min(count, max(1, (2 * whole + length) // (2 * length)))  # rounded
    starts = [round(i * (whole - length) / max(wanted - 1, 1)) for i in range(wanted)]
    starts = [max(0, start) for start in starts]
    parts: list[list[Samples]] = [[] for _ in starts]
    passed = 0
    for block in audio.blocks():
        for start, part in zip(starts, parts, strict=True):
            first, last = max(start - passed, 0), min(start + length - passed, len(block))
            if first < last:
                part.append(block[first:last])
        passed += len(block)
    return [_mono(np.concatenate(part), audio.sample_rate_hz) for part in parts if part]


def covers(audio: AudioFile) -> bool:
    """Whether the excerpts of a file leave little of it unheard."""
    return audio.frames_declared <= 1.5 * EXCERPTS_MAX * EXCERPT_SECONDS * audio.sample_rate_hz


def _mono(sound: Samples, rate_hz: int) -> Samples:
    one = next(mixed([sound], rate_hz))[:, 0]
    at_rate = soxr.resample(np.ascontiguousarray(one), rate_hz, SAMPLE_RATE_HZ, quality="LQ")
    return np.asarray(at_rate, np.float32)
