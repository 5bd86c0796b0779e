"""Gain, polarity, word length, and the dynamics processors of a mixing desk."""

from __future__ import annotations

import numpy as np
from scipy import signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Change

_ATTACK_SECONDS, _RELEASE_SECONDS = 0.005, 0.1
_DRIVE = 3.0
_LEVEL_FLOOR_DB = -120.0


def unchanged(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return samples


def inverted(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    """Polarity turned: x becomes -x."""
    return np.negative(samples)


def gain(factor: float) -> Change:
    """One factor for the whole clip, without clipping."""

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        return np.asarray(samples * np.float32(factor), np.float32)

    return change


def drawn_gain(*ranges: tuple[float, float]) -> Change:
    """A factor drawn from one of the ranges; what passes full scale is clipped."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        factor = float(rng.uniform(*ranges[int(rng.integers(len(ranges)))]))
        return np.asarray(np.clip(samples * np.float32(factor), -1.0, 1.0), np.float32)

    return change


def quantised(levels: int) -> Change:
    """Every sample rounded to one of `levels` even steps over -1..1."""

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        half = levels / 2
        steps = np.clip(np.floor(samples * half), -half, half - 1)
        return np.asarray((steps + 0.5) / half, np.float32)

    return change


def word_length(lowest_bits: int, highest_bits: int | None = None) -> Change:
    """Rounded to a number of bits, drawn between the two where two are given."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        bits = lowest_bits
        if highest_bits is not None:
            bits = int(rng.integers(lowest_bits, highest_bits + 1))
        scale = 2.0 ** (bits - 1)
        return np.asarray(np.clip(np.rint(samples * scale), -scale, scale - 1) / scale, np.float32)

    return change


def saturated(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    """A soft clipper driven three times over the peak."""
    drive = _DRIVE / max(float(np.abs(samples).max()), 1e-6)
    return np.asarray(np.tanh(samples * drive) * 0.9, np.float32)


def to_mono(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return np.asarray(samples.mean(1, keepdims=True), np.float32)


def compressor(ratio: float, threshold_db: tuple[float, float]) -> Change:
    """Levels over a threshold drawn from the range grow by 1/ratio of what came in."""
    return _dynamics(lambda over_db: -np.maximum(over_db, 0.0) * (1 - 1 / ratio), threshold_db)


def limiter(threshold_db: tuple[float, float]) -> Change:
    """Levels over the threshold stay at the threshold."""
    return _dynamics(lambda over_db: -np.maximum(over_db, 0.0), threshold_db)


def expander(ratio: float, threshold_db: tuple[float, float]) -> Change:
    """Levels under the threshold fall `ratio` times as fast."""
    return _dynamics(lambda over_db: np.minimum(over_db, 0.0) * (ratio - 1), threshold_db)


def _dynamics(curve: object, threshold_db: tuple[float, float]) -> Change:
    """`curve` maps dB over the threshold to dB of gain; one gain for all channels."""
    assert callable(curve)

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        threshold = float(rng.uniform(*threshold_db))
        level_db = _level_db(samples, rate_hz)
        gain_db = np.asarray(curve(level_db - threshold))
        return np.asarray(samples * (10 ** (gain_db / 20))[:, None], np.float32)

    return change


def _level_db(samples: Samples, rate_hz: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Envelope with a quick rise and a slow fall, in dB of full scale; (time,)."""
    power = np.square(samples, dtype=np.float64).max(1)

    def smoothed(values: np.ndarray[tuple[int], np.dtype[np.float64]], seconds: float) -> object:
        keep = np.exp(-1 / (seconds * rate_hz))
        return signal.lfilter([1 - keep], [1, -keep], values)

    quick = np.asarray(smoothed(power, _ATTACK_SECONDS))
    slow = np.asarray(smoothed(power, _RELEASE_SECONDS))
    level_db = 10 * np.log10(np.maximum(np.maximum(quick, slow), 1e-30))
    return np.asarray(np.maximum(level_db, _LEVEL_FLOOR_DB))
