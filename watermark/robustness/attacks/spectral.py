"""Attacks on the spectrum: denoisers, coarse spectra, wavelet and linear-prediction resynthesis."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import linalg, ndimage, signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Change

_FRAME_SECONDS: Final = 0.032
_NOISE_QUANTILE: Final = 0.1  # of a bin's powers: what is taken for noise
_MEAN_PER_QUANTILE: Final = -1 / np.log(1 - _NOISE_QUANTILE)  # of an exponential variable
_GATE_DB: Final = 6.0  # over the noise: what is taken for sound
_QUIETER_DB: Final = 20.0  # what a closed gate takes away
_DECISION_MEMORY: Final = 0.98  # Ephraim and Malah 1984
_WIENER_FLOOR: Final = 0.1
_MEDIAN_ABS_PER_DEVIATION: Final = 0.6745

Spectra = npt.NDArray[np.complex64]  # (channel, bin, frame)


def gated() -> Change:
    """Spectral gating: bins within 6 dB of their own noise floor fall by 20 dB, smoothed."""

    def gain(spectra: Spectra) -> npt.NDArray[np.float64]:
        power = np.square(np.abs(spectra), dtype=np.float64).sum(0)
        floor = _noise_power(power)[:, None]
        is_open = power > floor * 10 ** (_GATE_DB / 10)
        soft = ndimage.uniform_filter(is_open.astype(np.float64), (3, 5))
        gains: npt.NDArray[np.float64] = 10 ** (-_QUIETER_DB / 20 * (1 - soft))
        return gains

    return _with_gain(gain)


def wiener() -> Change:
    """Wiener filter with the decision-directed estimate of signal over noise."""

    def gain(spectra: Spectra) -> npt.NDArray[np.float64]:
        power = np.square(np.abs(spectra), dtype=np.float64).sum(0) + 1e-12
        floor = _noise_power(power)
        after = power / floor[:, None]
        gains: npt.NDArray[np.float64] = np.empty_like(power)
        clean = np.maximum(after[:, 0] - 1, 0)
        for frame in range(power.shape[1]):
            now = np.maximum(after[:, frame] - 1, 0)
            ratio = _DECISION_MEMORY * clean + (1 - _DECISION_MEMORY) * now
            gains[:, frame] = np.maximum(ratio / (1 + ratio), _WIENER_FLOOR)
            clean = gains[:, frame] ** 2 * after[:, frame]
        return gains

    return _with_gain(gain)


def median_smoothed(frames: int = 9) -> Change:
    """Every bin's level replaced by its median over `frames` frames: flattens what flickers."""

    def gain(spectra: Spectra) -> npt.NDArray[np.float64]:
        level = np.abs(spectra).sum(0) + 1e-9
        return np.asarray(ndimage.median_filter(level, (1, frames)) / level)

    return _with_gain(gain)


def coarse_spectrum(levels: int, frame: int, hop: int) -> Change:
    """Magnitudes of a short-time spectrum rounded to `levels` steps of the loudest one."""

    def gain(spectra: Spectra) -> npt.NDArray[np.float64]:
        level = np.abs(spectra).sum(0)
        step = max(float(level.max()) / levels, 1e-12)
        return np.asarray(np.rint(level / step) * step / np.maximum(level, 1e-12))

    return _with_gain(gain, frame=frame, hop=hop)


def haar_shrunk(scales: int = 5) -> Change:
    """Soft shrinkage of Haar (db1) wavelet coefficients by the universal threshold."""

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        padded = np.pad(samples.astype(np.float64), ((0, -len(samples) % 2**scales), (0, 0)))
        rough, details = padded, []
        for _ in range(scales):
            even, odd = rough[::2], rough[1::2]
            rough = (even + odd) / np.sqrt(2)
            details.append((even - odd) / np.sqrt(2))
        deviation = np.median(np.abs(details[0]), axis=0) / _MEDIAN_ABS_PER_DEVIATION
        threshold = deviation * np.sqrt(2 * np.log(len(padded)))
        for detail in reversed(details):
            shrunk = np.sign(detail) * np.maximum(np.abs(detail) - threshold, 0)
            joined = np.empty((2 * len(rough), samples.shape[1]))
            joined[::2], joined[1::2] = (rough + shrunk) / np.sqrt(2), (rough - shrunk) / np.sqrt(2)
            rough = joined
        return np.asarray(rough[: len(samples)], np.float32)

    return change


def predicted(order: int = 12, residual_bits: int = 4) -> Change:
    """Linear prediction in 20 ms frames; the residual is rounded to a few bits, then resynthesised.

    Stands in for the published attack of this name, whose residual is not described.
    """

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        length = round(0.02 * rate_hz)
        made = np.zeros_like(samples)
        for channel in range(samples.shape[1]):
            for start in range(0, len(samples), length):
                frame = samples[start : start + length, channel].astype(np.float64)
                if len(frame) <= order or float(np.square(frame).mean()) < 1e-12:
                    continue
                products = np.correlate(frame, frame, "full")[len(frame) - 1 :][: order + 1]
                products[0] *= 1 + 1e-6
                taps = linalg.solve_toeplitz(products[:-1], products[1:])
                inverse = np.concatenate(([1.0], -taps))
                residual = signal.lfilter(inverse, [1.0], frame)
                step = max(float(np.abs(residual).max()), 1e-9) / 2 ** (residual_bits - 1)
                spoken = signal.lfilter([1.0], inverse, np.rint(residual / step) * step)
                made[start : start + length, channel] = spoken
        return made

    return change


def _noise_power(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean power of each bin's noise, taking its quietest frames for noise; (bin, frame)."""
    return np.asarray(np.quantile(power, _NOISE_QUANTILE, axis=1) * _MEAN_PER_QUANTILE)


def _with_gain(gain: object, *, frame: int | None = None, hop: int | None = None) -> Change:
    """Apply one gain per bin and frame, from all channels together, to each of them."""
    assert callable(gain)

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        size = frame or 2 ** round(np.log2(_FRAME_SECONDS * rate_hz))
        step = hop or size // 4
        _, _, spectra = signal.stft(samples.T, rate_hz, nperseg=size, noverlap=size - step)
        gains = np.asarray(gain(np.asarray(spectra, np.complex64)))
        _, back = signal.istft(spectra * gains, rate_hz, nperseg=size, noverlap=size - step)
        return np.ascontiguousarray(back.T[: len(samples)], np.float32)

    return change
