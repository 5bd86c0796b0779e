"""Voices: a glottal source, formants that move from vowel to vowel, vibrato, a group in unison.

The source is a band-limited wavetable with the tilt of a glottal flow derivative; the vocal tract
is a gain over frequency, applied frame by frame. Formant centres are the usual averages for a low
voice (Peterson and Barney 1952, rounded).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from watermark.synthesis.mixing import Signal

FORMANTS_HZ: dict[str, tuple[float, ...]] = {
    "a": (730.0, 1090.0, 2440.0, 3400.0),
    "e": (530.0, 1840.0, 2480.0, 3500.0),
    "i": (270.0, 2290.0, 3010.0, 3700.0),
    "o": (570.0, 840.0, 2410.0, 3300.0),
    "u": (300.0, 870.0, 2240.0, 3200.0),
    "m": (250.0, 1000.0, 2200.0, 3000.0),
}
FORMANT_GAINS = (1.0, 0.55, 0.28, 0.16)
FORMANT_WIDTHS_HZ = (70.0, 95.0, 140.0, 190.0)
TABLE_LENGTH = 4096
FRAME_S = 0.032


@dataclass(frozen=True)
class Syllable:
    """One sung syllable: a vowel held at a pitch; amplitude 0 is a breath."""

    start_s: float
    seconds: float
    pitch_hz: float
    vowel: str
    amplitude: float


def glottal_table(harmonics: int, tilt: float) -> NDArray[np.float64]:
    """One period of a pulse whose harmonic k has amplitude k**-tilt."""
    phase = 2 * np.pi * np.arange(TABLE_LENGTH) / TABLE_LENGTH
    table = sum(k**-tilt * np.sin(k * phase + 0.4 * k) for k in range(1, harmonics + 1))
    period = np.asarray(table, dtype=np.float64)
    return np.asarray(period / np.max(np.abs(period)))


def contour(
    syllables: list[Syllable], count: int, sample_rate_hz: int, *, glide_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch (Hz) and amplitude per sample, both smoothed over `glide_s`."""
    pitch_hz = np.full(count, syllables[0].pitch_hz)
    amplitude = np.zeros(count)
    for syllable in syllables:
        start = round(syllable.start_s * sample_rate_hz)
        stop = round((syllable.start_s + syllable.seconds) * sample_rate_hz)
        pitch_hz[start:] = syllable.pitch_hz
        amplitude[start:stop] = syllable.amplitude
    span = max(3, round(glide_s * sample_rate_hz))
    smooth_pitch = np.exp(ndimage.uniform_filter1d(np.log(pitch_hz), span))
    smooth_amplitude = ndimage.uniform_filter1d(ndimage.uniform_filter1d(amplitude, span), span)
    return smooth_pitch, np.maximum(smooth_amplitude, 0.0)


def singer(
    syllables: list[Syllable],
    rng: np.random.Generator,
    *,
    seconds: float,
    sample_rate_hz: int,
    tilt: float,
) -> Signal:
    """One singer's source (time,) before the vocal tract: own detuning, vibrato, breath, timing."""
    count = round(seconds * sample_rate_hz)
    late_s = float(abs(rng.normal(0.0, 0.03)))
    own = [
        Syllable(s.start_s + late_s, s.seconds, s.pitch_hz, s.vowel, s.amplitude) for s in syllables
    ]
    pitch_hz, amplitude = contour(own, count, sample_rate_hz, glide_s=0.07)
    time_s = np.arange(count) / sample_rate_hz
    vibrato = rng.uniform(0.002, 0.007) * np.sin(
        2 * np.pi * rng.uniform(4.6, 5.8) * time_s + rng.uniform(0, 2 * np.pi)
    )
    knots = rng.normal(0.0, 0.0025, round(seconds * 12) + 2)
    drift = np.interp(time_s, np.arange(len(knots)) / 12.0, knots)
    own_hz = pitch_hz * (1.0 + rng.normal(0.0, 0.003) + vibrato + drift)
    phase = np.cumsum(own_hz) / sample_rate_hz
    highest = max(4, int(0.45 * sample_rate_hz / float(own_hz.max())))
    table = glottal_table(min(highest, 64), tilt)
    source = table[(phase * TABLE_LENGTH).astype(np.int64) % TABLE_LENGTH]
    breath = 0.015 * rng.standard_normal(count)
    return ((source + breath) * amplitude).astype(np.float32)


def tract_gain(
    vowel: str, frequencies_hz: NDArray[np.float64], *, scale: float
) -> NDArray[np.float64]:
    """Gain over frequency of one vowel; `scale` moves all formants (shorter tract: above 1)."""
    gain = np.full(len(frequencies_hz), 0.01)
    rows = zip(FORMANTS_HZ[vowel], FORMANT_GAINS, FORMANT_WIDTHS_HZ, strict=True)
    for centre_hz, height, width_hz in rows:
        offset = (frequencies_hz - centre_hz * scale) / width_hz
        gain += height / (1.0 + offset**2)
    return gain


def through_tract(
    source: Signal, syllables: list[Syllable], sample_rate_hz: int, *, scale: float
) -> Signal:
    """`source` (time,) shaped by the vowels, which move into one another over about 80 ms."""
    window = 1 << (round(FRAME_S * sample_rate_hz) - 1).bit_length()
    hop = window // 4
    frequencies_hz, times_s, spectrum = signal.stft(
        source, sample_rate_hz, nperseg=window, noverlap=window - hop
    )
    vowels = {s.vowel for s in syllables}
    tables = {v: tract_gain(v, frequencies_hz, scale=scale) for v in sorted(vowels)}
    gains = np.empty((len(frequencies_hz), len(times_s)))
    starts = np.array([s.start_s for s in syllables])
    for column, time_s in enumerate(times_s):
        index = max(0, int(np.searchsorted(starts, time_s, side="right")) - 1)
        gains[:, column] = tables[syllables[index].vowel]
    gains = ndimage.uniform_filter1d(gains, max(1, round(0.08 * sample_rate_hz / hop)), axis=1)
    _, sound = signal.istft(spectrum * gains, sample_rate_hz, nperseg=window, noverlap=window - hop)
    return np.asarray(sound[: len(source)], dtype=np.float32)
