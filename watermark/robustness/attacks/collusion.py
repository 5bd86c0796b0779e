"""Merging differently marked copies, writing a second mark, and carrying a mark elsewhere."""

from __future__ import annotations

import numpy as np
from scipy import signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, Change, Sound, Specimen


def averaged(copies: int) -> Apply:
    """The mean of several ids' copies."""

    def apply(specimen: Specimen, _rng: np.random.Generator) -> Sound:
        return Sound(_weighted(specimen, np.full(copies, 1 / copies)), specimen.rate_hz)

    return apply


def mixed(copies: int) -> Apply:
    """Random weights that sum to one (uniform on the simplex), one set for the whole clip."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        return Sound(_weighted(specimen, rng.dirichlet(np.ones(copies))), specimen.rate_hz)

    return apply


def interleaved(copies: int, run: int) -> Apply:
    """Runs of `run` samples taken from the copies in turn."""

    def apply(specimen: Specimen, _rng: np.random.Generator) -> Sound:
        turn = np.arange(len(specimen.marked)) // run % copies
        woven = specimen.marked.copy()
        for number in range(1, copies):
            woven[turn == number] = specimen.copy(number)[turn == number]
        return Sound(woven, specimen.rate_hz)

    return apply


def diluted(share: float, run: int) -> Apply:
    """A share of the runs taken from the unmarked original (zero-bit collusion)."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        runs = -(-len(specimen.marked) // run)
        plain = np.repeat(rng.random(runs) < share, run)[: len(specimen.marked), None]
        woven = np.where(plain, specimen.original, specimen.marked)
        return Sound(np.asarray(woven, np.float32), specimen.rate_hz)

    return apply


def overwritten(specimen: Specimen, _rng: np.random.Generator) -> Sound:
    """Another id of the same key written over the marked clip."""
    return Sound(specimen.over(), specimen.rate_hz)


def oracle_copied(specimen: Specimen, _rng: np.random.Generator) -> Sound:
    """Marked minus original, added to other audio: what an insider who has both could do."""
    return _carried(specimen, specimen.marked - specimen.original)


def copied(denoiser: Change) -> Apply:
    """Marked minus its own denoised version, added to other audio."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        clean = denoiser(specimen.marked, specimen.rate_hz, rng)[: len(specimen.marked)]
        residual = specimen.marked.copy()
        residual[: len(clean)] -= clean
        return _carried(specimen, residual)

    return apply


def gains_copied(specimen: Specimen, _rng: np.random.Generator) -> Sound:
    """The marked clip's own gain in every bin and frame, marked over original, put on other audio.

    The strongest carrying we know: the mark is a pattern of gains, so gains are what is moved.
    """
    size = 512 * max(1, round(specimen.rate_hz / 16_000))
    overlap = size * 3 // 4
    host = np.resize(specimen.stranger, specimen.marked.shape)

    def spectra(samples: Samples) -> np.ndarray[tuple[int, ...], np.dtype[np.complex64]]:
        return np.asarray(signal.stft(samples.T, nperseg=size, noverlap=overlap)[2])

    level = np.abs(spectra(specimen.original))
    gains = (np.abs(spectra(specimen.marked)) + 1e-6) / (level + 1e-6)
    carried = signal.istft(
        spectra(host) * np.clip(gains, 0.5, 2.0), nperseg=size, noverlap=overlap
    )[1]
    return Sound(np.ascontiguousarray(carried.T[: len(host)], np.float32), specimen.rate_hz)


def _carried(specimen: Specimen, residual: Samples) -> Sound:
    host = np.resize(specimen.stranger, specimen.marked.shape)
    return Sound(np.asarray(host + residual, np.float32), specimen.rate_hz)


def _weighted(specimen: Specimen, weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    total = np.zeros(specimen.marked.shape)
    for number, weight in enumerate(weights):
        total += weight * specimen.copy(number)
    return np.asarray(total, np.float32)
