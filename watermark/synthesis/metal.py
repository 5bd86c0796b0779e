"""Struck metal: bars, gongs, bells, cymbals. A note is a sum of decaying inharmonic partials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from watermark.synthesis.mixing import Signal

# Transverse modes of a bar free at both ends, over its lowest (Fletcher and Rossing, "The Physics
# of Musical Instruments", chapter 2).
BAR_RATIOS = (1.0, 2.756, 5.404, 8.933)
BAR_GAINS = (1.0, 0.22, 0.09, 0.035)
# A bossed gong keeps its first partials near the harmonic series; the rim adds the others.
GONG_RATIOS = (1.0, 1.012, 1.98, 2.03, 2.76, 3.46, 4.07, 5.31)
GONG_GAINS = (1.0, 0.85, 0.45, 0.30, 0.17, 0.12, 0.08, 0.05)
# A kettle (bonang, reyong) is a small gong: shorter, clearer, more of the third partial.
KETTLE_RATIOS = (1.0, 1.52, 2.41, 3.46, 4.6)
KETTLE_GAINS = (1.0, 0.18, 0.3, 0.12, 0.05)
BELL_RATIOS = (0.5, 1.0, 1.19, 1.56, 2.0, 2.51, 2.66, 3.01, 4.1)
BELL_GAINS = (0.5, 0.8, 0.6, 0.3, 1.0, 0.25, 0.25, 0.2, 0.15)
HIGHEST_SHARE_OF_NYQUIST = 0.92


def partials(
    pitch_hz: float,
    ratios: tuple[float, ...],
    gains: tuple[float, ...],
    *,
    seconds: float,
    sample_rate_hz: int,
    decay_s: float,
    decay_power: float = 0.8,
) -> Signal:
    """Decaying partials (time,); partial k dies `ratio**decay_power` times sooner than the first.

    `decay_s` is the time the first partial needs to fall by 60 dB.
    """
    time_s = np.arange(round(seconds * sample_rate_hz), dtype=np.float32) / np.float32(
        sample_rate_hz
    )
    sound: NDArray[np.float32] = np.zeros_like(time_s)
    for ratio, gain in zip(ratios, gains, strict=True):
        frequency_hz = pitch_hz * ratio
        if frequency_hz > HIGHEST_SHARE_OF_NYQUIST * sample_rate_hz / 2:
            continue
        rate = np.float32(6.908 * ratio**decay_power / decay_s)
        phase = np.float32(2 * np.pi * frequency_hz) * time_s
        sound += np.float32(gain) * np.exp(-rate * time_s) * np.sin(phase)
    return sound


def strike(rng: np.random.Generator, sample_rate_hz: int, *, centre_hz: float) -> Signal:
    """The mallet itself: 12 ms of band-limited noise."""
    count = round(0.012 * sample_rate_hz)
    edge = min(centre_hz * 2.0, 0.9 * sample_rate_hz / 2)
    taps = signal.butter(2, [centre_hz / 2.0, edge], "band", fs=sample_rate_hz, output="sos")
    noise = rng.standard_normal(count) * np.exp(-np.arange(count) / (0.003 * sample_rate_hz))
    return np.asarray(signal.sosfilt(taps, noise), dtype=np.float32)


def bar(
    pitch_hz: float,
    rng: np.random.Generator,
    sample_rate_hz: int,
    *,
    decay_s: float,
    beat_hz: float = 0.0,
) -> Signal:
    """A metallophone bar; with `beat_hz` it is a pair tuned apart, whose beating is the ombak."""
    seconds = min(decay_s, 4.0)
    tone = partials(
        pitch_hz,
        BAR_RATIOS,
        BAR_GAINS,
        seconds=seconds,
        sample_rate_hz=sample_rate_hz,
        decay_s=decay_s,
    )
    if beat_hz > 0.0:
        twin = partials(
            pitch_hz + beat_hz,
            BAR_RATIOS,
            BAR_GAINS,
            seconds=seconds,
            sample_rate_hz=sample_rate_hz,
            decay_s=decay_s * 0.95,
        )
        tone = 0.55 * tone + 0.5 * twin
    mallet = strike(rng, sample_rate_hz, centre_hz=min(2400.0, 5.0 * pitch_hz))
    tone[: len(mallet)] += 0.35 * mallet
    tone[-256:] *= np.linspace(1.0, 0.0, 256, dtype=np.float32)
    return tone


def kettle(pitch_hz: float, rng: np.random.Generator, sample_rate_hz: int) -> Signal:
    """A bonang or reyong kettle."""
    tone = partials(
        pitch_hz,
        KETTLE_RATIOS,
        KETTLE_GAINS,
        seconds=1.6,
        sample_rate_hz=sample_rate_hz,
        decay_s=1.7,
    )
    mallet = strike(rng, sample_rate_hz, centre_hz=900.0)
    tone[: len(mallet)] += 0.4 * mallet
    tone[-256:] *= np.linspace(1.0, 0.0, 256, dtype=np.float32)
    return tone


def gong(pitch_hz: float, sample_rate_hz: int, *, decay_s: float, beat_hz: float) -> Signal:
    """A hanging gong: soft onset, its own slow wave (`beat_hz`), a long tail."""
    ratios = (1.0, 1.0 + beat_hz / pitch_hz, *GONG_RATIOS[2:])
    tone = partials(
        pitch_hz,
        ratios,
        GONG_GAINS,
        seconds=min(decay_s, 9.0),
        sample_rate_hz=sample_rate_hz,
        decay_s=decay_s,
        decay_power=0.6,
    )
    onset = round(0.03 * sample_rate_hz)
    tone[:onset] *= np.linspace(0.0, 1.0, onset, dtype=np.float32)
    tail = round(0.3 * sample_rate_hz)
    tone[-tail:] *= np.linspace(1.0, 0.0, tail, dtype=np.float32)
    return tone


def bell(pitch_hz: float, sample_rate_hz: int, *, decay_s: float) -> Signal:
    """A bowl or church bell with a minor third among its partials."""
    tone = partials(
        pitch_hz,
        BELL_RATIOS,
        BELL_GAINS,
        seconds=min(decay_s, 8.0),
        sample_rate_hz=sample_rate_hz,
        decay_s=decay_s,
        decay_power=0.5,
    )
    tone[-512:] *= np.linspace(1.0, 0.0, 512, dtype=np.float32)
    return tone


def cymbal(rng: np.random.Generator, sample_rate_hz: int, *, decay_s: float) -> Signal:
    """A pair of cymbals: high-passed noise over a cloud of high partials."""
    count = round(decay_s * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    taps = signal.butter(2, 0.2, "high", output="sos")
    noise = np.asarray(signal.sosfilt(taps, rng.standard_normal(count)))
    edge_hz = 0.42 * sample_rate_hz
    cloud = sum(np.sin(2 * np.pi * rng.uniform(900.0, edge_hz) * time_s) for _ in range(14))
    sound = (0.3 * noise + 0.08 * np.asarray(cloud)) * np.exp(-6.9 * time_s / decay_s)
    return sound.astype(np.float32)
