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
import numpy.typing as npt
import torch
from torch import Tensor

from watermark.audio.waveform import AudioFile, Samples, resampled, spans
from watermark.identity.cells import (
    BAND_EDGES,
    BLOCK_SAMPLES,
    CODEWORD_PAIRS,
    FFT_SIZE,
    SAMPLE_RATE_HZ,
)
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.geometry import STRAIGHT, Geometry

_BLOCKS_KEPT: Final = 40  # of 80 kB: the parts that scans read, and most recordings
LONG_FILE_BLOCKS: Final = 8  # two minutes; longer files have many windows to be found in
LONG_SYNC_Z_MIN: Final = 3.6  # a mark that can be named brings 4.3 on average; chance one in six
SHORT_SYNC_Z_MIN: Final = 4.2  # chance brings one short window in a hundred this far
_ALIKE: Final = 0.8  # what their mean keeps of the channels' energy, that it may stand for them
_SKEW_SECONDS: Final = 0.0003  # short against a frame: a comb, which the mark does not mind
_SEGMENT: Final = 1024  # samples of one look at the band of the mark
_MARK_BAND_HZ: Final = tuple(
    edge * SAMPLE_RATE_HZ / FFT_SIZE for edge in (BAND_EDGES[0], BAND_EDGES[-1])
)
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
    stream = resampled(mixed(audio.blocks(), rate_hz), rate_hz, SAMPLE_RATE_HZ, 1)
    length = round(BLOCK_SAMPLES * geometry.hop_ratio)
    context = round(EVIDENCE_CONTEXT * geometry.hop_ratio)
    with torch.inference_mode():
        for span in spans(stream, 1, length=length, context=context):
            yield evidence(torch.from_numpy(span.samples), geometry.hop_ratio)


class BlocksOfFile:
    """The evidence of a file, block by block; of a file of few blocks a second time from memory."""

    def __init__(self, audio: AudioFile, evidence: Evidence) -> None:
        self._audio = audio
        self._evidence = evidence
        self._kept: dict[Geometry, list[Tensor]] = {}

    def read(self, geometry: Geometry) -> Iterator[Tensor]:
        """As `evidence_blocks`."""
        kept: list[Tensor] = []
        few = block_count(self._audio, geometry) <= _BLOCKS_KEPT
        for block in evidence_blocks(self._audio, geometry=geometry, evidence=self._evidence):
            if few:
                kept.append(block.to(torch.bfloat16))
            yield block
        if few:
            self._kept[geometry] = kept

    def again(self, geometry: Geometry) -> Iterable[Tensor]:
        """The same blocks once more, those from memory in bfloat16."""
        return self._kept.get(geometry) or self.read(geometry)


def mixed(blocks: Iterable[Samples], rate_hz: float) -> Iterator[Samples]:
    """One channel that holds the mark; (time, channel) -> (time, 1).

    All channels carry the same gains, so their mean does too, at a fraction of the cost of reading
    each. Channels that differ, or cancel, are added a third of a millisecond apart: then neither a
    channel turned over nor a stranger in one of them leaves less of the mark than it must. What
    counts is the band of the mark: a rumble or a tone that nobody hears would hide the difference.
    """
    skew = max(1, round(_SKEW_SECONDS * rate_hz))
    before: Samples | None = None  # the end of the previous block
    for block in blocks:
        channels = block.shape[1]
        reach = skew * (channels - 1)
        if before is None:
            before = np.zeros((reach, channels), np.float32)
        joined = np.concatenate((before, block))
        before = joined[len(joined) - reach :]
        products = _products_in_band(block, rate_hz) if channels > 1 else np.ones((1, 1))
        alike = float(products.mean()) >= _ALIKE * float(products.diagonal().mean())
        whole = np.zeros((len(block), 1), np.float32)
        for channel in range(channels):
            first = reach - (0 if alike else skew * channel)
            whole += joined[first : first + len(block), channel : channel + 1]
        yield whole / np.float32(channels)


def _products_in_band(block: Samples, rate_hz: float) -> npt.NDArray[np.float64]:
    """Products of every pair of channels between the lowest and highest band; (channel, channel).

    One segment in four is heard.
    """
    segment = min(len(block), _SEGMENT)
    parts = block[: len(block) // segment * segment].reshape(-1, segment, block.shape[1])[::4]
    spectra = np.fft.rfft(parts * np.hanning(segment).astype(np.float32)[:, None], axis=1)
    low, high = (round(edge * segment / rate_hz) for edge in _MARK_BAND_HZ)
    heard = spectra[:, low : high + 1].reshape(-1, block.shape[1])
    products: npt.NDArray[np.float64] = (heard.conj().T @ heard).real.astype(np.float64)
    return products


def windows_of(
    blocks: Iterator[Tensor], sync_z_min: float = -torch.inf
) -> Iterator[tuple[int, Window]]:
    """All windows of a file with the number of blocks read so far.

    `sync_z_min` holds for whole blocks and pairs; short windows keep at least their own, and the
    whole file is always searched.
    """
    short_z_min = max(SHORT_SYNC_Z_MIN, sync_z_min)
    whole: Tensor | None = None
    previous: Tensor | None = None
    count = 0
    for block in blocks:
        count += 1
        yield count, Window(block, sync_z_min)
        for first in (0, _SHORT_HOP, CODEWORD_PAIRS - _SHORT_PAIRS):
            yield count, Window(_cut(block, first, first + _SHORT_PAIRS), short_z_min)
        if previous is not None:
            yield count, Window(previous + block, sync_z_min)
            across = _cut(previous, CODEWORD_PAIRS - _SHORT_HOP, CODEWORD_PAIRS)
            yield count, Window(across + _cut(block, 0, _SHORT_HOP), short_z_min)
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
