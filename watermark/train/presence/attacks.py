"""The attacks that the presence mark is evaluated under, on clips (time,) at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal

from watermark.presence.shaping import SAMPLE_RATE_HZ
from watermark.synthesis.mixing import in_room
from watermark.train.presence.effects import through_mp3

Clip = NDArray[np.float32]
Attack = Callable[[Clip, np.random.Generator], Clip]


def _noise(snr_db: float) -> Attack:
    def attack(sound: Clip, rng: np.random.Generator) -> Clip:
        level = np.sqrt(np.mean(sound**2)) * 10.0 ** (-snr_db / 20.0)
        return np.asarray(sound + level * rng.standard_normal(len(sound)), dtype=np.float32)

    return attack


def _filter(order: int, edge_hz: float, kind: str) -> Attack:
    taps = signal.butter(order, edge_hz, kind, fs=SAMPLE_RATE_HZ, output="sos")
    return lambda sound, _: np.asarray(signal.sosfilt(taps, sound), dtype=np.float32)


def _mp3(level: float) -> Attack:
    return lambda sound, _: through_mp3(sound[None], level)


def _speed(ratio: float) -> Attack:
    return lambda sound, _: np.asarray(
        soxr.resample(sound, SAMPLE_RATE_HZ * ratio, SAMPLE_RATE_HZ), dtype=np.float32
    )


def _crop(seconds: float) -> Attack:
    def attack(sound: Clip, rng: np.random.Generator) -> Clip:
        count = round(seconds * SAMPLE_RATE_HZ)
        start = int(rng.integers(0, len(sound) - count + 1))  # any sample, never a frame boundary
        return sound[start : start + count]

    return attack


def _quantise(bits: int) -> Attack:
    steps = 2.0 ** (bits - 1)
    return lambda sound, _: np.asarray(np.round(sound * steps) / steps, dtype=np.float32)


def _echo(sound: Clip, _: np.random.Generator) -> Clip:
    delayed = np.zeros_like(sound)
    delay = round(0.25 * SAMPLE_RATE_HZ)
    delayed[delay:] = 0.5 * sound[:-delay]
    return sound + delayed


ATTACKS: dict[str, Attack] = {
    "none": lambda sound, _: sound,
    "crop 5 s, any sample": _crop(5.0),
    "inverted polarity": lambda sound, _: -sound,
    "gain x0.25": lambda sound, _: np.asarray(0.25 * sound, dtype=np.float32),
    "white noise 20 dB": _noise(20.0),
    "white noise 10 dB": _noise(10.0),
    "MP3, level 0.0": _mp3(0.0),
    "MP3, level 0.9": _mp3(0.9),
    "lowpass 3 kHz": _filter(4, 3000.0, "low"),
    "highpass 1 kHz": _filter(4, 1000.0, "high"),
    "highpass 1.5 kHz": _filter(4, 1500.0, "high"),
    "speed +5 %": _speed(1.05),
    "speed -10 %": _speed(0.9),
    "echo 0.25 s x 0.5": _echo,
    "reverb 0.6 s": lambda sound, rng: in_room(sound, rng, SAMPLE_RATE_HZ, decay_s=0.6, wet=0.7),
    "8 bits": _quantise(8),
}
