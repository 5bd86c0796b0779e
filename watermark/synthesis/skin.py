"""Struck skin and wood: kendang, bombo, dhyangro, the wooden fish."""

from __future__ import annotations

import numpy as np
from scipy import signal

from watermark.synthesis.mixing import Signal


def drum(
    pitch_hz: float,
    rng: np.random.Generator,
    sample_rate_hz: int,
    *,
    decay_s: float,
    slap: float,
) -> Signal:
    """A membrane whose pitch falls after the stroke; `slap` (0..1) is the share of hand noise."""
    count = round(min(decay_s * 1.2, 2.5) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    glide_hz = pitch_hz * (1.0 + 0.35 * np.exp(-time_s / 0.03))
    phase = 2 * np.pi * np.cumsum(glide_hz) / sample_rate_hz
    body = sum(
        gain * np.sin(ratio * phase) * np.exp(-6.9 * ratio**0.7 * time_s / decay_s)
        # the first modes of an ideal membrane, over its lowest
        for ratio, gain in ((1.0, 1.0), (1.594, 0.4), (2.136, 0.22), (2.653, 0.12))
    )
    noise = signal.lfilter([1.0, -0.8], [1.0, -0.35], rng.standard_normal(count))
    hand = noise * np.exp(-time_s / (0.008 + 0.02 * slap))
    sound = np.asarray(body) + 0.5 * slap * hand
    return np.asarray(sound * np.minimum(1.0, time_s / 0.001), dtype=np.float32)


def woodblock(pitch_hz: float, rng: np.random.Generator, sample_rate_hz: int) -> Signal:
    """A hollow wooden fish: two short resonances and the click of the stick."""
    count = round(0.22 * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    hollow = np.sin(2 * np.pi * pitch_hz * time_s) * np.exp(-time_s / 0.035)
    shell = 0.4 * np.sin(2 * np.pi * 2.37 * pitch_hz * time_s) * np.exp(-time_s / 0.015)
    click = 0.3 * rng.standard_normal(count) * np.exp(-time_s / 0.0025)
    return (hollow + shell + click).astype(np.float32)
