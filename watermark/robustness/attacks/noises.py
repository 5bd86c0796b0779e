"""Added noise: white, pink, and a background of many sounds at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, Change, Sound, Specimen

_BACKGROUND_VOICES: Final = 4


def white(lowest_db: float, highest_db: float | None = None) -> Change:
    """White noise at a signal-to-noise ratio over the whole clip, or one drawn from a range."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        snr_db = lowest_db if highest_db is None else float(rng.uniform(lowest_db, highest_db))
        return mixed_at(samples, rng.standard_normal(samples.shape), snr_db)

    return change


def white_of(deviation: float) -> Change:
    """White noise of a fixed standard deviation, whatever the clip's own level."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        return np.asarray(samples + rng.normal(scale=deviation, size=samples.shape), np.float32)

    return change


def pink_peaking(peak: float) -> Change:
    """Pink noise scaled to a peak: what AudioSeal's evaluation calls its deviation."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        noise = pink_noise(samples.shape, rng)
        return np.asarray(samples + peak / np.abs(noise).max() * noise, np.float32)

    return change


def pink_of(deviation: float) -> Change:
    """Noise whose power falls by 3 dB an octave, of a fixed standard deviation."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        noise = pink_noise(samples.shape, rng)
        return np.asarray(samples + deviation * noise, np.float32)

    return change


def background(lowest_db: float, highest_db: float | None = None) -> Apply:
    """A hum of other recordings and pink noise at a signal-to-noise ratio.

    Stands for the street and room recordings (DEMAND) of the published suites, which are not
    shipped here: other unmarked audio, four shifted copies of it at once, over pink noise.
    """

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        snr_db = lowest_db if highest_db is None else float(rng.uniform(lowest_db, highest_db))
        marked = specimen.marked
        crowd = np.zeros(marked.shape)
        other = np.resize(specimen.stranger, marked.shape)
        for _ in range(_BACKGROUND_VOICES):
            crowd += np.roll(other, int(rng.integers(len(other))), axis=0)
        crowd /= max(float(crowd.std()), 1e-9)
        return Sound(
            mixed_at(marked, crowd + 0.5 * pink_noise(marked.shape, rng), snr_db),
            specimen.rate_hz,
        )

    return apply


def pink_noise(
    shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Unit deviation, 1/f power above 20 Hz at 44.1 kHz; (time, channel)."""
    time, channels = shape
    spectrum = np.fft.rfft(rng.standard_normal((time, channels)), axis=0)
    bins = np.arange(len(spectrum))
    spectrum /= np.sqrt(np.maximum(bins, len(spectrum) * 20 / 22_050))[:, None]
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, time, axis=0)
    return np.asarray(noise / noise.std())


def mixed_at(
    samples: Samples, noise: np.ndarray[tuple[int, ...], np.dtype[np.float64]], snr_db: float
) -> Samples:
    """`samples` with `noise` scaled to lie exactly `snr_db` under them."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    scale = np.sqrt(power / float(np.mean(np.square(noise))) * 10 ** (-snr_db / 10))
    return np.asarray(samples + scale * noise, np.float32)
