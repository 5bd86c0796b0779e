"""Echoes, rooms, chorus and flanger. Rooms are simulated: decaying noise after a direct sound."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Change

_DIRECT_SECONDS: Final = 0.005  # what arrives within 5 ms counts as direct sound
_MODULATION_HZ: Final = 0.6


def echo(delay_seconds: float, volume: float) -> Change:
    """One repeat."""

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        delay = round(delay_seconds * rate_hz)
        echoed = samples.copy()
        echoed[delay:] += np.float32(volume) * samples[:-delay]
        return echoed

    return change


def reverberation(
    decay_seconds: float, lowest_db: float, highest_db: float | None = None
) -> Change:
    """Direct sound, then noise that falls 60 dB in `decay_seconds`, at a direct-to-reverberant

    ratio in dB (one drawn from a range where two are given). Channels get rooms of their own.
    """

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        ratio_db = lowest_db if highest_db is None else float(rng.uniform(lowest_db, highest_db))
        rooms = room(decay_seconds, ratio_db, rate_hz, samples.shape[1], rng)
        wet = signal.oaconvolve(samples.astype(np.float64), rooms, axes=0)
        return np.asarray(wet[: len(samples)], np.float32)

    return change


def room(
    decay_seconds: float, ratio_db: float, rate_hz: int, channels: int, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A simulated impulse response; (time, channel), direct sound of 1 at time 0."""
    time = np.arange(int(decay_seconds * rate_hz)) / rate_hz
    tail = rng.standard_normal((len(time), channels)) * 10 ** (-3 * time / decay_seconds)[:, None]
    tail[time < _DIRECT_SECONDS] = 0
    tail *= 10 ** (-ratio_db / 20) / np.sqrt(np.square(tail).sum(0))
    tail[0] = 1.0
    return np.asarray(tail)


def chorus(delay_seconds: float, depth_seconds: float, mix: float) -> Change:
    """A copy whose delay sways, mixed in; a flanger is the same with a short delay."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        at = np.arange(len(samples), dtype=np.float64)
        turn = 2 * np.pi * (_MODULATION_HZ * at / rate_hz + rng.uniform())
        read = at - (delay_seconds + depth_seconds * np.sin(turn)) * rate_hz
        swaying = np.stack([np.interp(read, at, channel) for channel in samples.T], axis=1)
        return np.asarray((1 - mix) * samples + mix * swaying, np.float32)

    return change
