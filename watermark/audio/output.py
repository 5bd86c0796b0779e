"""How a marked copy is written: at the rate, channels and depth of what came in.

FLAC holds whole numbers of up to 24 bits here. What it cannot hold, 32-bit integers and floating
point, goes out as WAV, or RF64 when it would pass 4 GiB. Coded sources (MP3, Vorbis, Opus, A-law,
mu-law) have no depth of their own and go out with 16 bits. Samples are computed in 32-bit floating
point, so the lowest byte of a 32-bit integer recording is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.audio.files import AudioFile

_BITS_OF_SUBTYPE: Final = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_FLOATING: Final = {"FLOAT", "DOUBLE"}
_CODED_BITS: Final = 16
_FLAC_BITS_MAX: Final = 24
_INT_BITS: Final = 32
_WAV_BYTES_MAX: Final = (1 << 32) - (1 << 16)  # the header and other chunks count too


@dataclass(frozen=True)
class OutputFormat:
    """A container and a depth; `bits` None is 32-bit floating point."""

    container: str
    bits: int | None

    @property
    def subtype(self) -> str:
        if self.bits is None:
            return "FLOAT"
        return "PCM_S8" if self.bits == 8 else f"PCM_{self.bits}"

    @property
    def suffix(self) -> str:
        return ".flac" if self.container == "FLAC" else ".wav"

    @property
    def media_type(self) -> str:
        return media_type_of(self.suffix)


def output_format(audio: AudioFile) -> OutputFormat:
    """The format in which a marked copy of `audio` loses nothing of its depth."""
    bits = None if audio.subtype in _FLOATING else _BITS_OF_SUBTYPE.get(audio.subtype, _CODED_BITS)
    if bits is not None and bits <= _FLAC_BITS_MAX:
        return OutputFormat("FLAC", bits)
    size = audio.frames_declared * audio.channels * _INT_BITS // 8
    return OutputFormat("RF64" if size > _WAV_BYTES_MAX else "WAV", bits)


def media_type_of(suffix: str) -> str:
    """What a copy with this suffix is called over HTTP."""
    return "audio/flac" if suffix == ".flac" else "audio/wav"


class CopyWriter:
    """Writes a copy; a context manager."""

    def __init__(self, audio: AudioFile, destination: Path) -> None:
        self.format = output_format(audio)
        self._file = soundfile.SoundFile(
            destination,
            "w",
            samplerate=audio.sample_rate_hz,
            channels=audio.channels,
            format=self.format.container,
            subtype=self.format.subtype,
        )

    def write(self, samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Write (time, channel), full scale 1; what a reader will get: rounded, and clipped."""
        if self.format.bits is None:
            single = samples.astype(np.float32)
            self._file.write(single)
            return single.astype(np.float64)
        full_scale = 2.0 ** (self.format.bits - 1)
        steps = np.clip(np.rint(samples * full_scale), -full_scale, full_scale - 1)
        self._file.write(steps.astype(np.int32) << (_INT_BITS - self.format.bits))
        return steps / full_scale

    def __enter__(self) -> CopyWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
