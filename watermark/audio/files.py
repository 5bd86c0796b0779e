"""Audio files of any rate, channel count and length, read in bounded blocks, never as a whole."""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.audio.containers import (
    FORMAT_OF_SUFFIX,
    SNIFFED_BYTES,
    require_whole,
    sniff,
    states_its_length,
)
from watermark.audio.errors import (
    AudioClipped,
    AudioEmpty,
    AudioMislabelled,
    AudioSilent,
    AudioTooCostly,
    AudioTooLarge,
    AudioTooShort,
    AudioUnreadable,
)

Samples = npt.NDArray[np.float32]  # (time, channel), the order of soundfile

READ_FRAMES: Final = 1 << 16
SILENT_RMS: Final = 10 ** (-80 / 20)  # -80 dBFS: under the noise of 16-bit tape transfers
_CLIPPED_FROM: Final = 0.9999  # of full scale
_CLIPPED_SHARE_MAX: Final = 0.5
_MPEG_SLACK_FRAMES: Final = 2 * 1152  # encoders state their padding to within a frame or two


@dataclass(frozen=True)
class AudioLimits:
    """What is accepted. Durations in seconds at the file's own rate."""

    bytes_max: int = 512 * 1024 * 1024
    seconds_max: float = 2 * 3600.0
    seconds_min: float = 2.0
    channels_max: int = 8
    sample_rate_hz_min: int = 8_000
    sample_rate_hz_max: int = 192_000
    decode_seconds_max: float = 120.0  # of processor time, for one reading of the file


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

    def __init__(
        self,
        path: Path,
        limits: AudioLimits,
        *,
        name: str | None = None,
        arriving: bool = False,
    ) -> None:
        """Raises AudioEmpty, AudioTooLarge, AudioMislabelled or AudioUnreadable.

        `name` is what the giver called the file; it is compared with what the bytes are. Of a file
        that is still `arriving` nothing is expected to be whole: it can be heard, not judged.
        """
        self.path = path
        self.limits = limits
        self.name = name if name is not None else path.name
        self.container = self._check_container(self.name)
        if not arriving:
            require_whole(path, self.container)
        with self._open() as file:
            self.sample_rate_hz: int = file.samplerate
            self.channels: int = file.channels
            self.subtype: str = file.subtype
            self.frames_declared: int = file.frames
        self._check_header()
        self._first_frame = 0
        self._frames_wanted: int | None = None  # of an excerpt; None reads to the end

    def excerpt(self, first_frame: int, frames: int) -> AudioFile:
        """The same file, read from `first_frame` for at most `frames`, by seeking."""
        part = copy.copy(self)
        part._first_frame = first_frame
        part._frames_wanted = max(0, min(frames, self.frames_declared - first_frame))
        part.frames_declared = part._frames_wanted
        return part

    def blocks(self) -> Iterator[Samples]:
        """The samples in order, (time, channel), float32, full scale 1.

        Raises AudioUnreadable on NaN, infinity, a decoder failure or fewer samples than promised,
        AudioTooLarge when more is decoded than the limit allows, AudioTooCostly when that takes
        too long.
        """
        frames_max = int(self.limits.seconds_max * self.sample_rate_hz)
        frames, decode_seconds = 0, 0.0
        with self._open() as file:
            if self._first_frame:
                _seek(file, self._first_frame)
            while True:
                begun = time.thread_time()
                block = self._read(file, frames, self._frames_left(frames))
                decode_seconds += time.thread_time() - begun
                if not len(block):
                    break
                frames += len(block)
                if frames > frames_max:
                    raise AudioTooLarge(self._too_long())
                if decode_seconds > self.limits.decode_seconds_max:
                    raise AudioTooCostly(
                        f"decoding takes more than {self.limits.decode_seconds_max:g} s of "
                        "processor time; cut the file into parts"
                    )
                if not np.isfinite(block).all():
                    raise AudioUnreadable("the samples hold NaN or infinity; export the file again")
                yield block
        self._require_all(frames, self.frames_declared)

    def windows(self, first_frames: Iterable[int], frames: int) -> Iterator[Samples]:
        """Some short pieces, opened once and found by seeking; fewer frames only at the end.

        Raises AudioUnreadable as `blocks`.
        """
        with self._open() as file:
            for first in first_frames:
                _seek(file, min(first, self.frames_declared))
                piece = self._read(file, 0, frames)
                if not np.isfinite(piece).all():
                    raise AudioUnreadable("the samples hold NaN or infinity; export the file again")
                if first + frames <= self.frames_declared:
                    self._require_all(len(piece), frames)
                yield piece

    def examine(self) -> AudioFacts:
        """Read everything once.

        Raises AudioEmpty, AudioSilent, AudioClipped, AudioTooShort and as `blocks`.
        """
        digest, loudness = hashlib.sha256(), Loudness(self.channels)
        for block in self.blocks():
            digest.update(pcm_bytes(block))
            loudness.add(block)
        frames = loudness.frames
        loudness.require_audible(self)
        with self.path.open("rb") as file:
            file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return AudioFacts(
            sha256=file_sha256,
            pcm_sha256=digest.hexdigest(),
            frames=frames,
            sample_rate_hz=self.sample_rate_hz,
            channels=self.channels,
        )

    def _frames_left(self, frames: int) -> int:
        if self._frames_wanted is None:
            return READ_FRAMES
        return min(READ_FRAMES, self._frames_wanted - frames)

    def _read(self, file: soundfile.SoundFile, frames: int, wanted: int) -> Samples:
        try:
            block: Samples = file.read(wanted, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise AudioUnreadable(
                f"damaged or cut off: decoding stopped after {frames} frames; fetch it again"
            ) from error
        return block

    def _require_all(self, frames: int, promised: int) -> None:
        slack = _MPEG_SLACK_FRAMES if self.container == "mp3" else 0
        if frames + slack < promised and states_its_length(self.path, self.container):
            raise AudioUnreadable(
                f"cut off: {promised} frames promised, {frames} there; fetch it again"
            )

    def _open(self) -> soundfile.SoundFile:
        try:
            return soundfile.SoundFile(self.path)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise AudioUnreadable(
                "no decoder for this file; hand in WAV, FLAC, MP3, Ogg Vorbis or Opus"
            ) from error

    def _check_container(self, name: str) -> str:
        size = self.path.stat().st_size
        if size == 0:
            raise AudioEmpty("the file has no bytes; upload it again")
        if size > self.limits.bytes_max:
            raise AudioTooLarge(f"{size} bytes; the limit is {self.limits.bytes_max}")
        with self.path.open("rb") as file:
            found = sniff(file.read(SNIFFED_BYTES))
        promised = FORMAT_OF_SUFFIX.get(Path(name).suffix.lower())
        if found is None:
            raise AudioUnreadable(
                "the bytes are not audio we read; hand in WAV, FLAC, MP3, Ogg Vorbis or Opus"
            )
        if promised is not None and promised != found:
            raise AudioMislabelled(
                f"named {Path(name).suffix} but the bytes are {found}; rename it"
            )
        return found

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


class Loudness:
    """Gathers whether there is anything to hear in a file."""

    def __init__(self, channels: int) -> None:
        self.frames = 0
        self._sums = np.zeros(channels)
        self._squares = 0.0
        self._clipped = 0

    def add(self, block: Samples) -> None:
        """Count a block, (time, channel), full scale 1."""
        self.frames += len(block)
        self._sums += block.sum(0, dtype=np.float64)
        # Single precision would leave of a loud offset more than the faintest sound has.
        self._squares += float(np.square(block, dtype=np.float64).sum())
        self._clipped += int(np.count_nonzero(np.abs(block) >= _CLIPPED_FROM))

    def join(self, other: Loudness) -> None:
        """Count what another part of the same file held."""
        self.frames += other.frames
        self._sums += other._sums
        self._squares += other._squares
        self._clipped += other._clipped

    def require_audible(self, audio: AudioFile) -> None:
        """Raises AudioEmpty, AudioTooShort, AudioSilent or AudioClipped. An offset is no sound."""
        if self.frames == 0:
            raise AudioEmpty("the file holds no samples; export the recording again")
        if self.frames < audio.limits.seconds_min * audio.sample_rate_hz:
            raise AudioTooShort(
                f"{self.frames / audio.sample_rate_hz:.2f} s of audio; "
                f"at least {audio.limits.seconds_min:g} s are needed"
            )
        samples = self.frames * audio.channels
        of_offset = float(np.square(self._sums).sum()) / self.frames
        sounding = max(0.0, self._squares - of_offset)
        if (sounding / samples) ** 0.5 < SILENT_RMS:
            raise AudioSilent(
                "the file is silent (below -80 dBFS); check the channel and the level"
            )
        if self._clipped > _CLIPPED_SHARE_MAX * samples:
            raise AudioClipped(
                f"{100 * self._clipped // samples} % of the samples lie at full scale; "
                "export it at a lower level"
            )


def pcm_bytes(block: Samples) -> bytes:
    """Samples as interleaved little-endian 32-bit integers, the form whose digest we state."""
    scaled = np.rint(block.astype(np.float64) * 2.0**31)
    return np.clip(scaled, -(2.0**31), 2.0**31 - 1).astype("<i4").tobytes()


def _seek(file: soundfile.SoundFile, frame: int) -> None:
    try:
        file.seek(frame)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise AudioUnreadable("damaged or cut off: no way to its middle; fetch it again") from error
