"""An attacker who knows the grid of the identity mark, but not the key.

Frames, bands and cells are public, so these move the cells themselves. They bound from below what
an attacker without the key must spend: nobody can aim better without knowing the codeword.
"""

from __future__ import annotations

import numpy as np
import soxr
import torch
from torch import Tensor

from watermark.audio.waveform import Samples
from watermark.identity.cells import (
    CELL_FRAMES,
    FFT_SIZE,
    PAIR_FRAMES,
    SAMPLE_RATE_HZ,
    band_members,
    overlap_add,
    spectrum,
)
from watermark.robustness.attack import Change


def cells_jittered(gain_db: float) -> Change:
    """Every cell raised or lowered by `gain_db` at random, aligned with the mark's own cells."""

    def gains_db(energy: Tensor, rng: np.random.Generator) -> Tensor:
        bands, frames = energy.shape
        cells = -(-frames // CELL_FRAMES) + 1
        signs = torch.from_numpy(np.where(rng.random((bands, cells)) < 0.5, -1.0, 1.0)).float()
        return gain_db * _on_frames(signs, CELL_FRAMES, frames)

    return _on_grid(gains_db)


def pairs_levelled(share: float) -> Change:
    """The two cells of every pair moved towards the same level by a share of their difference."""

    def gains_db(energy: Tensor, _rng: np.random.Generator) -> Tensor:
        bands, frames = energy.shape
        padded = torch.nn.functional.pad(energy, (FFT_SIZE // 256, -(frames + 2) % PAIR_FRAMES))
        cells = padded.reshape(bands, -1, 2, CELL_FRAMES).mean(3)
        level_db = 10 * torch.log10(cells + 1e-10 * cells.max() + 1e-14)
        towards = share * (level_db.mean(2, keepdim=True) - level_db)
        return _on_frames(towards.reshape(bands, -1), CELL_FRAMES, frames)

    return _on_grid(gains_db)


def _on_frames(cells: Tensor, length: int, frames: int) -> Tensor:
    """Values of cells as values of frames; frame `i` is centred `i + 2` frames into the clip."""
    first = FFT_SIZE // 256
    return cells.repeat_interleave(length, dim=1)[:, first : first + frames]


def _on_grid(gains_db: object) -> Change:
    """Change the 16 kHz bands of the grid by gains; what lies above them stays."""
    assert callable(gains_db)

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        low = np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32)
        with torch.inference_mode():
            spectra = spectrum(torch.from_numpy(np.ascontiguousarray(low.T)))
            members = band_members()
            gains = torch.pow(10.0, gains_db(members @ spectra.abs().square().sum(0), rng) / 20) - 1
            added = overlap_add(spectra * (members.T @ gains)).numpy()
        at_own_rate = soxr.resample(np.ascontiguousarray(added.T), SAMPLE_RATE_HZ, rate_hz)
        moved = samples.copy()
        length = min(len(moved), len(at_own_rate))
        moved[:length] += at_own_rate[:length]
        return moved

    return change
