"""Filters: windowed sinc as AudioSeal's evaluation uses, Butterworth, equalisers, resampling."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from scipy import signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Change

_SINC_ZERO_CROSSINGS: Final = 8
# Edges of the Bark bands in hertz (Zwicker 1961).
BARK_EDGES_HZ: Final = (
    20,
    100,
    200,
    300,
    400,
    510,
    630,
    770,
    920,
    1080,
    1270,
    1480,
    1720,
    2000,
    2320,
    2700,
    3150,
    3700,
    4400,
    5300,
    6400,
    7700,
    9500,
    12_000,
    15_500,
)
_OCTAVE_CENTRES_HZ: Final = (31.25, 62.5, 125, 250, 500, 1000, 2000, 4000, 8000, 16_000)
_EQUALISER_TAPS: Final = 2049


def sinc(kind: str, *edges_hz: float) -> Change:
    """Linear-phase windowed sinc with eight zero crossings either side, no delay.

    `kind` is lowpass, highpass or bandpass.
    """

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        reach = int(_SINC_ZERO_CROSSINGS * rate_hz / min(edges_hz) / 2)
        edges = edges_hz[0] if len(edges_hz) == 1 else list(edges_hz)
        taps = signal.firwin(2 * reach + 1, edges, window="hann", pass_zero=kind, fs=rate_hz)
        return _without_delay(samples, taps)

    return change


def butterworth(
    kind: str, lowest_hz: float, highest_hz: float | None = None, *, order: int = 4
) -> Change:
    """Lowpass or highpass with its edge drawn between the two where two are given."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        edge_hz = lowest_hz if highest_hz is None else float(rng.uniform(lowest_hz, highest_hz))
        return _recursive(samples, order, min(edge_hz, 0.499 * rate_hz), kind, rate_hz)

    return change


def band(kind: str, low_hz: float, high_hz: float, *, order: int = 4) -> Change:
    """A Butterworth bandpass or bandstop."""

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        return _recursive(samples, order, (low_hz, min(high_hz, 0.499 * rate_hz)), kind, rate_hz)

    return change


def drawn_bandstop(octaves: float) -> Change:
    """A band of this width taken out around a frequency drawn between 500 Hz and 4 kHz."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        middle_hz = float(np.exp(rng.uniform(np.log(500), np.log(4000))))
        reach = 2 ** (octaves / 2)
        return band("bandstop", middle_hz / reach, middle_hz * reach)(samples, rate_hz, rng)

    return change


def of_sample_rate(kind: str, share: float) -> Change:
    """A windowed sinc whose edge is a share of the sample rate."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        if share >= 0.5:  # half the rate is all there is
            return samples if kind == "lowpass" else np.zeros_like(samples)
        return sinc(kind, share * rate_hz)(samples, rate_hz, rng)

    return change


def smoothed(window: int) -> Change:
    """Moving average over `window` samples."""

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        return _without_delay(samples, np.full(window, 1 / window))

    return change


def bark_equaliser(smallest: float, largest: float) -> Change:
    """Every Bark band's amplitude scaled by 1 ± a number drawn between the two."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        edges = np.array([edge for edge in BARK_EDGES_HZ if edge < rate_hz / 2])
        centres = np.sqrt(edges[:-1] * edges[1:])
        moved = rng.uniform(smallest, largest, len(centres)) * rng.choice([-1, 1], len(centres))
        return _equalised(samples, rate_hz, centres, 1 + moved)

    return change


def octave_equaliser(deepest_db: float) -> Change:
    """Ten octave bands, each moved by up to ± `deepest_db`."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        centres = np.array([centre for centre in _OCTAVE_CENTRES_HZ if centre < rate_hz / 2])
        gains_db = rng.uniform(-deepest_db, deepest_db, len(centres))
        return _equalised(samples, rate_hz, centres, 10 ** (gains_db / 20))

    return change


def by_way_of(rate_between_hz: int) -> Change:
    """To another rate and back."""

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        between = soxr.resample(samples, rate_hz, rate_between_hz)
        back = soxr.resample(between, rate_between_hz, rate_hz)[: len(samples)]
        return np.asarray(back, np.float32)

    return change


def _equalised(
    samples: Samples,
    rate_hz: int,
    centres_hz: np.ndarray[tuple[int], np.dtype[np.float64]],
    gains: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Samples:
    corners = np.concatenate(([0.0], centres_hz, [rate_hz / 2]))
    response = np.concatenate((gains[:1], gains, gains[-1:]))
    return _without_delay(samples, signal.firwin2(_EQUALISER_TAPS, corners, response, fs=rate_hz))


def _recursive(
    samples: Samples, order: int, edges: float | tuple[float, float], kind: str, rate_hz: int
) -> Samples:
    sections = signal.butter(order, edges, kind, fs=rate_hz, output="sos")
    return np.asarray(signal.sosfilt(sections, samples, axis=0), np.float32)


def _without_delay(samples: Samples, taps: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    filtered = signal.oaconvolve(samples.astype(np.float64), taps[:, None], axes=0)
    start = (len(taps) - 1) // 2
    return np.asarray(filtered[start : start + len(samples)], np.float32)
