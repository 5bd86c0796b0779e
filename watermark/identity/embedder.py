"""Writes the identity mark: each cell of the host's own spectrum is scaled up or down a little."""

from __future__ import annotations

from dataclasses import dataclass
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
    band_members,
    overlap_add,
    spectrum,
)
from watermark.identity.masking import masking

EMBED_CONTEXT: Final = 64 * HOP  # reach of masking, gain smoothing and one frame, rounded up
_RAMP_FRAMES: Final = 7  # a cell's edge is a ramp, not a step: steps splash into other bands


@dataclass(frozen=True)
class Change:
    """What the mark adds to a span: `samples` (channel, time), and how it fares against masking.

    `noise_to_mask` (band, frame) is the energy added over the masking threshold.
    """

    samples: Tensor
    noise_to_mask: Tensor


def mark_change(span: Tensor, start: int, codeword: Tensor, scale: float = 1.0) -> Change:
    """The change that writes `codeword` (pair, band) into a span.

    `span` (channel, time) holds EMBED_CONTEXT samples before `start` and as many after its end,
    zeros beyond the file; `start`, a multiple of HOP, is its place in the file at 16 kHz.
    `scale` multiplies every depth. All channels get the same gain, so the stereo image stays.
    """
    assert start % HOP == 0 and codeword.shape == (CODEWORD_PAIRS, BANDS)
    length = span.shape[1] - 2 * EMBED_CONTEXT
    padded = torch.nn.functional.pad(span, (0, FFT_SIZE))
    spectra = spectrum(padded)
    first_frame = (start - EMBED_CONTEXT + FFT_SIZE // 2) // HOP
    hidden = masking(spectra.abs().square().sum(0))
    direction = _directions(codeword, first_frame, spectra.shape[2])
    gain_db = _ramped(direction) * hidden.depth_db * scale
    relative = torch.pow(10.0, gain_db / 20) - 1
    change = overlap_add(spectra * (band_members().to(relative).T @ relative))
    inner = slice(EMBED_CONTEXT // HOP, (EMBED_CONTEXT + length) // HOP)
    noise_to_mask = relative.square() * hidden.energy / hidden.threshold
    return Change(change[:, EMBED_CONTEXT : EMBED_CONTEXT + length], noise_to_mask[:, inner])


def _directions(codeword: Tensor, first_frame: int, frames: int) -> Tensor:
    """+1 where a cell is raised, -1 where it is lowered; (band, frame)."""
    frame = torch.arange(first_frame, first_frame + frames)
    pair = torch.div(frame, PAIR_FRAMES, rounding_mode="floor") % CODEWORD_PAIRS
    raised_first = torch.div(frame, CELL_FRAMES, rounding_mode="floor") % 2 == 0
    return codeword[pair].T * torch.where(raised_first, 1.0, -1.0)


def _ramped(direction: Tensor) -> Tensor:
    ramp = torch.hann_window(_RAMP_FRAMES + 2, periodic=False, dtype=direction.dtype)[1:-1]
    reach = _RAMP_FRAMES // 2
    wide = torch.nn.functional.pad(direction[:, None], (reach, reach), mode="replicate")
    return torch.nn.functional.conv1d(wide, (ramp / ramp.sum())[None, None])[:, 0]
