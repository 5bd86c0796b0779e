"""Sound as bounded streams: at another rate, in spans, two side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr

from watermark.audio.containers import sniff
from watermark.audio.files import (
    READ_FRAMES,
    AudioFacts,
    AudioFile,
    AudioLimits,
    Samples,
    pcm_bytes,
)

__all__ = [
    "READ_FRAMES",
    "AudioFacts",
    "AudioFile",
    "AudioLimits",
    "Samples",
    "Span",
    "at_16_khz",
    "in_step",
    "pcm_bytes",
    "resampled",
    "sniff",
    "spans",
]

MARK_RATE_HZ: Final = 16_000  # the rate of the cells; reading audio needs no torch, cells do


def resampled(
    blocks: Iterable[Samples], from_hz: float, to_hz: float, channels: int
) -> Iterator[Samples]:
    """The same sound at another rate, streamed, with no delay and no drift."""
    if from_hz == to_hz:
        yield from blocks
        return
    stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32")
    for block in blocks:
        yield _two_dimensional(stream.resample_chunk(block), channels)
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    yield _two_dimensional(rest, channels)


def at_16_khz(audio: AudioFile, *, speed: float = 1.0) -> Iterator[Samples]:
    """A file at the rate of the mark. `speed` 1.02 undoes a copy played 2 % too fast."""
    return resampled(audio.blocks(), audio.sample_rate_hz / speed, MARK_RATE_HZ, audio.channels)


@dataclass(frozen=True)
class Span:
    """A piece of a longer sound together with what lies around it.

    `samples` (channel, time) begins `context` before `start` and ends `context` after
    `start + length`; beyond the ends of the sound it is zero.
    """

    start: int
    length: int
    context: int
    samples: Samples


def spans(blocks: Iterable[Samples], channels: int, *, length: int, context: int) -> Iterator[Span]:
    """Cut a stream into spans of `length` samples (the last one shorter), in order."""
    pending: Samples = np.zeros((context, channels), np.float32)
    start = 0
    for block in blocks:
        pending = np.concatenate((pending, block))
        while len(pending) >= context + length + context:
            yield Span(start, length, context, _planes(pending[: 2 * context + length]))
            pending = pending[length:]
            start += length
    pending = np.concatenate((pending, np.zeros((context, channels), np.float32)))
    while (left := len(pending) - 2 * context) > 0:
        taken = min(left, length)
        yield Span(start, taken, context, _planes(pending[: 2 * context + taken]))
        pending = pending[taken:]
        start += taken


def in_step(
    first: Iterable[Samples], second: Iterable[Samples], keep: Callable[[int], None] | None = None
) -> Iterator[tuple[Samples, Samples]]:
    """Walk two streams side by side in equal pieces; the second is cut or zero-filled to fit.

    `keep` is told how many frames have passed, for progress.
    """
    pieces = iter(second)
    held: Samples | None = None
    passed = 0
    for block in first:
        parts: list[Samples] = [] if held is None else [held]
        have = 0 if held is None else len(held)
        while have < len(block) and (piece := next(pieces, None)) is not None:
            parts.append(piece)
            have += len(piece)
        missing = len(block) - have
        if missing > 0:
            parts.append(np.zeros((missing, block.shape[1]), np.float32))
        together = np.concatenate(parts)
        held = together[len(block) :]
        passed += len(block)
        yield block, together[: len(block)]
        if keep is not None:
            keep(passed)


def _two_dimensional(block: Samples, channels: int) -> Samples:
    return block.reshape(-1, channels)


def _planes(block: Samples) -> Samples:
    return np.ascontiguousarray(block.T)
