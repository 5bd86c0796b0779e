"""Cuts the evidence of a file into the windows that are searched.

Every block of 16 s, every two neighbours together, and the whole file folded onto one codeword
are searched in any case. Windows of 8 s, one every 4 s, are for marks that fill only part of a
block; those are searched only where their own sync chips stand out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from watermark.audio.waveform import AudioFile, Samples, resampled, spans
from watermark.identity.cells import BLOCK_SAMPLES, CODEWORD_PAIRS, SAMPLE_RATE_HZ
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.geometry import STRAIGHT, Geometry

SHORT_SYNC_Z_MIN: Final = 4.2  # chance brings one short window in a hundred this far
_CANCELLED: Final = 0.2  # of the channels' mean energy
_SHORT_PAIRS: Final = CODEWORD_PAIRS // 2
_SHORT_HOP: Final = CODEWORD_PAIRS // 4
_SHORT_PER_BLOCK: Final = 4


class Evidence(Protocol):
    """Turns a span into evidence; the classical `block_evidence` or a trained network."""

    def __call__(self, span: Tensor, hop_ratio: float = 1.0) -> Tensor: ...


@dataclass(frozen=True)
class Window:
    """A stretch of a file folded onto one codeword; (pair, band, phase)."""

    evidence: Tensor
    sync_z_min: float = -torch.inf  # alignments below it are not tried


def evidence_blocks(
    audio: AudioFile, *, geometry: Geometry = STRAIGHT, evidence: Evidence = block_evidence
) -> Iterator[Tensor]:
    """The evidence of each 16 s of a file, in order; (pair, band, phase)."""
    rate_hz = audio.sample_rate_hz / geometry.pitch
    stream = resampled(mixed(audio.blocks()), rate_hz, SAMPLE_RATE_HZ, 1)
    length = round(BLOCK_SAMPLES * geometry.hop_ratio)
    context = round(EVIDENCE_CONTEXT * geometry.hop_ratio)
    with torch.inference_mode():
        for span in spans(stream, 1, length=length, context=context):
            yield evidence(torch.from_numpy(span.samples), geometry.hop_ratio)


def mixed(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """One channel that holds the mark; (time, channel) -> (time, 1).

    All channels carry the same gains, so their mean does too, at a fraction of the cost of reading
    each. Where they cancel - one turned over, or a side signal - the loudest stands for all.
    """
    for block in blocks:
        channels = block.shape[1]
        products = block.T @ block  # every pair of channels: all energies from one fast product
        energies = products.diagonal()
        if float(products.mean()) < _CANCELLED * float(energies.mean()):
            loudest = int(energies.argmax())
            yield block[:, loudest : loudest + 1]
        else:
            yield block @ np.full((channels, 1), 1 / channels, np.float32)


def windows_of(blocks: Iterator[Tensor]) -> Iterator[tuple[int, Window]]:
    """All windows of a file with the number of blocks read so far."""
    whole: Tensor | None = None
    previous: Tensor | None = None
    count = 0
    for block in blocks:
        count += 1
        yield count, Window(block)
        for first in (0, _SHORT_HOP, CODEWORD_PAIRS - _SHORT_PAIRS):
            yield count, Window(_cut(block, first, first + _SHORT_PAIRS), SHORT_SYNC_Z_MIN)
        if previous is not None:
            yield count, Window(previous + block)
            across = _cut(previous, CODEWORD_PAIRS - _SHORT_HOP, CODEWORD_PAIRS)
            yield count, Window(across + _cut(block, 0, _SHORT_HOP), SHORT_SYNC_Z_MIN)
        whole = block if whole is None else whole + block
        previous = block
    if whole is not None and count > 2:
        yield count, Window(whole)


def block_count(audio: AudioFile, geometry: Geometry = STRAIGHT) -> int:
    """Blocks that a file's header promises."""
    samples = audio.frames_declared * SAMPLE_RATE_HZ / audio.sample_rate_hz * geometry.tempo
    return max(1, -(-int(samples) // BLOCK_SAMPLES))


def window_count(blocks: int) -> int:
    """How many windows `windows_of` makes of that many blocks."""
    return 2 * blocks - 1 + (blocks > 2) + _SHORT_PER_BLOCK * blocks - 1


def _cut(block: Tensor, first: int, past_last: int) -> Tensor:
    kept = torch.zeros_like(block)
    kept[first:past_last] = block[first:past_last]
    return kept
