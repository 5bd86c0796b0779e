"""What happens to music in the wild, done to marked copies with real codecs and a real stretcher.

Kept apart from the benchmark's attacks, which live in the watermark process: whoever tells the
story must be able to hear and repeat what was done.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import python_stretch
import soundfile as sf
import soxr
from scipy import signal

from api.demo.arrangement import OUTPUT_RATE_HZ, Samples

MP3_LEVEL_32K = 0.99  # libsndfile maps 0..1 to 320..32 kb/s, and refuses 1
OPUS_RATE_HZ = 48_000
_GAIN_FRAME = 1_536  # 35 ms: finer than the mark's cells
_GAIN_MAX = 2.0


def as_mp3(samples: Samples, target: Path) -> None:
    """The lowest rate there is at 44.1 kHz: 32 kb/s."""
    sf.write(
        target,
        samples,
        OUTPUT_RATE_HZ,
        format="MP3",
        bitrate_mode="CONSTANT",
        compression_level=MP3_LEVEL_32K,
    )


def as_opus(samples: Samples, target: Path) -> None:
    """A voice message: Opus, as a telephone sends it."""
    sf.write(
        target,
        soxr.resample(samples, OUTPUT_RATE_HZ, OPUS_RATE_HZ),
        OPUS_RATE_HZ,
        format="OGG",
        subtype="OPUS",
    )


def as_vorbis(samples: Samples, target: Path) -> None:
    """What games and encyclopaedias keep."""
    sf.write(target, samples, OUTPUT_RATE_HZ, format="OGG", subtype="VORBIS")


def as_flac(samples: Samples, target: Path) -> None:
    """Without loss; turned down if it would clip."""
    sf.write(target, samples / max(1.0, float(np.abs(samples).max())), OUTPUT_RATE_HZ)


def excerpt(samples: Samples, start_seconds: float, seconds: float) -> Samples:
    """A part of it."""
    first = int(start_seconds * OUTPUT_RATE_HZ)
    return samples[first : first + int(seconds * OUTPUT_RATE_HZ)]


def faster(samples: Samples, speed: float) -> Samples:
    """As a turntable does it: pitch rises with tempo."""
    return np.asarray(soxr.resample(samples, OUTPUT_RATE_HZ * speed, OUTPUT_RATE_HZ), np.float32)


def transposed(samples: Samples, semitones: float) -> Samples:
    """Higher or lower at the same tempo (Signalsmith Stretch)."""
    stretch = python_stretch.Signalsmith.Stretch()
    stretch.preset(1, float(OUTPUT_RATE_HZ))
    stretch.setTransposeSemitones(semitones)
    return np.asarray(stretch.process(samples[None]), np.float32).reshape(-1)


def noisy(samples: Samples, snr_db: float, seed: int) -> Samples:
    """White noise over it, so many decibels under the music."""
    noise = np.random.default_rng(seed).normal(size=len(samples))
    level = np.sqrt(np.mean(np.square(samples)) * 10 ** (-snr_db / 10))
    return np.asarray(samples + level * noise, np.float32)


def averaged(one: Samples, other: Samples) -> Samples:
    """What two customers make of their copies to hide who leaked."""
    length = min(len(one), len(other))
    return np.asarray((one[:length] + other[:length]) / 2, np.float32)


def carried_over(marked: Samples, unmarked: Samples, host: Samples) -> Samples:
    """The mark moved onto other music by someone who has a copy with it and one without.

    The mark is a pattern of gains; each gain is measured and given to `host`.
    """
    length = min(len(marked), len(unmarked), len(host))

    def spectrum(samples: Samples) -> np.ndarray[tuple[int, ...], np.dtype[np.complex64]]:
        cut = samples[:length]
        return np.asarray(signal.stft(cut, nperseg=_GAIN_FRAME, noverlap=3 * _GAIN_FRAME // 4)[2])

    gains = (np.abs(spectrum(marked)) + 1e-6) / (np.abs(spectrum(unmarked)) + 1e-6)
    forged = spectrum(host) * np.clip(gains, 1 / _GAIN_MAX, _GAIN_MAX)
    samples = signal.istft(forged, nperseg=_GAIN_FRAME, noverlap=3 * _GAIN_FRAME // 4)[1]
    return np.asarray(samples[:length], np.float32)
