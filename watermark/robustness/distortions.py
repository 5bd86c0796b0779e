"""Named things that happen to a marked file between its maker and whoever finds it.

Each distortion reads a `Specimen` and writes one file: codecs write their own format, everything
else 32-bit float WAV. Strengths follow the evaluation settings of AudioSeal (San Roman et al.,
ICML 2024) and RAW-Bench (Oezer et al. 2025) where those name one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from scipy import signal

from watermark.audio.waveform import Samples

MP3_RATE_HZ: Final = 44_100
OPUS_RATE_HZ: Final = 48_000
# libsndfile maps its compression level 0..1 onto these ends, in kb/s.
_MP3_BEST_KBPS, _MP3_WORST_KBPS = 320, 32
_MP3_WORST_LEVEL = 0.99  # the encoder refuses 1.0
_OPUS_BEST_KBPS, _OPUS_WORST_KBPS = 256, 6  # per channel


@dataclass(frozen=True)
class Specimen:
    """One clip in three marked forms, all (time, channel) at `sample_rate_hz`.

    `other` is the same clip under another id, `twice` is `marked` with that other id on top.
    """

    marked: Samples
    other: Samples
    twice: Samples
    sample_rate_hz: int


Apply = Callable[[Specimen, Path, np.random.Generator], Path]


@dataclass(frozen=True)
class Distortion:
    """`apply(specimen, stem, rng)` writes the distorted file at `stem` plus a suffix.

    `speeds` are the playback speeds the detector is asked to undo.
    """

    name: str
    apply: Apply
    speeds: tuple[float, ...] = (1.0,)


def _wav(change: Callable[[Samples, int, np.random.Generator], Samples]) -> Apply:
    def apply(specimen: Specimen, stem: Path, rng: np.random.Generator) -> Path:
        path = stem.with_suffix(".wav")
        changed = change(specimen.marked, specimen.sample_rate_hz, rng)
        soundfile.write(path, changed, specimen.sample_rate_hz, subtype="FLOAT")
        return path

    return apply


def mp3(kbps: int) -> Apply:
    """Constant bit rate, all channels together."""
    level = min(_MP3_WORST_LEVEL, (_MP3_BEST_KBPS - kbps) / (_MP3_BEST_KBPS - _MP3_WORST_KBPS))

    def apply(specimen: Specimen, stem: Path, _rng: np.random.Generator) -> Path:
        path = stem.with_suffix(".mp3")
        sound = soxr.resample(specimen.marked, specimen.sample_rate_hz, MP3_RATE_HZ)
        soundfile.write(path, sound, MP3_RATE_HZ, compression_level=level, bitrate_mode="CONSTANT")
        return path

    return apply


def opus(kbps_per_channel: int) -> Apply:
    """Variable bit rate about the given one."""
    level = (_OPUS_BEST_KBPS - kbps_per_channel) / (_OPUS_BEST_KBPS - _OPUS_WORST_KBPS)

    def apply(specimen: Specimen, stem: Path, _rng: np.random.Generator) -> Path:
        path = stem.with_suffix(".opus")
        sound = soxr.resample(specimen.marked, specimen.sample_rate_hz, OPUS_RATE_HZ)
        soundfile.write(
            path, sound, OPUS_RATE_HZ, format="OGG", subtype="OPUS", compression_level=level
        )
        return path

    return apply


def vorbis_lowest(specimen: Specimen, stem: Path, _rng: np.random.Generator) -> Path:
    """Ogg Vorbis at its lowest quality."""
    path = stem.with_suffix(".ogg")
    sound = soxr.resample(specimen.marked, specimen.sample_rate_hz, MP3_RATE_HZ)
    soundfile.write(path, sound, MP3_RATE_HZ, format="OGG", subtype="VORBIS", compression_level=1.0)
    return path


def crop(seconds: float) -> Apply:
    """A stretch from a random place."""

    def change(sound: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        length = int(seconds * rate_hz)
        start = int(rng.integers(0, max(1, len(sound) - length)))
        return sound[start : start + length]

    return _wav(change)


def noise(snr_db: float) -> Apply:
    """White noise at a level below the sound's own."""

    def change(sound: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        level = float(np.sqrt(np.mean(np.square(sound)))) * 10 ** (-snr_db / 20)
        added = rng.normal(scale=level, size=sound.shape)
        return np.asarray(sound + added, np.float32)

    return _wav(change)


def filtered(kind: str, edges_hz: float | tuple[float, float], order: int = 4) -> Apply:
    """A Butterworth filter."""

    def change(sound: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        sections = signal.butter(order, edges_hz, kind, fs=rate_hz, output="sos")
        return np.asarray(signal.sosfilt(sections, sound, axis=0), np.float32)

    return _wav(change)


def echo(delay_seconds: float, volume: float) -> Apply:
    """One repeat."""

    def change(sound: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        delay = int(delay_seconds * rate_hz)
        echoed = sound.copy()
        echoed[delay:] += volume * sound[:-delay]
        return echoed

    return _wav(change)


def reverberation(decay_seconds: float, direct_to_reverberant_db: float) -> Apply:
    """Exponentially decaying noise after the direct sound."""

    def change(sound: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        time = np.arange(int(decay_seconds * rate_hz)) / rate_hz
        tail = rng.normal(size=len(time)) * 10 ** (-3 * time / decay_seconds)
        tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.sum(tail**2))
        tail[0] = 1.0
        wet = signal.fftconvolve(sound, tail[:, None], axes=0)[: len(sound)]
        return np.asarray(wet, np.float32)

    return _wav(change)


def played_at(speed: float) -> Apply:
    """Pitch and tempo together, as a turntable does it."""

    def change(sound: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        return np.asarray(soxr.resample(sound, rate_hz * speed, rate_hz), np.float32)

    return _wav(change)


def equalised(deepest_db: float) -> Apply:
    """Ten octave-wide bands, each moved by a random amount."""

    def change(sound: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        corners_hz = np.array([0, 31, 62, 125, 250, 500, 1000, 2000, 4000, 8000, rate_hz / 2])
        gains_db = rng.uniform(-deepest_db, deepest_db, size=len(corners_hz))
        response = signal.firwin2(1025, corners_hz, 10 ** (gains_db / 20), fs=rate_hz)
        shaped = signal.fftconvolve(sound, response[:, None], axes=0)[512 : 512 + len(sound)]
        return np.asarray(shaped, np.float32)

    return _wav(change)


def by_way_of(rate_hz_between: int) -> Apply:
    """Down to a lower rate and back."""

    def change(sound: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        low = soxr.resample(sound, rate_hz, rate_hz_between)
        return np.asarray(soxr.resample(low, rate_hz_between, rate_hz), np.float32)

    return _wav(change)


def chain(specimen: Specimen, stem: Path, rng: np.random.Generator) -> Path:
    """MP3 at 32 kb/s, then 12 s of it, noise at 30 dB, polarity turned."""
    squeezed, rate_hz = soundfile.read(
        mp3(_MP3_WORST_KBPS)(specimen, stem, rng), dtype="float32", always_2d=True
    )
    start = int(rng.integers(0, max(1, len(squeezed) - 12 * rate_hz)))
    piece = -squeezed[start : start + 12 * rate_hz]
    whole = Specimen(piece, piece, piece, rate_hz)
    return noise(30.0)(whole, stem, rng)


def _from(pick: Callable[[Specimen], Samples]) -> Apply:
    def apply(specimen: Specimen, stem: Path, _rng: np.random.Generator) -> Path:
        path = stem.with_suffix(".wav")
        soundfile.write(path, pick(specimen), specimen.sample_rate_hz, subtype="FLOAT")
        return path

    return apply


def _averaged(specimen: Specimen) -> Samples:
    return np.asarray((specimen.marked + specimen.other) / 2, np.float32)


def _same(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return sound


def _inverted(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return -sound


def _quieter(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return np.asarray(sound * 0.2, np.float32)


def _eight_bits(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return np.asarray(np.rint(sound * 127) / 127, np.float32)


def _mono(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    return np.asarray(sound.mean(1, keepdims=True), np.float32)


def _saturated(sound: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
    drive = 3.0 / max(float(np.abs(sound).max()), 1e-6)
    return np.asarray(np.tanh(sound * drive) * 0.9, np.float32)


_SPEED_GRID: Final = tuple(round(1.016 + 0.002 * step, 3) for step in range(5))

# The four conditions of the acceptance bar come first.
DISTORTIONS: Final = (
    Distortion("none", _wav(_same)),
    Distortion("MP3 64 kb/s", mp3(64)),
    Distortion("crop 10 s", crop(10.0)),
    Distortion("polarity inverted", _wav(_inverted)),
    Distortion("MP3 32 kb/s", mp3(32)),
    Distortion("Opus 2x16 kb/s", opus(16)),
    Distortion("Opus 2x6 kb/s", opus(6)),
    Distortion("Vorbis lowest", vorbis_lowest),
    Distortion("crop 5 s", crop(5.0)),
    Distortion("noise 20 dB", noise(20.0)),
    Distortion("noise 10 dB", noise(10.0)),
    Distortion("highpass 1.5 kHz", filtered("highpass", 1500.0)),
    Distortion("lowpass 3 kHz", filtered("lowpass", 3000.0)),
    Distortion("telephone band", filtered("bandpass", (300.0, 3400.0))),
    Distortion("resample 8 kHz", by_way_of(8000)),
    Distortion("equaliser ±6 dB", equalised(6.0)),
    Distortion("gain x 0.2", _wav(_quieter)),
    Distortion("8 bits", _wav(_eight_bits)),
    Distortion("saturation", _wav(_saturated)),
    Distortion("mix to mono", _wav(_mono)),
    Distortion("echo 0.25 s x 0.5", echo(0.25, 0.5)),
    Distortion("reverb 0.5 s, 3 dB", reverberation(0.5, 3.0)),
    Distortion("speed +2 %, grid", played_at(1.02), _SPEED_GRID),
    Distortion("speed +2 %, no grid", played_at(1.02)),
    Distortion("chain", chain),
    Distortion("second id on top", _from(lambda specimen: specimen.twice)),
    Distortion("two copies averaged", _from(_averaged)),
)
BAR: Final = DISTORTIONS[:4]
