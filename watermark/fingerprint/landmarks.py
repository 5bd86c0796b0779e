"""Landmarks of a recording: local maxima of its spectrogram over time and logarithmic pitch.

After Wang (ISMIR 2003), on a pitch axis in octaves: a change of speed or of pitch moves all
landmarks by the same interval and stretches time by one factor, so that either can be undone in the
landmarks themselves. Channels are added as powers, so that no polarity and no balance cancels one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.ndimage import maximum_filter1d

from watermark.audio.waveform import AudioFile, Samples, at_16_khz, spans
from watermark.identity.cells import SAMPLE_RATE_HZ

Packed = npt.NDArray[np.uint32]  # one landmark each, see `Landmarks.packed`
Floats = npt.NDArray[np.float32]

LANDMARKS_PER_SECOND_MAX: Final = 32
BYTES_PER_LANDMARK: Final = 4
BYTES_PER_MINUTE_MAX: Final = 60 * LANDMARKS_PER_SECOND_MAX * BYTES_PER_LANDMARK  # 7,680
TIME_UNIT_MS: Final = 8
SECONDS_MAX: Final = (1 << 21) * TIME_UNIT_MS // 1000  # 4 h 39 min; what follows is not kept
PITCH_UNITS_PER_OCTAVE: Final = 128
LOWEST_HZ: Final = 280.0  # below it a band is narrower than a bin of the transform

_WINDOW: Final = 2048  # 128 ms: tells neighbouring semitones apart from 280 Hz on
_HOP: Final = 256
_BANDS_PER_OCTAVE: Final = 24
_BANDS: Final = 104  # to 5.6 kHz
_FRAMES_AROUND: Final = 10  # a landmark tops everything within 160 ms ...
_BANDS_AROUND: Final = 4  # ... and a sixth of an octave
_STRONG_FRAMES_AROUND: Final = 22  # a strong one within 350 ms ...
_STRONG_BANDS_AROUND: Final = 9  # ... and three eighths of an octave
_EDGES: Final = np.rint(
    LOWEST_HZ * 2 ** (np.arange(_BANDS + 1) / _BANDS_PER_OCTAVE) * _WINDOW / SAMPLE_RATE_HZ
).astype(np.int64)
_TAPER: Final = np.hanning(_WINDOW).astype(np.float32)
_FLOOR: Final = np.float32(_WINDOW * 1e-9)  # power of noise at -90 dBFS: silence has no landmarks
_SPAN_SAMPLES: Final = 30 * SAMPLE_RATE_HZ
_CONTEXT_SAMPLES: Final = 64 * _HOP  # 1 s, a whole number of hops: spans share one frame grid


@dataclass(frozen=True)
class Landmarks:
    """Landmarks in order of time; all arrays are (landmark,).

    `time_ms` counts from the beginning of the recording, `pitch` in octaves above LOWEST_HZ;
    `strong` marks those that top a wider surrounding.
    """

    time_ms: Floats
    pitch: Floats
    strong: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_ms)

    def between(self, start_ms: float, end_ms: float) -> Landmarks:
        """Those of a stretch; times still count from the beginning of the recording."""
        first, past_last = np.searchsorted(self.time_ms, [start_ms, end_ms])
        return self.part(slice(int(first), int(past_last)))

    def strongest(self) -> Landmarks:
        """The strong ones alone."""
        return self.part(self.strong)

    def packed(self) -> Packed:
        """Four bytes a landmark: 21 bits of 8 ms, 10 bits of 1/128 octave, 1 bit `strong`."""
        time = np.rint(self.time_ms / TIME_UNIT_MS).astype(np.uint32)
        pitch = np.rint(self.pitch * PITCH_UNITS_PER_OCTAVE).astype(np.uint32)
        packed = (time << 11) | (pitch << 1) | self.strong
        return packed.astype(np.uint32)

    @classmethod
    def unpacked(cls, packed: Packed) -> Landmarks:
        """What `packed` made."""
        time = (packed >> 11).astype(np.float32) * np.float32(TIME_UNIT_MS)
        units = ((packed >> 1) & 0x3FF).astype(np.float32)
        pitch = units / np.float32(PITCH_UNITS_PER_OCTAVE)
        return cls(time, pitch, (packed & 1).astype(np.bool_))

    @classmethod
    def joined(cls, parts: list[Landmarks]) -> Landmarks:
        """Parts that follow each other in time."""
        empty = np.zeros(0, np.float32)
        return cls(
            np.concatenate([empty, *(part.time_ms for part in parts)]),
            np.concatenate([empty, *(part.pitch for part in parts)]),
            np.concatenate([np.zeros(0, np.bool_), *(part.strong for part in parts)]),
        )

    def part(self, which: slice | npt.NDArray[np.bool_ | np.int64]) -> Landmarks:
        """Some of them, in the order given."""
        return Landmarks(self.time_ms[which], self.pitch[which], self.strong[which])


def landmarks_of(audio: AudioFile) -> Landmarks:
    """The landmarks of a file, at most 32 a second, of its first 4 h 39 min. Raises AudioRefused.

    The file is read in spans of 30 s; only landmarks are kept.
    """
    return landmarks_of_stream(at_16_khz(audio), audio.channels)


def landmarks_of_stream(blocks: Iterator[Samples], channels: int) -> Landmarks:
    """The landmarks of (time, channel) blocks at 16 kHz."""
    parts = []
    for span in spans(blocks, channels, length=_SPAN_SAMPLES, context=_CONTEXT_SAMPLES):
        if span.start >= SECONDS_MAX * SAMPLE_RATE_HZ:
            break
        begun_ms = (span.start - span.context) * 1000 / SAMPLE_RATE_HZ
        found, prominence = _landmarks_in(_band_power(span.samples), begun_ms)
        first_ms = span.start * 1000 / SAMPLE_RATE_HZ
        end_ms = first_ms + span.length * 1000 / SAMPLE_RATE_HZ
        parts.append(_thinned(found, prominence, first_ms, end_ms))
    return Landmarks.joined([part for part in parts if len(part)])


def _band_power(samples: Samples) -> Floats:
    """Strongest power in each band at each hop of (channel, time), summed over channels;

    (frame, band). Frame n looks at the 128 ms that begin at n hops.
    """
    frames = samples.shape[1] // _HOP
    total = np.zeros((frames, _BANDS), np.float32)
    for channel in np.pad(samples, ((0, 0), (0, _WINDOW))):
        cut = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW)[::_HOP][:frames]
        spectrum = scipy.fft.rfft(cut * _TAPER, axis=1)[:, _EDGES[0] : _EDGES[-1]]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        total += np.maximum.reduceat(power, _EDGES[:-1] - _EDGES[0], axis=1)
    return total


def _tops(power: Floats, frames_around: int, bands_around: int) -> npt.NDArray[np.bool_]:
    """Where a point is the greatest of its surroundings; (frame, band)."""
    around = maximum_filter1d(power, 2 * frames_around + 1, axis=0)
    return np.asarray(power == maximum_filter1d(around, 2 * bands_around + 1, axis=1))


def _landmarks_in(power: Floats, begun_ms: float) -> tuple[Landmarks, Floats]:
    """All landmarks of a stretch that begins at `begun_ms`, and how far each stands out."""
    level = np.log(np.maximum(power, _FLOOR))
    tops = _tops(level, _FRAMES_AROUND, _BANDS_AROUND) & (level > np.log(_FLOOR))
    tops[0] = tops[-1] = tops[:, 0] = tops[:, -1] = False
    frame, band = np.nonzero(tops)
    strong = _tops(level, _STRONG_FRAMES_AROUND, _STRONG_BANDS_AROUND)[frame, band]
    time = frame + _vertex(level[frame - 1, band], level[frame, band], level[frame + 1, band])
    pitch = band + _vertex(level[frame, band - 1], level[frame, band], level[frame, band + 1])
    time_ms = begun_ms + (time * _HOP + _WINDOW / 2) * 1000 / SAMPLE_RATE_HZ
    found = Landmarks(
        time_ms.astype(np.float32), ((pitch + 0.5) / _BANDS_PER_OCTAVE).astype(np.float32), strong
    )
    return found, (level - np.median(level, axis=0))[frame, band]


def _thinned(found: Landmarks, prominence: Floats, first_ms: float, end_ms: float) -> Landmarks:
    """Those from `first_ms` to `end_ms`, of every second the 32 that stand out most."""
    inside = (found.time_ms >= first_ms) & (found.time_ms < end_ms)
    kept = np.flatnonzero(inside)
    second = ((found.time_ms[kept] - first_ms) // 1000).astype(np.int64)
    order = np.lexsort((-prominence[kept], second))
    begin = np.searchsorted(second[order], second[order])
    rank = np.arange(len(order)) - begin
    chosen = np.sort(kept[order[rank < LANDMARKS_PER_SECOND_MAX]])
    in_time = chosen[np.argsort(found.time_ms[chosen], kind="stable")]
    return found.part(in_time)


def _vertex(before: Floats, here: Floats, after: Floats) -> Floats:
    """Where between its neighbours a parabola through three points peaks, -0.5 to 0.5."""
    bend = np.minimum(before - 2 * here + after, -1e-6)
    place: Floats = np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    return place
