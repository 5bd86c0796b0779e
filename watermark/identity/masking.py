"""How deep the mark may go at most, cell by cell: less on steady tones, more where noise hides it.

The masking threshold is the classical one: energy per band, spread over neighbouring critical
bands (Schroeder, Atal and Hall 1979), lowered by 14.5 + Bark dB where the masker is a tone and by
5.5 dB where it is noise (Johnston 1988). Tonality is read from how much each bin's level moves
within an eighth of a second: a steady partial hardly moves, Gaussian noise moves by 5.6 dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from watermark.identity.cells import BAND_EDGES, BINS, FFT_SIZE, SAMPLE_RATE_HZ, band_members

DEEPEST_DB: Final = 8.0
MASKING_REACH_FRAMES: Final = 15  # a cap depends on no frame further away than this
_STEADINESS_FRAMES: Final = 15
_NOISE_LEVEL_DEVIATION_DB: Final = 5.6  # standard deviation of 10 log10 of an exponential variable
_TONE_LEVEL_DEVIATION_DB: Final = 1.0
_UPWARD_DB_PER_BARK: Final = 10.0
_DOWNWARD_DB_PER_BARK: Final = 25.0
_LOW_MASKERS: Final = (1, 4, 7, BAND_EDGES[0])  # bins under the grid mask upwards into it
_QUIET: Final = 1e-12  # mean-square level of a bin, far under 16 bits


@dataclass(frozen=True)
class Masking:
    """All (band, frame)."""

    cap_db: Tensor  # depth at which the mark reaches the threshold
    threshold: Tensor  # energy under which an added sound in that band is not heard
    energy: Tensor
    tonality: Tensor  # 0 for noise, 1 for a steady tone


def masking(power: Tensor) -> Masking:
    """Read thresholds and caps from power spectra; (bin, frame)."""
    members = _masker_members().to(power)
    energies = members @ power + _QUIET
    tonal = _tonality(power, members)
    bark = _bark(members)
    lowered_db = tonal * (14.5 + bark[:, None]) + (1 - tonal) * 5.5
    thresholds = _spreading(bark) @ (smoothed(energies, 5) * 10 ** (-lowered_db / 10))
    first = len(_LOW_MASKERS) - 1
    threshold, energy = thresholds[first:], energies[first:]
    cap_db = 20 * torch.log10(1 + torch.sqrt(threshold / smoothed(energy, 5)))
    return Masking(smoothed(cap_db.clamp_max(DEEPEST_DB), 11), threshold, energy, tonal[first:])


def _masker_members() -> Tensor:
    low = torch.zeros(len(_LOW_MASKERS) - 1, BINS)
    for row, (start, end) in enumerate(pairwise(_LOW_MASKERS)):
        low[row, start:end] = 1.0
    return torch.cat((low, band_members()))


def _bark(members: Tensor) -> Tensor:
    """Centre of each row on the Bark scale (Traunmueller 1990)."""
    bins = torch.arange(BINS, dtype=members.dtype)
    centre_hz = (members @ bins) / members.sum(1) * SAMPLE_RATE_HZ / FFT_SIZE
    return 26.81 * centre_hz / (1960 + centre_hz) - 0.53


def _spreading(bark: Tensor) -> Tensor:
    """How much of masker j reaches band i, as energy; (band, masker)."""
    above = bark[:, None] - bark[None, :]
    fall_db = torch.where(above > 0, _UPWARD_DB_PER_BARK * above, -_DOWNWARD_DB_PER_BARK * above)
    return torch.as_tensor(10 ** (-fall_db / 10))


def _tonality(power: Tensor, members: Tensor) -> Tensor:
    """0 for noise, 1 for a steady tone, energy-weighted within each band; (band, frame)."""
    level_db = 10 * torch.log10(power + _QUIET)
    mean = smoothed(level_db, _STEADINESS_FRAMES)
    variance = smoothed(level_db**2, _STEADINESS_FRAMES) - mean**2
    deviation_db = variance.clamp_min(0).sqrt()
    weight = power + _QUIET
    band_deviation_db = (members @ (deviation_db * weight)) / (members @ weight)
    span_db = _NOISE_LEVEL_DEVIATION_DB - _TONE_LEVEL_DEVIATION_DB
    return 1 - ((band_deviation_db - _TONE_LEVEL_DEVIATION_DB) / span_db).clamp(0, 1)


def smoothed(rows: Tensor, frames: int) -> Tensor:
    """Centred moving average along an odd number of frames; the ends count what exists alone."""
    return torch.nn.functional.avg_pool1d(
        rows[None], frames, stride=1, padding=frames // 2, count_include_pad=False
    )[0]
