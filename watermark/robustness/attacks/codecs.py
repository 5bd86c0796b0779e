"""Real encoders: MP3, AAC and Opus at exact bit rates and telephone codecs by FFmpeg through PyAV,

Vorbis by libvorbis through soundfile. What comes out is what a player would decode: the delays of
MP3, AAC and Opus are trimmed as their containers say (measured: 0 samples); G.722 leaves 22 and
AMR 40 samples. All bit rates are of the whole stream, not of each channel.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
import soxr

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, AttackUnavailable, Sound, Specimen

try:
    import av
    from av.audio.stream import AudioStream
    from av.error import FFmpegError
except ImportError:
    av = None  # type: ignore[assignment]

_FRAME_SAMPLES: Final = 1024  # for encoders that take any length


@dataclass(frozen=True)
class Encoder:
    """An FFmpeg encoder with its container, the rate it is fed, and what it is told."""

    codec: str
    container: str
    rate_hz: int
    kbps: float
    options: tuple[tuple[str, str], ...] = ()
    mono: bool = False


def mp3(kbps: float) -> Apply:
    """Constant bit rate by LAME, at the sample rates its own front end chooses for such rates."""
    rate_hz = 44_100 if kbps >= 64 else 22_050 if kbps >= 32 else 16_000
    return encoded(Encoder("libmp3lame", "mp3", rate_hz, kbps))


def aac(kbps: float) -> Apply:
    """AAC-LC in MP4."""
    rate_hz = 44_100 if kbps >= 48 else 22_050
    return encoded(Encoder("aac", "ipod", rate_hz, kbps))


def opus(kbps: float, *, complexity: int = 10) -> Apply:
    """Constant bit rate by libopus. Under 4 kb/s it sends hardly more than silence."""
    options = (("vbr", "off"), ("compression_level", str(complexity)))
    return encoded(Encoder("libopus", "ogg", 48_000, kbps, options))


def telephone(codec: str) -> Apply:
    """`g722`, `amr` (12.2 kb/s) or `mulaw`; one channel."""
    return encoded(
        {
            "g722": Encoder("g722", "wav", 16_000, 64, mono=True),
            "amr": Encoder("libopencore_amrnb", "amr", 8_000, 12.2, mono=True),
            "mulaw": Encoder("pcm_mulaw", "wav", 8_000, 64, mono=True),
        }[codec]
    )


def vorbis(quality: float) -> Apply:
    """Ogg Vorbis at 44.1 kHz; quality 0 (about 64 kb/s in stereo) to 10."""

    def apply(specimen: Specimen, _rng: np.random.Generator) -> Sound:
        sound = soxr.resample(specimen.marked, specimen.rate_hz, 44_100)
        held = io.BytesIO()
        soundfile.write(
            held, sound, 44_100, format="OGG", subtype="VORBIS", compression_level=1 - quality / 10
        )
        specimen.notes["kbps"] = held.tell() * 8 / len(sound) * 44.1
        held.seek(0)
        samples, rate_hz = soundfile.read(held, dtype="float32", always_2d=True)
        return Sound(samples, rate_hz)

    return apply


def encoded(encoder: Encoder) -> Apply:
    """Through an encoder and back; the measured bit rate is noted as `kbps`."""

    def apply(specimen: Specimen, _rng: np.random.Generator) -> Sound:
        samples = specimen.marked.mean(1, keepdims=True) if encoder.mono else specimen.marked
        sound = np.asarray(soxr.resample(samples, specimen.rate_hz, encoder.rate_hz), np.float32)
        stream = encode(sound, encoder)
        specimen.notes["kbps"] = len(stream) * 8 / len(sound) * encoder.rate_hz / 1000
        return decode(stream)

    return apply


def encode(sound: Samples, encoder: Encoder) -> bytes:
    """The bytes of the encoded file. Raises AttackUnavailable without PyAV or the encoder."""
    if av is None:
        raise AttackUnavailable("PyAV is not installed; pip install av")
    layout = "mono" if sound.shape[1] == 1 else "stereo"
    held = io.BytesIO()
    try:
        with av.open(held, "w", format=encoder.container) as container:
            stream = container.add_stream(
                encoder.codec, rate=encoder.rate_hz, options=dict(encoder.options)
            )
            assert isinstance(stream, AudioStream)
            context = stream.codec_context
            context.layout, context.bit_rate = layout, round(encoder.kbps * 1000)
            context.open()
            taken = context.frame_size or _FRAME_SAMPLES
            convert = av.AudioResampler(context.format, layout, encoder.rate_hz)
            for start in range(0, len(sound), taken):
                planes = np.ascontiguousarray(np.clip(sound[start : start + taken].T, -1, 1))
                frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = encoder.rate_hz, start
                for ready in convert.resample(frame):
                    container.mux(stream.encode(ready))
            container.mux(stream.encode(None))
    except (FFmpegError, ValueError) as error:
        raise AttackUnavailable(f"{encoder.codec} cannot encode this: {error}") from error
    return held.getvalue()


def decode(stream: bytes) -> Sound:
    """The samples a player would hear."""
    planes: list[Samples] = []
    with av.open(io.BytesIO(stream), "r") as container:
        context = container.streams.audio[0].codec_context
        rate_hz = context.sample_rate
        convert = av.AudioResampler("fltp", context.layout, rate_hz)
        for frame in container.decode(audio=0):
            planes.extend(
                np.asarray(ready.to_ndarray(), np.float32) for ready in convert.resample(frame)
            )
    return Sound(np.ascontiguousarray(np.concatenate(planes, axis=1).T, np.float32), rate_hz)
