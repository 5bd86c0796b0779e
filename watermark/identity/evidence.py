"""What a stretch of audio says about its cells: one number per pair start and band.

Positive when the first cell of a pair is louder than the second. The sign of the waveform, its
gain, its phase and slow equalisation do not enter.
"""

from __future__ import annotations

import functools
from typing import Final

import torch
from torch import Tensor

from watermark.identity.cells import (
    BAND_EDGES,
    BANDS,
    CELL_FRAMES,
    CODEWORD_PAIRS,
    FFT_SIZE,
    HOP,
    PAIR_FRAMES,
    PHASE_FRAMES,
    PHASES,
    band_members,
    spectrum_parts,
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

    `members` (row, bin) says which bins between the lowest and the highest band to add up, by
    default those of the 40 bands.
    """
    heard = slice(BAND_EDGES[0], BAND_EDGES[-1])
    wanted = (band_members() if members is None else members)[:, heard].to(samples)
    padded = torch.nn.functional.pad(samples, (FFT_SIZE // 2, FFT_SIZE // 2))
    parts = []
    for spectra in spectrum_parts(padded, hop_ratio):
        squares = torch.view_as_real(spectra[:, heard]).square()
        parts.append(wanted @ (squares[..., 0] + squares[..., 1]).sum(0))
    return torch.cat(parts, 1)


def cell_levels_db(energy: Tensor) -> Tensor:
    """Level of the core of a cell that starts at each second frame; (band, start)."""
    slices = _summed_slices(energy[:, 1:])
    cores = (slices[:, :-2] + slices[:, 1:-1] + slices[:, 2:]) / _CELL_CORE_FRAMES
    return 10 * torch.log10(cores + _FLOOR_BELOW_LOUDEST * cores.max() + _FLOOR)


def slice_levels_db(energy: Tensor) -> Tensor:
    """Level of every 16 ms, two frames; (band, start)."""
    slices = _summed_slices(energy) / PHASE_FRAMES
    return 10 * torch.log10(slices + _FLOOR_BELOW_LOUDEST * slices.max() + _FLOOR)


def _summed_slices(energy: Tensor) -> Tensor:
    """Energies added two frames at a time; (band, frame) -> (band, start)."""
    past_last = energy.shape[1] // PHASE_FRAMES * PHASE_FRAMES
    return energy[:, 0:past_last:PHASE_FRAMES] + energy[:, 1:past_last:PHASE_FRAMES]


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
    heard = (span != 0).any(0).cpu().numpy()
    first, silent_at_end = int(heard.argmax()), int(heard[::-1].argmax())  # stop at the first True
    if not heard[first]:
        return torch.zeros(starts)
    last = span.shape[1] - 1 - silent_at_end
    sample = torch.arange(starts) * PHASE_FRAMES * HOP * hop_ratio
    return ((sample >= first) & (sample + PAIR_FRAMES * HOP * hop_ratio <= last + 1)).float()


def local_spread_db(difference_db: Tensor, held: Tensor) -> Tensor:
    """Typical size of the differences within half a second either way; (band, start)."""
    return local_mean(difference_db.abs(), held) / _MEAN_ABS_PER_DEVIATION + _SPREAD_FLOOR_DB


def local_mean(values: Tensor, held: Tensor) -> Tensor:
    """Mean within half a second either way of what is `held`; values are 0 elsewhere.

    By differences of running sums, in double precision: the cost does not grow with the reach.
    """
    reach = _SPREAD_STARTS // 2
    rows = torch.nn.functional.pad(torch.cat((values, held[None])), (reach + 1, reach))
    running = rows.double().cumsum(1)
    sums = running[:, _SPREAD_STARTS:] - running[:, :-_SPREAD_STARTS]
    return (sums[:-1] / sums[-1].clamp_min(1e-6)).to(values)


def _across_neighbours(evidence: Tensor) -> Tensor:
    """Moving average over bands, mirrored at both ends; (band, start)."""
    return _neighbour_shares().to(evidence) @ evidence


@functools.cache
def _neighbour_shares() -> Tensor:
    """What each band's moving average takes of every band; (band, band)."""
    reach = _NEIGHBOUR_BANDS // 2
    with torch.inference_mode(False):  # kept, so training must be able to use it too
        around = torch.nn.functional.pad(torch.eye(BANDS)[:, None], (reach, reach), mode="reflect")
        return torch.nn.functional.avg_pool1d(around, _NEIGHBOUR_BANDS, stride=1)[:, 0].T
