"""The grid of the identity mark: 40 bands by 64 ms cells on a short-time Fourier transform.

Frame `j` is centred on sample `128 * j` of the file at 16 kHz. A chip is a pair of successive
cells in one band, one raised and one lowered, so that slow changes of gain or tone cancel in
their difference. A codeword is 125 pairs by 40 bands, 16 s, and repeats to the end of the file.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor

SAMPLE_RATE_HZ: Final = 16_000
FFT_SIZE: Final = 512  # 32 ms: shorter than a cell, long enough to part the bands
HOP: Final = 128  # samples
BINS: Final = FFT_SIZE // 2 + 1
CELL_FRAMES: Final = 8  # 64 ms
PAIR_FRAMES: Final = 2 * CELL_FRAMES
PHASE_FRAMES: Final = 2  # a detector looks for pairs at every second frame
PHASES: Final = PAIR_FRAMES // PHASE_FRAMES
PAIR_SAMPLES: Final = PAIR_FRAMES * HOP
CODEWORD_PAIRS: Final = 125
BLOCK_SAMPLES: Final = CODEWORD_PAIRS * PAIR_SAMPLES  # one codeword, 16 s
BANDS: Final = 40
_FRAMES_AT_ONCE: Final = 256
_LOWEST_BIN, _PAST_HIGHEST_BIN = 10, 208  # 312 Hz to 6.5 kHz: what MP3 and small speakers keep

BAND_EDGES: Final = tuple(
    int(edge) for edge in np.round(np.geomspace(_LOWEST_BIN, _PAST_HIGHEST_BIN, BANDS + 1))
)
assert len(set(BAND_EDGES)) == BANDS + 1


@functools.cache
def band_members() -> Tensor:
    """Which bin belongs to which band, 0 or 1; (band, bin). Kept: not to be written to."""
    with torch.inference_mode(False):  # training uses the same one
        members = torch.zeros(BANDS, BINS)
        for band, (low, past_high) in enumerate(pairwise(BAND_EDGES)):
            members[band, low:past_high] = 1.0
        return members


@functools.cache
def half_band_members() -> Tensor:
    """As `band_members` for the lower and then the upper half of every band; (2 band, bin).

    A band of one bin is its own half, twice; of an odd number the lower half has one more.
    """
    with torch.inference_mode(False):
        members = torch.zeros(2, BANDS, BINS)
        for band, (low, past_high) in enumerate(pairwise(BAND_EDGES)):
            width = past_high - low
            members[0, band, low : low + (width + 1) // 2] = 1.0
            members[1, band, low + (width + 1) // 2 if width > 1 else low : past_high] = 1.0
        return members.reshape(2 * BANDS, BINS)


def spectrum(samples: Tensor, hop_ratio: float = 1.0) -> Tensor:
    """Windowed spectra of every whole frame, no padding; (channel, time) -> (channel, bin, frame).

    Frame `i` covers 512 samples of what is given from sample `128 i hop_ratio`, rounded, on. A
    ratio other than 1 follows audio that was stretched in time without a change of pitch.
    """
    assert samples.ndim == 2 and samples.shape[1] >= FFT_SIZE
    if hop_ratio != 1.0:
        return _spectrum_at(samples, hop_ratio)
    return torch.stft(
        samples,
        FFT_SIZE,
        HOP,
        window=_window(samples),
        center=False,
        return_complex=True,
    )


def spectrum_parts(samples: Tensor, hop_ratio: float = 1.0) -> Iterator[Tensor]:
    """`spectrum` some 256 frames at a time: a part fits in a processor's own cache."""
    if hop_ratio != 1.0:
        yield spectrum(samples, hop_ratio)
        return
    frames = (samples.shape[1] - FFT_SIZE) // HOP + 1
    for first in range(0, frames, _FRAMES_AT_ONCE):
        past_last = min(first + _FRAMES_AT_ONCE, frames)
        yield spectrum(samples[:, first * HOP : (past_last - 1) * HOP + FFT_SIZE])


def _spectrum_at(samples: Tensor, hop_ratio: float) -> Tensor:
    frames = int((samples.shape[1] - FFT_SIZE) / (HOP * hop_ratio)) + 1
    starts = torch.round(torch.arange(frames, dtype=torch.float64) * HOP * hop_ratio).long()
    whole = samples.unfold(1, FFT_SIZE, 1)[:, starts.clamp(max=samples.shape[1] - FFT_SIZE)]
    spectra: Tensor = torch.fft.rfft(whole * _window(samples)).transpose(1, 2)
    return spectra


def overlap_add(spectra: Tensor) -> Tensor:
    """Inverse of `spectrum` where four frames overlap; (channel, bin, frame) -> (channel, time)."""
    frames = torch.fft.irfft(spectra, FFT_SIZE, dim=1) * _window(spectra.real)[:, None]
    samples = (spectra.shape[2] - 1) * HOP + FFT_SIZE
    summed = torch.nn.functional.fold(frames, (1, samples), (1, FFT_SIZE), stride=(1, HOP))
    return summed[:, 0, 0] / 1.5  # the squares of four Hann windows a quarter apart sum to 1.5


def _window(like: Tensor) -> Tensor:
    return torch.hann_window(FFT_SIZE, dtype=like.dtype, device=like.device)
