"""Audio files of any rate, channel count and length, read in bounded blocks, never as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from watermark.audio.errors import (
    AudioEmpty,
    AudioMislabelled,
    AudioSilent,
    AudioTooLarge,
    AudioTooShort,
    AudioUnreadable,
)
from watermark.identity.cells import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float32]  # (time, channel), the order of soundfile

READ_FRAMES: Final = 1 << 16
_SILENT_RMS: Final = 10 ** (-80 / 20)  # -80 dBFS: under the noise of 16-bit tape transfers
_SNIFFED_BYTES: Final = 16
_FORMAT_OF_SUFFIX: Final = {
    ".wav": "wav",
    ".wave": "wav",
    ".flac": "flac",
    ".ogg": "ogg",
    ".oga": "ogg",
    ".opus": "ogg",
    ".mp3": "mp3",
}


@dataclass(frozen=True)
class AudioLimits:
    """What is accepted. Durations in seconds at the file's own rate."""

    bytes_max: int = 512 * 1024 * 1024
    seconds_max: float = 2 * 3600.0
    seconds_min: float = 2.0
    channels_max: int = 8
    sample_rate_hz_min: int = 8_000
    sample_rate_hz_max: int = 192_000


@dataclass(frozen=True)
class AudioFacts:
    """Known only after every sample was read."""

    sha256: str  # of the file
    pcm_sha256: str  # of the decoded samples: interleaved little-endian 32-bit integers
    frames: int
    sample_rate_hz: int
    channels: int

    @property
    def duration_ms(self) -> int:
        return self.frames * 1000 // self.sample_rate_hz


class AudioFile:
    """An audio file whose header was checked; `blocks` may be read any number of times."""

    def __init__(self, path: Path, limits: AudioLimits, *, name: str | None = None) -> None:
        """Raises AudioEmpty, AudioTooLarge, AudioMislabelled or AudioUnreadable.

        `name` is what the giver called the file; it is compared with what the bytes are.
        """
        self.path = path
        self.limits = limits
        self._check_container(name if name is not None else path.name)
        with self._open() as file:
            self.sample_rate_hz: int = file.samplerate
            self.channels: int = file.channels
            self.subtype: str = file.subtype
            self.frames_declared: int = file.frames
        self._check_header()

    def blocks(self) -> Iterator[Samples]:
        """The samples in order, (time, channel), float32, full scale 1.

        Raises AudioUnreadable on NaN, infinity or a decoder failure, AudioTooLarge when more
        is decoded than the header promised and the limit allows.
        """
        frames_max = int(self.limits.seconds_max * self.sample_rate_hz)
        frames = 0
        with self._open() as file:
            while True:
                try:
                    block: Samples = file.read(READ_FRAMES, dtype="float32", always_2d=True)
                except (soundfile.SoundFileError, RuntimeError) as error:
                    raise AudioUnreadable(f"decoding stopped after {frames} frames") from error
                if not len(block):
                    return
                frames += len(block)
                if frames > frames_max:
                    raise AudioTooLarge(self._too_long())
                if not np.isfinite(block).all():
                    raise AudioUnreadable("the samples hold NaN or infinity; export the file again")
                yield block

    def examine(self) -> AudioFacts:
        """Read everything once. Raises AudioEmpty, AudioSilent, AudioTooShort and as `blocks`."""
        digest, frames, energy = hashlib.sha256(), 0, 0.0
        for block in self.blocks():
            digest.update(pcm_bytes(block))
            frames += len(block)
            energy += float(np.sum(block.astype(np.float64) ** 2))
        if frames == 0:
            raise AudioEmpty("the file holds no samples; export the recording again")
        if frames < self.limits.seconds_min * self.sample_rate_hz:
            raise AudioTooShort(
                f"{frames / self.sample_rate_hz:.2f} s of audio; "
                f"at least {self.limits.seconds_min:g} s are needed"
            )
        if (energy / (frames * self.channels)) ** 0.5 < _SILENT_RMS:
            raise AudioSilent(
                "the file is silent (below -80 dBFS); check the channel and the level"
            )
        with self.path.open("rb") as file:
            file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return AudioFacts(
            sha256=file_sha256,
            pcm_sha256=digest.hexdigest(),
            frames=frames,
            sample_rate_hz=self.sample_rate_hz,
            channels=self.channels,
        )

    def _open(self) -> soundfile.SoundFile:
        try:
            return soundfile.SoundFile(self.path)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise AudioUnreadable(
                "no decoder for this file; hand in WAV, FLAC, MP3, Ogg Vorbis or Opus"
            ) from error

    def _check_container(self, name: str) -> None:
        size = self.path.stat().st_size
        if size == 0:
            raise AudioEmpty("the file has no bytes; upload it again")
        if size > self.limits.bytes_max:
            raise AudioTooLarge(f"{size} bytes; the limit is {self.limits.bytes_max}")
        with self.path.open("rb") as file:
            found = sniff(file.read(_SNIFFED_BYTES))
        promised = _FORMAT_OF_SUFFIX.get(Path(name).suffix.lower())
        if found is None:
            raise AudioUnreadable(
                "the bytes are not audio we read; hand in WAV, FLAC, MP3, Ogg Vorbis or Opus"
            )
        if promised is not None and promised != found:
            raise AudioMislabelled(
                f"named {Path(name).suffix} but the bytes are {found}; rename it"
            )

    def _check_header(self) -> None:
        limits = self.limits
        if self.channels > limits.channels_max:
            raise AudioTooLarge(f"{self.channels} channels; at most {limits.channels_max}")
        if not limits.sample_rate_hz_min <= self.sample_rate_hz <= limits.sample_rate_hz_max:
            raise AudioTooLarge(
                f"sample rate {self.sample_rate_hz} Hz; accepted are "
                f"{limits.sample_rate_hz_min} to {limits.sample_rate_hz_max} Hz"
            )
        # MP3 headers may overstate, so a margin; `blocks` enforces the limit itself.
        if self.frames_declared > 2 * limits.seconds_max * self.sample_rate_hz:
            raise AudioTooLarge(self._too_long())

    def _too_long(self) -> str:
        return f"longer than {self.limits.seconds_max:g} s; cut it into parts"


def sniff(head: bytes) -> str | None:
    """The container a file's first bytes announce: wav, flac, ogg, mp3, or None."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    # An MPEG audio frame: eleven sync bits, then a version and a layer that are not reserved.
    frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
    return "mp3" if head[:3] == b"ID3" or frame else None


def pcm_bytes(block: Samples) -> bytes:
    """Samples as interleaved little-endian 32-bit integers, the form whose digest we state."""
    scaled = np.rint(block.astype(np.float64) * 2.0**31)
    return np.clip(scaled, -(2.0**31), 2.0**31 - 1).astype("<i4").tobytes()


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
    return resampled(audio.blocks(), audio.sample_rate_hz / speed, SAMPLE_RATE_HZ, audio.channels)


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
