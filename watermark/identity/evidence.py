"""What a stretch of audio says about its cells: one number per pair start and band.

Positive when the first cell of a pair is louder than the second. The sign of the waveform, its
gain, its phase and slow equalisation do not enter.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from watermark.identity.cells import (
    BANDS,
    CELL_FRAMES,
    CODEWORD_PAIRS,
    FFT_SIZE,
    HOP,
    PAIR_FRAMES,
    PHASE_FRAMES,
    PHASES,
    band_members,
    spectrum,
)

EVIDENCE_CONTEXT: Final = 128 * HOP  # half the spread window, one pair and one frame, rounded up
CONTEXT_FRAMES: Final = EVIDENCE_CONTEXT // HOP
BLOCK_FRAMES: Final = CODEWORD_PAIRS * PAIR_FRAMES
_CELL_CORE_FRAMES: Final = CELL_FRAMES - 2  # a cell's first and last frame straddle its edges
_SPREAD_STARTS: Final = 63  # 1 s: how far around the spread of the host is read
_SPREAD_FLOOR_DB: Final = 0.3
_MEAN_ABS_PER_DEVIATION: Final = 0.8  # of a normal variable
_CLIP: Final = 2.0  # in deviations: one transient must not outvote a second of quiet evidence
_NEIGHBOUR_BANDS: Final = 15  # the host moves wide stretches of the spectrum together
_FLOOR_BELOW_LOUDEST: Final = 1e-10
_FLOOR: Final = 1e-14


def block_evidence(span: Tensor, hop_ratio: float = 1.0) -> Tensor:
    """Evidence of one codeword-long block; (pair, band, phase), 0 where the file has no audio.

    `span` (channel, time) holds EVIDENCE_CONTEXT samples before the block and at least as many
    after its last sample, zeros beyond the file. Phase `p` is a pair that starts `2 p` frames
    after a multiple of 16. Energies of channels are added, so anti-phase stereo loses nothing.
    `hop_ratio` is how much longer the audio lasts than when it was marked, at the same pitch; the
    context and the block are then as much longer.
    """
    difference_db = pair_differences_db(cell_levels_db(band_energies(span, hop_ratio)))
    held = starts_inside_file(span, difference_db.shape[1], hop_ratio)
    difference_db = difference_db * held
    evidence = classical_evidence(difference_db, local_spread_db(difference_db, held), held)
    first = CONTEXT_FRAMES // PHASE_FRAMES
    block = evidence[:, first : first + BLOCK_FRAMES // PHASE_FRAMES]
    return block.reshape(BANDS, CODEWORD_PAIRS, PHASES).permute(1, 0, 2).contiguous()


def classical_evidence(difference_db: Tensor, spread_db: Tensor, held: Tensor) -> Tensor:
    """Differences in units of their spread, less what bands have in common; (band, start)."""
    evidence = (difference_db / spread_db).clamp(-_CLIP, _CLIP)
    evidence = evidence - evidence.median(0, keepdim=True).values
    return (evidence - _across_neighbours(evidence)) * held


def band_energies(span: Tensor, hop_ratio: float = 1.0, members: Tensor | None = None) -> Tensor:
    """Energy of each band in every frame of a span, over all channels; (band, frame)."""
    frames = 2 * CONTEXT_FRAMES + BLOCK_FRAMES
    whole = int(frames * HOP * hop_ratio) + FFT_SIZE  # one frame more than the span asks for
    samples = torch.nn.functional.pad(span, (0, whole - span.shape[1]))
    return energies(samples, hop_ratio, members)


def energies(samples: Tensor, hop_ratio: float = 1.0, members: Tensor | None = None) -> Tensor:
    """Energy of each band in every frame, over all channels; frame 0 is centred on sample 0.

    `members` (row, bin) says which bins to add up, by default those of the 40 bands.
    """
    padded = torch.nn.functional.pad(samples, (FFT_SIZE // 2, FFT_SIZE // 2))
    power = padded.new_zeros(())
    for channel in spectrum(padded, hop_ratio):
        parts = torch.view_as_real(channel).square()
        power = power + parts[..., 0] + parts[..., 1]
    return (band_members() if members is None else members).to(power) @ power


def cell_levels_db(energy: Tensor) -> Tensor:
    """Level of the core of a cell that starts at each second frame; (band, start)."""
    cores = torch.nn.functional.avg_pool1d(
        energy[None, :, 1:], _CELL_CORE_FRAMES, stride=PHASE_FRAMES
    )[0]
    return 10 * torch.log10(cores + _FLOOR_BELOW_LOUDEST * cores.max() + _FLOOR)


def pair_differences_db(level_db: Tensor) -> Tensor:
    """Level of a cell minus level of the next; (band, start)."""
    later = CELL_FRAMES // PHASE_FRAMES
    return level_db[:, :-later] - level_db[:, later:]


def pair_starts(frames: int) -> int:
    """How many pairs, one at each second frame, have both cells within some frames."""
    return (frames - 1 - _CELL_CORE_FRAMES) // PHASE_FRAMES + 1 - CELL_FRAMES // PHASE_FRAMES


def starts_inside_file(span: Tensor, starts: int, hop_ratio: float = 1.0) -> Tensor:
    """1 for a pair, starting at each second frame, that lies wholly in the file, else 0; (start,).

    The zeros around a file are told from silence within it by exactness of the first and last
    non-zero sample; a file that begins with digital silence loses evidence that was none.
    """
    heard = span.abs().sum(0) > 0
    if not bool(heard.any()):
        return torch.zeros(starts)
    first = int(torch.argmax(heard.to(torch.uint8)))
    last = span.shape[1] - 1 - int(torch.argmax(heard.flip(0).to(torch.uint8)))
    sample = torch.arange(starts) * PHASE_FRAMES * HOP * hop_ratio
    return ((sample >= first) & (sample + PAIR_FRAMES * HOP * hop_ratio <= last + 1)).float()


def local_spread_db(difference_db: Tensor, held: Tensor) -> Tensor:
    """Typical size of the differences within half a second either way; (band, start)."""
    return local_mean(difference_db.abs(), held) / _MEAN_ABS_PER_DEVIATION + _SPREAD_FLOOR_DB


def local_mean(values: Tensor, held: Tensor) -> Tensor:
    """Mean within half a second either way of what is `held`; values are 0 elsewhere."""
    rows = torch.cat((values, held[None]))
    means = torch.nn.functional.avg_pool1d(
        rows[None], _SPREAD_STARTS, stride=1, padding=_SPREAD_STARTS // 2
    )[0]
    return means[:-1] / means[-1].clamp_min(1e-6)


def _across_neighbours(evidence: Tensor) -> Tensor:
    """Moving average over bands, mirrored at both ends; (band, start)."""
    reach = _NEIGHBOUR_BANDS // 2
    wide = torch.nn.functional.pad(evidence.T[:, None], (reach, reach), mode="reflect")
    return torch.nn.functional.avg_pool1d(wide, _NEIGHBOUR_BANDS, stride=1)[:, 0].T
