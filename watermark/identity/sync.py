"""Finds where in the repeating codeword a window begins, from the sync chips alone.

Sync chips are the same for every id of an epoch key, so this costs one correlation whatever the
size of the registry. They share no cell with the ids' chips: which alignments are tried says
nothing about any id, and the odds against a false id need not pay for the thousand alignments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from watermark.identity.cells import CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import Codebook

ALIGNMENTS: Final = CODEWORD_PAIRS * PHASES
_NEIGHBOURHOOD: Final = 3  # phases: a peak stands over the one before and the one after


@dataclass(frozen=True)
class Alignment:
    """Where in the repeating codeword the file begins: chip `m` sits at pair `m + offset`."""

    phase: int  # 0..7 steps of 16 ms
    offset: int  # 0..124 pairs of 128 ms

    @property
    def place(self) -> int:
        """Steps of 16 ms, 0..999, cyclic."""
        return self.offset * PHASES + self.phase

    @classmethod
    def at(cls, place: int) -> Alignment:
        """The alignment at a place, which may lie outside the cycle."""
        return cls(phase=place % PHASES, offset=place // PHASES % CODEWORD_PAIRS)

    def near(self, other: Alignment) -> bool:
        """Whether the two differ by at most one step, cyclically."""
        apart = self.place - other.place
        return min(apart % ALIGNMENTS, -apart % ALIGNMENTS) <= 1


def sync_z(book: Codebook, windows: Tensor) -> Tensor:
    """Agreement with the sync chips; (window, pair, band, phase) -> (window, place)."""
    chips = torch.fft.rfft(book.sync, dim=0).conj()  # (frequency, band)
    places = torch.fft.rfft(book.sync.square(), dim=0).conj()
    agreement = torch.einsum("fb,wfbp->wfp", chips, torch.fft.rfft(windows, dim=1))
    energy = torch.einsum("fb,wfbp->wfp", places, torch.fft.rfft(windows.square(), dim=1))
    summed = torch.fft.irfft(agreement, CODEWORD_PAIRS, dim=1)
    norm = torch.fft.irfft(energy, CODEWORD_PAIRS, dim=1).clamp_min(1e-6).sqrt()
    z: Tensor = (summed / norm).flatten(1)
    return z


def best_alignments(z: Tensor, count: int) -> list[Alignment]:
    """The highest peaks of one window's `sync_z`, best first; (place,)."""
    reach = _NEIGHBOURHOOD // 2
    around = torch.nn.functional.max_pool1d(
        torch.cat((z[-reach:], z, z[:reach]))[None], _NEIGHBOURHOOD, stride=1
    )[0]
    peaks = torch.where(z >= around, z, torch.full_like(z, -torch.inf))
    return [Alignment.at(int(place)) for place in peaks.topk(count).indices]
