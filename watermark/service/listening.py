"""Hears a recording while it arrives: 16 s at a time, with the 16 s before, in bounded memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from watermark.audio.errors import AudioEmpty, AudioUnreadable
from watermark.audio.examination import PartWanted
from watermark.audio.files import READ_FRAMES, AudioFile, AudioLimits, Samples
from watermark.audio.waveform import MARK_RATE_HZ
from watermark.detection import Identity
from watermark.identity.detector import IdentityReading
from watermark.service.workbench import Workbench

STEP_SECONDS: Final = 16.0  # one codeword
_HELD_SECONDS: Final = 2 * STEP_SECONDS
_FIRST_FRAMES: Final = 1 << 14  # a first look, to learn rate and channels


@dataclass(frozen=True)
class Heard:
    """What the newest part of the recording shows, `from_seconds` to `to_seconds`."""

    from_seconds: float
    to_seconds: float
    identities: tuple[Identity, ...]
    threshold_z: float


class HeldSound(AudioFile):
    """Samples at 16 kHz in memory, in the form in which files are searched."""

    def __init__(self, samples: Samples, limits: AudioLimits) -> None:
        """`samples` is (time, channel)."""
        self.limits = limits
        self.name = self.container = "held"
        self.sample_rate_hz = MARK_RATE_HZ
        self.frames_declared, self.channels = samples.shape
        self._samples = samples

    def blocks(self) -> Iterator[Samples]:
        """The samples, in pieces."""
        for first in range(0, len(self._samples), READ_FRAMES):
            yield self._samples[first : first + READ_FRAMES]


class Listener:
    """Follows one growing file; `listen` is called whenever more of it may be there."""

    def __init__(self, workbench: Workbench, path: Path) -> None:
        self._workbench = workbench
        self._path = path
        self._frames = 0  # decoded so far, at the file's own rate
        self._rate_hz = 0
        self._stream: soxr.ResampleStream | None = None
        self._held: Samples = np.zeros((0, 1), np.float32)  # the newest 32 s at most
        self._end = 0  # samples at 16 kHz since the beginning, held or not
        self._heard_to = 0

    def listen(self) -> Heard | None:
        """Decode what is new until 16 s more are complete; what they show, or None if too little.

        Raises AudioRefused kinds for bytes that are no audio, AudioTooLarge over the limits.
        """
        step = int(STEP_SECONDS * MARK_RATE_HZ)
        while self._end - self._heard_to < step:
            try:
                fresh = self._decoded()
            except (AudioEmpty, AudioUnreadable):
                if self._frames:
                    raise
                return None  # not even the header is there yet
            if not len(fresh):
                return None
            self._hold(fresh)
        self._heard_to = self._end
        reading = self._read()
        first = (self._end - len(self._held)) / MARK_RATE_HZ
        return Heard(
            round(first, 1),
            round(self._end / MARK_RATE_HZ, 1),
            reading.identities,
            reading.threshold_z,
        )

    def _decoded(self) -> Samples:
        frames = int(STEP_SECONDS * self._rate_hz) or _FIRST_FRAMES
        into = self._path.with_name(f"{secrets.token_hex(12)}.part")
        try:
            part = self._workbench.examiner.decode(
                self._path,
                self._workbench.settings.limits,
                PartWanted(self._frames, frames, into),
            )
            fresh: Samples = np.fromfile(into, "<f4").reshape(-1, part.channels)
        finally:
            into.unlink(missing_ok=True)
        self._frames += len(fresh)
        self._rate_hz = part.sample_rate_hz
        return fresh

    def _hold(self, fresh: Samples) -> None:
        channels = fresh.shape[1]
        if self._stream is None:
            self._stream = soxr.ResampleStream(
                self._rate_hz, MARK_RATE_HZ, channels, dtype="float32"
            )
            self._held = np.zeros((0, channels), np.float32)
        more = self._stream.resample_chunk(fresh).reshape(-1, channels)
        self._end += len(more)
        held = np.concatenate((self._held, more))
        self._held = held[-int(_HELD_SECONDS * MARK_RATE_HZ) :]

    def _read(self) -> IdentityReading:
        self._workbench.refresh()
        sound = HeldSound(self._held, self._workbench.settings.limits)
        return self._workbench.marker.reader.read(sound, seek_geometry=False)
