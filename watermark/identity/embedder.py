"""Writes the identity mark: each cell of the host's own spectrum is scaled up or down a little."""

from __future__ import annotations

import math
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
from watermark.identity.learned_strength import StrengthNetwork, learned_strength
from watermark.identity.masking import Masking, masking
from watermark.identity.strength import Allowance, Strength, strength

EMBED_CONTEXT: Final = 96 * HOP  # reach of strength, masking and one frame, rounded up
_RAMP_FRAMES: Final = 7  # a cell's edge is a ramp, not a step: steps splash into other bands


# Parseval for one-sided spectra of Hann windows: the squares of four windows sum to 1.5
SPECTRAL_ENERGY: Final = 2.0 / (FFT_SIZE * 1.5)


@dataclass(frozen=True)
class Change:
    """What the mark adds to a span: `samples` (channel, time), and how it fares against masking.

    `noise_to_mask` (band, frame) is the energy added over the masking threshold.
    """

    samples: Tensor
    noise_to_mask: Tensor


@dataclass(frozen=True)
class Cells:
    """A span seen as cells: its spectra, what hides a change, and which way each cell goes."""

    spectra: Tensor  # (channel, bin, frame)
    hidden: Masking
    direction: Tensor  # (band, frame), within -1 and 1
    strength: Strength


def survey(
    span: Tensor,
    start: int,
    codeword: Tensor,
    allowance: Allowance,
    network: StrengthNetwork | None = None,
) -> None:
    """Count what marking this span would cost at every level; arguments as of `mark_change`."""
    count(span, prepared(span, start, codeword, network), allowance)


def count(span: Tensor, cells: Cells, allowance: Allowance) -> None:
    """As `survey`, for a span already seen as cells."""
    inner = inner_frames(span)
    part = Strength(
        cells.strength.wish_db[:, inner],
        cells.strength.cap_db[:, inner],
        cells.strength.energy[:, inner] * SPECTRAL_ENERGY,
    )
    allowance.add(part, cells.direction[:, inner], float(middle(span).square().sum()))
    relative, change = written(cells, allowance.level(), 1.0)
    allowance.compare(
        expected=float((relative[:, inner].square() * part.energy).sum()),
        seen=float(middle(change[:, : span.shape[1]]).square().sum()),
    )


def mark_change(
    span: Tensor,
    start: int,
    codeword: Tensor,
    scale: float = 1.0,
    *,
    level: float = math.inf,
    network: StrengthNetwork | None = None,
) -> Change:
    """The change that writes `codeword` (pair, band) into a span.

    `span` (channel, time) holds EMBED_CONTEXT samples before `start` and as many after its end,
    zeros beyond the file; `start`, a multiple of HOP, is its place in the file at 16 kHz.
    `level`, which `Allowance` finds for a whole file, shares the change out among the cells; at
    infinity each has all that masking hides. `scale` multiplies every depth. `network` sets the
    depths instead of the analytic rule. All channels get the same gain: the stereo image stays.
    """
    cells = prepared(span, start, codeword, network)
    relative, change = written(cells, level, scale)
    noise_to_mask = relative.square() * cells.hidden.energy / cells.hidden.threshold
    return Change(middle(change[:, : span.shape[1]]), noise_to_mask[:, inner_frames(span)])


def written(cells: Cells, level: float, scale: float) -> tuple[Tensor, Tensor]:
    """Relative change of every cell (band, frame), and what that adds (channel, time)."""
    gain_db = cells.direction * cells.strength.depth_db(level) * scale
    relative = torch.pow(10.0, gain_db / 20) - 1
    return relative, overlap_add(cells.spectra * (band_members().to(relative).T @ relative))


def middle(samples: Tensor) -> Tensor:
    """Without the context on either side; (channel, time)."""
    return samples[:, EMBED_CONTEXT : samples.shape[1] - EMBED_CONTEXT]


def prepared(
    span: Tensor, start: int, codeword: Tensor, network: StrengthNetwork | None = None
) -> Cells:
    """See a span as cells; arguments as of `mark_change`. Without a network, analytic depths."""
    assert start % HOP == 0 and codeword.shape == (CODEWORD_PAIRS, BANDS)
    spectra = spectrum(torch.nn.functional.pad(span, (0, FFT_SIZE)))
    first_frame = (start - EMBED_CONTEXT + FFT_SIZE // 2) // HOP
    hidden = masking(torch.view_as_real(spectra).square().sum((0, -1)))
    steps = directions(codeword, first_frame, spectra.shape[2])
    if network is None:
        strengths = strength(hidden)
    else:
        strengths = learned_strength(network, hidden, steps, first_frame)
    return Cells(spectra, hidden, ramped(steps), strengths)


def inner_frames(span: Tensor) -> slice:
    """Those frames that are centred on the middle."""
    length = span.shape[1] - 2 * EMBED_CONTEXT
    return slice(EMBED_CONTEXT // HOP, (EMBED_CONTEXT + length) // HOP)


def directions(codeword: Tensor, first_frame: int, frames: int) -> Tensor:
    """+1 where a cell is raised, -1 where it is lowered; (band, frame)."""
    frame = torch.arange(first_frame, first_frame + frames)
    pair = torch.div(frame, PAIR_FRAMES, rounding_mode="floor") % CODEWORD_PAIRS
    raised_first = torch.div(frame, CELL_FRAMES, rounding_mode="floor") % 2 == 0
    return codeword[pair].T * torch.where(raised_first, 1.0, -1.0)


def ramped(direction: Tensor) -> Tensor:
    """Steps made gentle along time; (band, frame)."""
    ramp = torch.hann_window(_RAMP_FRAMES + 2, periodic=False, dtype=direction.dtype)[1:-1]
    reach = _RAMP_FRAMES // 2
    wide = torch.nn.functional.pad(direction[:, None], (reach, reach), mode="replicate")
    return torch.nn.functional.conv1d(wide, (ramp / ramp.sum())[None, None])[:, 0]
