"""The recordings that the fingerprint is measured on: files of folders, or synthesised sounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, Samples, at_16_khz
from watermark.fingerprint.landmarks import Landmarks, Packed, landmarks_of_stream
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.robustness.attack import Sound
from watermark.robustness.clips import SUFFIXES, fitted
from watermark.synthesis import HELD_OUT_FAMILIES, clip

SECONDS_MIN: Final = 45.0
STRETCH_SECONDS: Final = 10.0
_SYNTHESISED_SECONDS: Final = 60.0
_QUIETEST_DEVIATION: Final = 1e-3  # -60 dBFS: a pause has no landmarks to compare
_TRIES: Final = 8
_ALIKE: Final = 0.9

Heard = Callable[[str], None]


@dataclass(frozen=True)
class Recording:
    """One recording: what the store would keep of it, and a stretch of its sound.

    `soundtrack` is the folder it came from, or the family it was synthesised from. `cpu_seconds`
    went into its landmarks, decoding and resampling included.
    """

    name: str
    soundtrack: str
    path: Path | None
    seconds: float
    landmarks: Landmarks
    stretch: Sound
    cpu_seconds: float


def stored(landmarks: Landmarks) -> Landmarks:
    """As they come back from the store, which rounds times and pitches."""
    return Landmarks.unpacked(landmarks.packed())


def landmarks_in(sound: Sound) -> Landmarks:
    """The landmarks of samples in memory."""
    samples = fitted(sound, SAMPLE_RATE_HZ, mono=False).samples
    return landmarks_of_stream(iter([samples]), samples.shape[1])


def from_files(
    folders: list[Path], seconds: float, rng: np.random.Generator, heard: Heard
) -> Iterator[Recording]:
    """The first `seconds` of every file of SECONDS_MIN or more below the folders; of files that

    sound alike one.
    """
    known: list[Packed] = []
    for folder in folders:
        for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in SUFFIXES):
            found = _read(path, folder, seconds, rng)
            if found is None:
                continue
            packed = found.landmarks.packed()
            if not any(_are_alike(packed, other) for other in known):
                known.append(packed)
                heard(f"landmarks of {found.soundtrack}/{found.name}")
                yield found


def synthesised(count: int, seed: int, heard: Heard) -> Iterator[Recording]:
    """Recordings of the families that nothing is fitted to, one family each."""
    for number in range(count):
        family = list(HELD_OUT_FAMILIES)[number % len(HELD_OUT_FAMILIES)]
        rng = np.random.default_rng([seed, number])
        made = clip(
            {family: HELD_OUT_FAMILIES[family]},
            rng,
            seconds=_SYNTHESISED_SECONDS,
            sample_rate_hz=SAMPLE_RATE_HZ,
        )
        whole = Sound(np.asarray(made, np.float32).reshape(-1, 1), SAMPLE_RATE_HZ)
        begun = time.process_time()
        landmarks = stored(landmarks_in(whole))
        spent = time.process_time() - begun
        length = round(STRETCH_SECONDS * SAMPLE_RATE_HZ)
        start = int(rng.integers(0, len(whole.samples) - length))
        stretch = Sound(whole.samples[start : start + length], SAMPLE_RATE_HZ)
        heard(f"landmarks of {family} {number}")
        yield Recording(str(number), family, None, whole.seconds, landmarks, stretch, spent)


def _are_alike(one: Packed, other: Packed) -> bool:
    """One file in two formats: nearly all landmarks are at the very same place."""
    shared = len(np.intersect1d(one, other))
    return shared > _ALIKE * max(len(one), len(other))


def _read(path: Path, folder: Path, seconds: float, rng: np.random.Generator) -> Recording | None:
    """None where the file is short, silent or cannot be read."""
    try:
        facts = soundfile.info(path)
        if facts.duration < SECONDS_MIN:
            return None
        begun = time.process_time()
        audio = AudioFile(path, AudioLimits())
        blocks = _begun(at_16_khz(audio), seconds)
        landmarks = stored(landmarks_of_stream(blocks, audio.channels))
        spent = time.process_time() - begun
    except (AudioRefused, soundfile.SoundFileError):
        return None
    length = min(facts.duration, seconds)
    for _ in range(_TRIES):
        start = float(rng.uniform(0.0, length - STRETCH_SECONDS - 1.0))
        stretch = excerpt(path, start, STRETCH_SECONDS)
        if stretch.samples.std() >= _QUIETEST_DEVIATION:
            name = path.relative_to(folder).name
            return Recording(name, folder.name, path, length, landmarks, stretch, spent)
    return None


def _begun(blocks: Iterator[Samples], seconds: float) -> Iterator[Samples]:
    left = round(seconds * SAMPLE_RATE_HZ)
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def excerpt(path: Path, start_seconds: float, seconds: float) -> Sound:
    """A piece of a file at its own rate, with all its channels; shorter at the file's end."""
    with soundfile.SoundFile(path) as file:
        file.seek(min(max(0, round(start_seconds * file.samplerate)), file.frames))
        samples = file.read(round(seconds * file.samplerate), "float32", always_2d=True)
        return Sound(samples, file.samplerate)
