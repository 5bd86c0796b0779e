"""How much a few seconds look like marked audio: the keyed sync chips, whatever the id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor

from watermark.audio.files import AudioFile, Loudness, Samples
from watermark.audio.waveform import MARK_RATE_HZ
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import Codebook
from watermark.identity.evidence import (
    cell_levels_db,
    classical_evidence,
    energies,
    local_spread_db,
    pair_differences_db,
)
from watermark.identity.sync import sync_z
from watermark.identity.windows import mixed
from watermark.scanning.stretches import Stretch

GATE_Z: Final = 4.2  # chance brings one window in a hundred this far
SURE_Z: Final = 6.0  # and one in a million this far

Mono = npt.NDArray[np.float32]  # (time,)


def sync_scores(windows: Sequence[Mono], books: Sequence[Codebook]) -> list[float]:
    """The best sync z of each window over all keys and alignments; 16 s at 16 kHz at most each."""
    with torch.inference_mode():
        evidence = torch.stack([_evidence(window) for window in windows])
        scores: list[float] = (
            torch.stack([sync_z(book, evidence).amax(1) for book in books]).amax(0).tolist()
        )
    return scores


def taste(audio: AudioFile, tastes: Sequence[Stretch]) -> Iterator[tuple[Mono, Loudness]]:
    """Each window at 16 kHz, one channel, and how loud. Raises AudioRefused kinds."""
    rate_hz = audio.sample_rate_hz
    starts = [int(one.start * rate_hz) for one in tastes]
    frames = int(tastes[0].seconds * rate_hz)
    for block in audio.windows(starts, frames):
        loudness = Loudness(audio.channels)
        loudness.add(block)
        yield _at_mark_rate(block, rate_hz), loudness


def _at_mark_rate(block: Samples, rate_hz: int) -> Mono:
    one = np.ascontiguousarray(next(mixed([block], rate_hz))[:, 0])
    if rate_hz == MARK_RATE_HZ:
        return one
    at_rate = soxr.resample(one, rate_hz, MARK_RATE_HZ)
    return np.asarray(at_rate, np.float32)


def _evidence(window: Mono) -> Tensor:
    """The evidence of one window, silence after it; (pair, band, phase)."""
    energy = energies(torch.from_numpy(window)[None])
    difference_db = pair_differences_db(cell_levels_db(energy))
    held = torch.ones(difference_db.shape[1])
    spread_db = local_spread_db(difference_db, held)
    starts = classical_evidence(difference_db, spread_db, held)
    pairs = min(starts.shape[1] // PHASES, CODEWORD_PAIRS)
    folded = torch.zeros(CODEWORD_PAIRS, BANDS, PHASES)
    folded[:pairs] = starts[:, : pairs * PHASES].reshape(BANDS, pairs, PHASES).permute(1, 0, 2)
    return folded
