"""Finds which of many ids, at which offset, agrees with the evidence: one matrix product.

The score of an id at one alignment is z = sum(chip * evidence) / sqrt(sum(evidence ** 2)). The
chips of an id that was not embedded are coin tosses independent of the audio, so z then has mean
0 and variance 1 whatever the audio is, and P(z >= t) <= exp(-t * t / 2) (Hoeffding 1963).
All cyclic offsets come from one Fourier transform along time, all ids and alignments of one
frequency from one complex matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PAIR_FRAMES
from watermark.identity.codewords import EpochKey, codewords
from watermark.payload import GenerationId

_COARSE_PHASE_STEP: Final = 2  # frames; half a step is an eighth of a cell, and costs 2 % of z
_IDS_PER_PRODUCT: Final = 1024
_REFINED_IDS: Final = 16  # best of the coarse pass, per window, scored at every phase
_KEPT_PRODUCTS: Final = 16  # spectra of 16 Ki ids stay in memory (330 MB); the rest are recomputed


@dataclass(frozen=True)
class Alignment:
    """Where in the repeating codeword the file begins: chip `m` sits at pair `m + offset`."""

    phase: int  # 0..15 frames of 8 ms
    offset: int  # 0..124 pairs of 128 ms

    def near(self, other: Alignment) -> bool:
        """Whether the two differ by at most two frames, cyclically."""
        period = CODEWORD_PAIRS * PAIR_FRAMES
        apart = (self.phase + PAIR_FRAMES * self.offset) - (
            other.phase + PAIR_FRAMES * other.offset
        )
        return min(apart % period, -apart % period) <= 2


@dataclass(frozen=True)
class Score:
    """An id's best agreement with one window."""

    generation_id: GenerationId
    z: float
    alignment: Alignment


class IdSearch:
    """Scores windows of evidence against a growing list of ids."""

    def __init__(self, key: EpochKey, ids: Sequence[GenerationId] = ()) -> None:
        self.key = key
        self._ids: list[GenerationId] = []
        self._known: set[GenerationId] = set()
        self._spectra: dict[int, Tensor] = {}
        self.add(ids)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> tuple[GenerationId, ...]:
        """What is searched, in order of arrival."""
        return tuple(self._ids)

    def add(self, ids: Sequence[GenerationId]) -> None:
        """Search these too from now on; ids already known are passed over."""
        fresh = [one for one in dict.fromkeys(ids) if one not in self._known]
        if fresh:
            self._spectra.pop(len(self._ids) // _IDS_PER_PRODUCT, None)
            self._ids.extend(fresh)
            self._known.update(fresh)

    def best(self, windows: Tensor) -> list[list[Score]]:
        """The strongest ids of each window, best first; windows are (window, pair, band, phase)."""
        assert windows.shape[1:] == (CODEWORD_PAIRS, BANDS, PAIR_FRAMES)
        if not self._ids:
            return [[] for _ in windows]
        with torch.inference_mode():
            coarse = torch.cat(list(self._coarse(windows)))  # (id, window)
            kept = min(_REFINED_IDS, len(self._ids))
            chosen = coarse.topk(kept, dim=0).indices  # (rank, window)
            return [
                self._refined(window, [self._ids[i] for i in chosen[:, w].tolist()])
                for w, window in enumerate(windows)
            ]

    def _coarse(self, windows: Tensor) -> Iterator[Tensor]:
        phases = windows[..., ::_COARSE_PHASE_STEP]
        W, _, B, P = phases.shape
        normed = _normed(phases).permute(1, 2, 0, 3).reshape(CODEWORD_PAIRS, B, W * P)
        evidence = torch.fft.rfft(normed, dim=0)  # (frequency, band, window x phase)
        for product in range(-(-len(self._ids) // _IDS_PER_PRODUCT)):
            agreement = torch.bmm(self._spectra_of(product), evidence)
            over_offsets = torch.fft.irfft(agreement, CODEWORD_PAIRS, dim=0)
            yield over_offsets.amax(0).reshape(-1, W, P).amax(2)

    def _refined(self, window: Tensor, ids: list[GenerationId]) -> list[Score]:
        scores = all_alignments(codewords(self.key, ids), window)  # (id, offset, phase)
        best, where = scores.flatten(1).max(1)
        found = [
            Score(
                generation_id,
                float(z),
                Alignment(phase=at % PAIR_FRAMES, offset=at // PAIR_FRAMES),
            )
            for generation_id, z, at in zip(ids, best.tolist(), where.tolist(), strict=True)
        ]
        return sorted(found, key=lambda score: -score.z)

    def _spectra_of(self, product: int) -> Tensor:
        """Conjugate spectra of one group of ids; (frequency, id, band)."""
        if product not in self._spectra:
            first = product * _IDS_PER_PRODUCT
            chips = codewords(self.key, self._ids[first : first + _IDS_PER_PRODUCT])
            spectra: Tensor = torch.fft.rfft(chips.permute(1, 0, 2), dim=0).conj().resolve_conj()
            if len(self._spectra) >= _KEPT_PRODUCTS:
                return spectra
            self._spectra[product] = spectra
        return self._spectra[product]


def all_alignments(chips: Tensor, window: Tensor) -> Tensor:
    """z of some ids at every offset and phase of one window; (id, offset, phase)."""
    evidence = torch.fft.rfft(_normed(window[None])[0], dim=0)  # (frequency, band, phase)
    spectra = torch.fft.rfft(chips, dim=1).conj()  # (id, frequency, band)
    agreement = torch.einsum("ifb,fbp->ifp", spectra, evidence)
    scores: Tensor = torch.fft.irfft(agreement, CODEWORD_PAIRS, dim=1)
    return scores


def _normed(windows: Tensor) -> Tensor:
    norm = windows.square().sum((1, 2), keepdim=True).sqrt()
    return windows / norm.clamp_min(1e-6)
