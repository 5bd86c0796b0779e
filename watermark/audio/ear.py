"""Noise-to-mask ratio: is a change hidden by the sound it was made to?

The ear is the FFT ear of ITU-R BS.1387 (PEAQ, basic version), written from the recommendation and
independent of the masking model that shapes the mark: frames of 43 ms, quarter-Bark bands from
80 Hz to 18 kHz or half the sample rate, outer and middle ear, internal noise, level-dependent
spreading, forward masking. Playback is taken to be at 92 dB SPL for a full-scale sine. Where PEAQ
compares magnitudes, the spectrum of the difference is used here: a phase error counts in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from watermark.audio.waveform import Samples

HIGHEST_RATE_HZ: Final = 48_000
FRAME_SECONDS: Final = 2048 / 48_000
PLAYBACK_DB_SPL: Final = 92.0
LOWEST_HZ, HIGHEST_HZ = 80.0, 18_000.0
BAND_BARK: Final = 0.25
DISTURBED_DB: Final = 1.5  # a frame with a band over this counts as disturbed
_SPREAD_POWER: Final = 0.4  # how maskers add up
_TIME_CONSTANT_100_HZ, _TIME_CONSTANT_MIN = 0.030, 0.008  # seconds
_SILENT_DB_SPL: Final = 0.0  # a frame quieter than this, over all bands, is not judged
_FRAMES_AT_ONCE: Final = 128

Rows = npt.NDArray[np.float64]  # (frame, band)


@dataclass(frozen=True)
class NoiseToMask:
    """`masked` is the share of (frame, band) places whose change lies under the mask.

    `total_db` is 10 log10 of the mean ratio (PEAQ's total NMR), `disturbed_frames` the share with
    any band over 1.5 dB, and `bands` a row per critical band: centre in hertz, share masked.
    """

    masked: float
    total_db: float
    disturbed_frames: float
    bands: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Ear:
    """What depends on the sample rate alone."""

    weights: npt.NDArray[np.float64]  # (bin,) outer and middle ear, as power, with calibration
    members: npt.NDArray[np.float64]  # (bin, band) share of a bin's power in a band
    centres_hz: npt.NDArray[np.float64]
    internal: npt.NDArray[np.float64]  # (band,) power of the ear's own noise
    offset_db: npt.NDArray[np.float64]  # (band,) how far under its excitation a masker masks
    keep: npt.NDArray[np.float64]  # (band,) forward masking, per hop
    frame: int


def noise_to_mask(original: Samples, copy: Samples, rate_hz: int) -> NoiseToMask:
    """Judge a copy against its original; (time, channel) of one shape. Channels count alike."""
    masked = total = disturbed = places = frames = 0.0
    by_band: list[npt.NDArray[np.float64]] = []
    ear = _ear(min(rate_hz, HIGHEST_RATE_HZ))
    for host, change in zip(original.T, (copy - original).T, strict=True):
        ratio = _ratio(_at_rate(host, rate_hz), _at_rate(change, rate_hz), ear)
        if not len(ratio):
            continue
        masked += float((ratio < 1).sum())
        total += float(ratio.sum())
        disturbed += float((ratio.max(1) > 10 ** (DISTURBED_DB / 10)).sum())
        places += ratio.size
        frames += len(ratio)
        by_band.append((ratio < 1).mean(0))
    if not frames:  # nothing loud enough to be heard, mark included
        return NoiseToMask(1.0, -np.inf, 0.0, ())
    return NoiseToMask(
        masked=round(masked / places, 5),
        total_db=round(10 * float(np.log10(max(total / places, 1e-30))), 3),
        disturbed_frames=round(disturbed / frames, 5),
        bands=_critical_bands(ear.centres_hz, np.mean(by_band, axis=0)),
    )


def _ratio(host: npt.NDArray[np.float64], change: npt.NDArray[np.float64], ear: _Ear) -> Rows:
    """Power of the change over the mask, for every frame that is loud enough."""
    mask = _masks(_excitation(host, ear), ear)
    noise = _band_powers(change, ear)
    loud = _band_powers(host, ear).sum(1) > 10 ** (_SILENT_DB_SPL / 10)
    ratio: Rows = (noise / mask)[loud]
    return ratio


def _band_powers(samples: npt.NDArray[np.float64], ear: _Ear) -> Rows:
    """Powers in dB SPL after outer and middle ear; (time,) -> (frame, band)."""
    hop = ear.frame // 2
    if len(samples) < ear.frame:
        samples = np.pad(samples, (0, ear.frame - len(samples)))
    framed = np.lib.stride_tricks.sliding_window_view(samples, ear.frame)[::hop]
    window = np.hanning(ear.frame + 1)[:-1]
    rows = [
        np.square(np.abs(np.fft.rfft(framed[first : first + _FRAMES_AT_ONCE] * window, axis=1)))
        @ (ear.weights[:, None] * ear.members)
        for first in range(0, len(framed), _FRAMES_AT_ONCE)
    ]
    return np.concatenate(rows)


def _excitation(host: npt.NDArray[np.float64], ear: _Ear) -> Rows:
    """Band powers with internal noise, spread over bands and, falling, over time."""
    powers = np.maximum(_band_powers(host, ear), 1e-12) + ear.internal
    spread = np.concatenate(
        [
            _spread(powers[first : first + _FRAMES_AT_ONCE], ear)
            for first in range(0, len(powers), _FRAMES_AT_ONCE)
        ]
    )
    falling = np.zeros(spread.shape[1])
    for frame in range(len(spread)):
        falling = ear.keep * falling + (1 - ear.keep) * spread[frame]
        spread[frame] = np.maximum(falling, spread[frame])
    return spread


def _spread(powers: Rows, ear: _Ear) -> Rows:
    """Each band's power reaches others: 27 dB a Bark downwards, level-dependent upwards."""
    reach = _reach(10 * np.log10(powers), ear)
    single = _reach(np.zeros((1, powers.shape[1])), ear)[0]
    raised = np.einsum("fj,fjk->fk", powers**_SPREAD_POWER, reach)
    flat = single.sum(0)
    spread: Rows = (raised / flat) ** (1 / _SPREAD_POWER)
    return spread


def _reach(level_db: Rows, ear: _Ear) -> npt.NDArray[np.float64]:
    """Share of band j's power that band k sees, to the spreading power; (frame, j, k)."""
    bands = len(ear.centres_hz)
    apart = BAND_BARK * (np.arange(bands)[None, :] - np.arange(bands)[:, None])  # k - j
    up_db = 24 + 230 / ear.centres_hz - 0.2 * level_db  # per Bark
    fall_db = np.where(apart < 0, 27.0 * -apart, np.maximum(up_db, 0.0)[:, :, None] * apart)
    share = 10 ** (-fall_db / 10)
    return np.asarray((share / share.sum(2, keepdims=True)) ** _SPREAD_POWER)


def _masks(excitation: Rows, ear: _Ear) -> Rows:
    masks: Rows = excitation * 10 ** (-ear.offset_db / 10)
    return masks


@lru_cache(maxsize=4)
def _ear(rate_hz: int) -> _Ear:
    frame = 2 * round(FRAME_SECONDS * rate_hz / 2)
    bin_hz = np.arange(frame // 2 + 1) * rate_hz / frame
    edges_bark = np.arange(
        _bark(np.array(LOWEST_HZ)), _bark(np.array(min(HIGHEST_HZ, 0.49 * rate_hz))), BAND_BARK
    )
    edges_hz = 650 * np.sinh(edges_bark / 7)
    members = _overlaps(bin_hz, rate_hz / frame, edges_hz)
    centres_hz = 650 * np.sinh((edges_bark[:-1] + BAND_BARK / 2) / 7)
    khz = np.maximum(bin_hz, 1.0) / 1000
    ear_db = -2.184 * khz**-0.8 + 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6
    # A full-scale sine through a Hann window peaks at frame / 4, and its power is spread over
    # bins that sum to 1.5 times the peak's.
    full_scale = 1.5 * (frame / 4) ** 2
    weights = 10 ** ((ear_db + PLAYBACK_DB_SPL) / 10) / full_scale
    bark_from_lowest = BAND_BARK * np.arange(len(centres_hz))
    constants = _TIME_CONSTANT_MIN + 100 / centres_hz * (_TIME_CONSTANT_100_HZ - _TIME_CONSTANT_MIN)
    return _Ear(
        weights=weights,
        members=members,
        centres_hz=centres_hz,
        internal=10 ** (0.1456 * (centres_hz / 1000) ** -0.8),
        offset_db=np.where(bark_from_lowest <= 12, 3.0, 0.25 * bark_from_lowest),
        keep=np.exp(-(frame / 2 / rate_hz) / constants),
        frame=frame,
    )


def _overlaps(
    bin_hz: npt.NDArray[np.float64], width_hz: float, edges_hz: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How much of each bin, taken as wide as their spacing, lies in each band; (bin, band)."""
    low = np.maximum(bin_hz[:, None] - width_hz / 2, edges_hz[None, :-1])
    high = np.minimum(bin_hz[:, None] + width_hz / 2, edges_hz[None, 1:])
    shares: npt.NDArray[np.float64] = np.maximum(high - low, 0) / width_hz
    return shares


def _bark(hz: npt.NDArray[np.float64]) -> float:
    """Schroeder, Atal and Hall 1979, as PEAQ uses it."""
    return float(7 * np.arcsinh(hz / 650))


def _critical_bands(
    centres_hz: npt.NDArray[np.float64], masked: npt.NDArray[np.float64]
) -> tuple[tuple[float, float], ...]:
    """Four quarter-Bark bands at a time."""
    together = round(1 / BAND_BARK)
    return tuple(
        (
            round(float(centres_hz[first : first + together].mean()), 1),
            round(float(masked[first : first + together].mean()), 4),
        )
        for first in range(0, len(centres_hz), together)
    )


def _at_rate(channel: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float64]:
    if rate_hz <= HIGHEST_RATE_HZ:
        return channel.astype(np.float64)
    return np.asarray(soxr.resample(channel, rate_hz, HIGHEST_RATE_HZ), np.float64)
