"""Writes both marks into a copy of a file, under one allowance for the whole file.

A file is read twice: the first reading counts what marking would cost at every level, the second
writes at the level that leaves SNR_MIN_DB of signal over change. The presence layer keeps a lower
level of its own; the identity mark takes what is left. The change is made at 16 kHz and added to
the original samples at their own rate, so length, channels and all above 8 kHz stay as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from watermark.audio.errors import AudioUnmarkable
from watermark.audio.output import CopyWriter
from watermark.audio.waveform import AudioFile, Samples, at_16_khz, in_step, resampled, spans
from watermark.identity.cells import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from watermark.identity.embedder import EMBED_CONTEXT, mark_change, survey
from watermark.identity.strength import Allowance
from watermark.presence.opinion import PresenceLayer

SNR_MIN_DB: Final = 28.0
_SNR_AIMED_DB: Final = 28.3  # leaves room for rounding to 16 bits and clipping
_WRITES_MAX: Final = 4
_LOWER: Final = 0.9  # of both layers, each time a written copy misses SNR_MIN_DB
_PRESENCE_SHARE_MAX: Final = 0.3  # of the energy that may be added


@dataclass
class Tally:
    """Sums gathered while a copy was written."""

    signal: float = 0.0
    change: float = 0.0
    mask_log_sum: float = 0.0
    masked: int = 0
    cells: int = 0

    @property
    def snr_db(self) -> float:
        if self.change == 0:
            return math.inf
        return 10 * math.log10(max(self.signal, 1e-30) / self.change)


@dataclass(frozen=True)
class Shares:
    """How the allowance is shared out: the identity mark's level, and what each is scaled by."""

    level: float
    identity: float = 1.0
    presence: float = 1.0


def write_marked(
    audio: AudioFile,
    codeword: Tensor,
    destination: Path,
    presence: PresenceLayer | None,
    *,
    frames: int,
    progress: Callable[[float], None],
) -> Tally:
    """Write a copy that keeps SNR_MIN_DB. Raises AudioRefused kinds, AudioUnmarkable."""

    def at(first: float, last: float) -> Callable[[int], None]:
        return lambda done: progress(first + (last - first) * min(done / max(frames, 1), 1.0))

    shares = _shared_out(audio, codeword, presence, at(0.0, 0.4))
    for _ in range(_WRITES_MAX):
        tally = Tally()
        changes = resampled(
            _changes_at_16_khz(audio, codeword, presence, shares, tally),
            SAMPLE_RATE_HZ,
            audio.sample_rate_hz,
            audio.channels,
        )
        with CopyWriter(audio, destination) as copy:
            for host, change in in_step(audio.blocks(), changes, at(0.4, 0.9)):
                written = copy.write(host.astype(np.float64) + change)
                tally.signal += _energy(host)
                tally.change += _energy(written - host)
        if tally.snr_db >= SNR_MIN_DB:
            return tally
        shares = replace(
            shares, identity=_LOWER * shares.identity, presence=_LOWER * shares.presence
        )
    raise AudioUnmarkable(
        f"no copy keeps {SNR_MIN_DB:g} dB of signal over change; the level is too low"
    )


def _shared_out(
    audio: AudioFile,
    codeword: Tensor,
    presence: PresenceLayer | None,
    keep: Callable[[int], None],
) -> Shares:
    """Count what both layers cost and share out what the aim leaves."""
    allowance = Allowance(_SNR_AIMED_DB)
    second = 0.0
    for start, host in _spans_at_16_khz(audio):
        with torch.inference_mode():
            survey(host, start, codeword, allowance)
            if presence is not None:
                second += float(presence.embed(host)[:, _inner(host)].square().sum())
        keep(int((start + BLOCK_SAMPLES) * audio.sample_rate_hz / SAMPLE_RATE_HZ))
    allowed = allowance.host * 10 ** (-_SNR_AIMED_DB / 10)
    granted = min(second, _PRESENCE_SHARE_MAX * allowed)
    return Shares(
        level=allowance.level(allowed - granted),
        presence=math.sqrt(granted / max(second, 1e-30)),
    )


def _changes_at_16_khz(
    audio: AudioFile,
    codeword: Tensor,
    presence: PresenceLayer | None,
    shares: Shares,
    tally: Tally,
) -> Iterator[Samples]:
    """What both layers add, in order; (time, channel)."""
    for start, host in _spans_at_16_khz(audio):
        with torch.inference_mode():
            change = mark_change(host, start, codeword, shares.identity, level=shares.level)
            total = change.samples
            if presence is not None:
                total = total + shares.presence * presence.embed(host)[:, _inner(host)]
        ratio_db = 10 * torch.log10(change.noise_to_mask.clamp_min(1e-12))
        tally.mask_log_sum += float(ratio_db.sum())
        tally.masked += int((ratio_db < 0).sum())
        tally.cells += ratio_db.numel()
        yield np.ascontiguousarray(total.numpy().T)


def _spans_at_16_khz(audio: AudioFile) -> Iterator[tuple[int, Tensor]]:
    stream = at_16_khz(audio)
    for span in spans(stream, audio.channels, length=BLOCK_SAMPLES, context=EMBED_CONTEXT):
        yield span.start, torch.from_numpy(span.samples)


def _inner(host: Tensor) -> slice:
    return slice(EMBED_CONTEXT, host.shape[1] - EMBED_CONTEXT)


def _energy(samples: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))
