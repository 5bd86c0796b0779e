"""Evidence by a small convolutional network: what a cell's surroundings say about its mark.

It sees, for every band and every second frame, the level of a cell and of a 16 ms slice, both
against the local mean and in units of the host's own restlessness there, the levels of both halves
of the band likewise, the classical evidence, and four slowly changing facts: restlessness, level
among the bands, graininess, and whether the file has audio. It answers with a log-likelihood ratio:
how sure it is that the first cell of the pair was raised, and how much such a pair, here, is worth.
Nothing it sees depends on gain or sign.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from watermark.identity.cells import (
    BAND_EDGES,
    BANDS,
    CELL_FRAMES,
    CODEWORD_PAIRS,
    PHASE_FRAMES,
    PHASES,
    half_band_members,
)
from watermark.identity.evidence import (
    BLOCK_FRAMES,
    CONTEXT_FRAMES,
    band_energies,
    cell_levels_db,
    classical_evidence,
    local_mean,
    local_spread_db,
    pair_differences_db,
    pair_starts,
    slice_levels_db,
    starts_inside_file,
)

CELL_STARTS: Final = CELL_FRAMES // PHASE_FRAMES
FAST_MAPS: Final = 2
SLOW_MAPS: Final = 5
HALF_MAPS: Final = 2
CHANNELS: Final = 16
_AROUND: Final = 8  # starts either way of a pair's middle: two cells before, two after
_ACROSS, _AFTER = 1, 2  # starts either way that the two later layers reach
_SEEN_AROUND: Final = _AROUND + _ACROSS + _AFTER
_STARTS_AT_ONCE: Final = 288
_CLIP: Final = 4.0


def evidence_maps(energy: Tensor, held: Tensor, halves: Tensor | None = None) -> Tensor:
    """What the network sees of band energies; (band, frame), (start,) -> (map, band, start).

    Indexed by the middle of a pair: the value at `i` belongs to the pair that starts a cell
    earlier. The fast maps come first; the levels of `halves` (2 band, frame), if given, last.
    """
    cell_db = cell_levels_db(energy)
    difference_db = pair_differences_db(cell_db) * held
    starts = held.shape[0]
    spread_db = local_spread_db(difference_db, held)
    classical = classical_evidence(difference_db, spread_db, held)
    cell_db = cell_db[:, :starts]
    mean_db = local_mean(cell_db * held, held)
    slice_db = slice_levels_db(energy[:, : PHASE_FRAMES * starts])
    grain_db = (slice_db[:, 1:] - slice_db[:, :-1]).abs()
    grain_db = torch.nn.functional.pad(grain_db, (0, 1)) * held
    grain = torch.log(local_mean(grain_db, held) + 0.3)
    slow = (
        classical.roll(CELL_STARTS, 1),
        torch.log(spread_db) - 1.0,
        (mean_db - mean_db.amax(0)) / 20 + 1.0,
        grain - 1.0,
        held.expand(BANDS, starts),
    )
    fast = (((level - mean_db) / spread_db).clamp(-_CLIP, _CLIP) for level in (cell_db, slice_db))
    maps = torch.stack((*fast, *slow))
    if halves is not None:
        half_db = cell_levels_db(halves)[:, :starts]
        half_db = (half_db - local_mean(half_db * held, held)).reshape(2, BANDS, starts)
        maps = torch.cat((maps, (half_db / spread_db).clamp(-_CLIP, _CLIP)))
    return maps * held


def bands_of_halves(halves: Tensor) -> Tensor:
    """Energies of the bands from those of their halves; (2 band, frame) -> (band, frame)."""
    lower, upper = halves.reshape(2, BANDS, -1)
    return torch.where(_one_bin_wide()[:, None], lower, lower + upper)


def _one_bin_wide() -> Tensor:
    edges = torch.tensor(BAND_EDGES)
    return edges[1:] - edges[:-1] == 1


class EvidenceNetwork(nn.Module):
    """A few thousand multiplications per pair start and band.

    With `halves` it also sees the levels of both halves of each band: a partial in one of them
    then no longer hides what the other says.
    """

    def __init__(self, channels: int = CHANNELS, halves: bool = False) -> None:
        super().__init__()
        width = 2 * _AROUND + 1
        fast = FAST_MAPS + (HALF_MAPS if halves else 0)
        self.halves = halves
        self.fast = nn.Conv2d(fast, channels, (1, width), padding=(0, _AROUND), bias=False)
        self.slow = nn.Conv2d(SLOW_MAPS, channels, 1)
        self.across = nn.Conv2d(
            channels, channels, (7, 2 * _ACROSS + 1), padding=(3, _ACROSS), groups=channels
        )
        self.gated = nn.Conv2d(channels, 2 * channels, 1)
        self.around = nn.Conv2d(
            channels, channels, (3, 2 * _AFTER + 1), padding=(1, _AFTER), groups=channels
        )
        self.mixed = nn.Conv2d(channels, channels, 1)
        self.answer = nn.Conv2d(channels, 2, 1)
        torch.nn.init.normal_(self.answer.weight, std=0.02)
        torch.nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, map, band, start) -> log-likelihood ratios (batch, band, start), middle-indexed.

        Without training it answers with a multiple of the classical evidence.
        """
        past_slow = FAST_MAPS + SLOW_MAPS
        fast = maps[:, :FAST_MAPS]
        if self.halves:
            fast = torch.cat((fast, maps[:, past_slow:]), 1)
        seen = self.fast(fast) + self.slow(maps[:, FAST_MAPS:past_slow])
        seen = torch.nn.functional.silu(seen)
        seen = seen + torch.nn.functional.glu(self.gated(self.across(seen)), dim=1)
        seen = seen + torch.nn.functional.silu(self.mixed(self.around(seen)))
        added, worth = self.answer(seen).unbind(1)
        answer: Tensor = added + torch.exp(worth) * maps[:, FAST_MAPS]
        return answer


class LearnedEvidence:
    """Evidence of blocks, as `block_evidence`, by a network in evaluation mode."""

    def __init__(self, network: EvidenceNetwork) -> None:
        self.network = network.eval()

    def __call__(self, span: Tensor, hop_ratio: float = 1.0) -> Tensor:
        """Arguments and result as of `block_evidence`."""
        if self.network.halves:
            halves = band_energies(span, hop_ratio, half_band_members())
            energy = bands_of_halves(halves)
        else:
            halves, energy = None, band_energies(span, hop_ratio)
        held = starts_inside_file(span, pair_starts(energy.shape[1]), hop_ratio)
        maps = evidence_maps(energy, held, halves)
        middle = self._answers(maps) * held.roll(CELL_STARTS)
        first = CONTEXT_FRAMES // PHASE_FRAMES + CELL_STARTS
        block = middle[:, first : first + BLOCK_FRAMES // PHASE_FRAMES]
        return block.reshape(BANDS, CODEWORD_PAIRS, PHASES).permute(1, 0, 2).contiguous()

    def _answers(self, maps: Tensor) -> Tensor:
        """As the network on the whole, some starts at a time; (map, band, start) -> (band, start).

        What a part's layers hold then fits in a processor's own cache.
        """
        starts = maps.shape[2]
        parts = []
        for first in range(0, starts, _STARTS_AT_ONCE):
            past_last = min(first + _STARTS_AT_ONCE, starts)
            begin = max(0, first - _SEEN_AROUND)
            seen = maps[None, :, :, begin : past_last + _SEEN_AROUND]
            parts.append(self.network(seen)[0, :, first - begin : past_last - begin])
        return torch.cat(parts, 1)
