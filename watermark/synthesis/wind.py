"""Panpipes: a stopped pipe blown across its edge, so odd harmonics, breath and a chiff."""

from __future__ import annotations

import numpy as np
from scipy import signal

from watermark.synthesis.mixing import Signal

PIPE_HARMONICS = ((1, 1.0), (2, 0.06), (3, 0.28), (5, 0.09), (7, 0.03))
BREATH_Q = 9.0


def breath(pitch_hz: float, count: int, rng: np.random.Generator, sample_rate_hz: int) -> Signal:
    """Air noise coloured by the pipe's first and third resonance, plus a little that misses it."""
    noise = rng.standard_normal(count)
    b1, a1 = signal.iirpeak(pitch_hz, BREATH_Q, fs=sample_rate_hz)
    sound = signal.lfilter(b1, a1, noise)
    third_hz = 3.0 * pitch_hz
    if third_hz < 0.45 * sample_rate_hz:
        b3, a3 = signal.iirpeak(third_hz, BREATH_Q, fs=sample_rate_hz)
        sound = sound + 0.7 * signal.lfilter(b3, a3, noise)
    missed = signal.lfilter([1.0, -0.6], [1.0, -0.5], noise)
    return np.asarray(sound + 0.12 * missed, dtype=np.float32)


def pipe(
    pitch_hz: float,
    rng: np.random.Generator,
    sample_rate_hz: int,
    *,
    seconds: float,
    air: float,
) -> Signal:
    """One blown note (time,): chiff, slight rise into pitch, breath (`air` 0..1), quick close."""
    count = round(seconds * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    rise = 1.0 - 0.012 * np.exp(-time_s / 0.035)
    sway = 1.0 + 0.002 * np.sin(2 * np.pi * rng.uniform(4.0, 5.5) * time_s + rng.uniform(0, 6.28))
    phase = 2 * np.pi * np.cumsum(pitch_hz * rise * sway) / sample_rate_hz
    swell = np.minimum(1.0, time_s / 0.045) * (0.85 + 0.15 * np.exp(-time_s / 0.2))
    tone = sum(
        gain * swell**harmonic * np.sin(harmonic * phase + rng.uniform(0, 6.28))
        for harmonic, gain in PIPE_HARMONICS
        if harmonic * pitch_hz < 0.45 * sample_rate_hz
    )
    chiff = np.exp(-time_s / 0.03) * np.minimum(1.0, time_s / 0.004)
    air_level = air * (0.25 * swell + 0.9 * chiff)
    sound = np.asarray(tone) + air_level * breath(pitch_hz, count, rng, sample_rate_hz)
    release = min(count, round(0.06 * sample_rate_hz))
    sound[-release:] *= np.linspace(1.0, 0.0, release)
    return sound.astype(np.float32)
