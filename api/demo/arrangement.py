"""A labelled stand-in for a generative model: it arranges and mixes licensed recordings.

Ordinary signal processing: filters, layers, cross-fades. It exists so that the loop after it (mark,
log, link, trace, pay) can be shown on real sound. No model is trained or run here, and nothing it
makes is called generated without the word stand-in beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray
from scipy import signal

Samples = NDArray[np.float32]

OUTPUT_RATE_HZ = 44_100
PHRASE_SECONDS = 4.0
CROSSFADE_SECONDS = 0.25
PEAK = 0.8
SECONDS_MAX = 75.0
# libsndfile maps 0..1 to 320..32 kb/s at this rate; this is 64 kb/s.
MP3_LEVEL_64K = 0.885
DESCRIPTION = "stand-in arranger: phrases of licensed recordings, filtered, layered and cross-faded"


@dataclass(frozen=True)
class Arrangement:
    """samples: (time,) float32 at `OUTPUT_RATE_HZ`."""

    samples: Samples
    seed: int


def read_mono(path: Path, seconds_max: float = SECONDS_MAX) -> Samples:
    """The first `seconds_max` of a recording, mixed down and resampled. (time,)"""
    with sf.SoundFile(path) as sound:
        block = sound.read(int(seconds_max * sound.samplerate), dtype="float32", always_2d=True)
        mono = block.mean(axis=1)
        return np.asarray(soxr.resample(mono, sound.samplerate, OUTPUT_RATE_HZ), dtype=np.float32)


def arrange(parents: list[Path], *, seconds: float, seed: int) -> Arrangement:
    """Take turns between the parents' phrases and lay a filtered bed of the others under each."""
    rng = np.random.default_rng(seed)
    voices = [read_mono(path) for path in parents]
    fade = int(CROSSFADE_SECONDS * OUTPUT_RATE_HZ)
    phrase = int(PHRASE_SECONDS * OUTPUT_RATE_HZ)
    length = int(seconds * OUTPUT_RATE_HZ)
    out = np.zeros(length + phrase, dtype=np.float32)
    for turn, start in enumerate(range(0, length, phrase - fade)):
        lead = voices[turn % len(voices)]
        bed = voices[(turn + 1) % len(voices)]
        out[start : start + phrase] += faded(cut(lead, phrase, rng), fade)
        out[start : start + phrase] += 0.4 * faded(dark(cut(bed, phrase, rng)), fade)
    out = out[:length]
    return Arrangement((out * (PEAK / np.abs(out).max())).astype(np.float32), seed)


def cut(voice: Samples, length: int, rng: np.random.Generator) -> Samples:
    """A phrase from anywhere in the voice; a short recording is repeated."""
    if len(voice) < length:
        voice = np.tile(voice, length // max(len(voice), 1) + 1)
    start = int(rng.integers(0, len(voice) - length + 1))
    return voice[start : start + length]


def dark(phrase: Samples) -> Samples:
    sos = signal.butter(2, 1_800, "lowpass", fs=OUTPUT_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(sos, phrase), dtype=np.float32)


def faded(phrase: Samples, fade: int) -> Samples:
    window = np.ones(len(phrase), dtype=np.float32)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    window[:fade], window[-fade:] = ramp, ramp[::-1]
    return phrase * window


def found_copy(source: Path, target: Path, *, start_seconds: float, seconds: float) -> int:
    """What turns up elsewhere: cropped, mono, MP3 at about 64 kb/s. Returns bits a second."""
    samples = read_mono(source, start_seconds + seconds)[int(start_seconds * OUTPUT_RATE_HZ) :]
    sf.write(
        target,
        samples,
        OUTPUT_RATE_HZ,
        format="MP3",
        bitrate_mode="CONSTANT",
        compression_level=MP3_LEVEL_64K,
    )
    return int(target.stat().st_size * 8 * OUTPUT_RATE_HZ / len(samples))
