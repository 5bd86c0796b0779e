"""The audio a suite is run on: excerpts of a folder, or synthesised sounds held out of training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from watermark.audio.errors import AudioRefused
from watermark.robustness.attack import Sound
from watermark.synthesis import HELD_OUT_FAMILIES, clip

SYNTHESIS_RATE_HZ: Final = 44_100
SUFFIXES: Final = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
_QUIETEST_DEVIATION: Final = 1e-3  # -60 dBFS: less is a pause, not a clip


class NoAudio(AudioRefused):
    """The folder holds no audio of the asked length that can be read."""

    code = "audio-empty"


@dataclass(frozen=True)
class Clip:
    """`name` says where it comes from: file and second, or family number and seed."""

    name: str
    sound: Sound


def synthesised(
    seconds: float, seed: int, *, first: int = 0, rate_hz: int = SYNTHESIS_RATE_HZ
) -> Iterator[Clip]:
    """Endless clips of the families that training never sees; clip `n` depends on seed and n."""
    number = first
    while True:
        rng = np.random.default_rng([seed, number])
        made = clip(HELD_OUT_FAMILIES, rng, seconds=seconds, sample_rate_hz=rate_hz)
        samples = np.asarray(made, np.float32).reshape(-1, 1)
        yield Clip(f"synthesised {seed}:{number}", Sound(samples, rate_hz))
        number += 1


def from_folders(folders: list[Path], seconds: float, seed: int) -> Iterator[Clip]:
    """Excerpts that do not overlap, from as many different files as possible before any repeats.

    Raises NoAudio when there is not a single one.
    """
    rng = np.random.default_rng(seed)
    rounds: dict[int, list[tuple[Path, Path, int]]] = {}
    for folder in folders:
        for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in SUFFIXES):
            try:
                room = int(soundfile.info(path).duration // seconds)
            except soundfile.SoundFileError:
                continue
            for turn, place in enumerate(rng.permutation(room).tolist()):
                rounds.setdefault(turn, []).append((folder, path, place))
    given = 0
    for turn in sorted(rounds):
        for chosen in rng.permutation(len(rounds[turn])).tolist():
            folder, path, place = rounds[turn][chosen]
            found = _excerpt(path, place * seconds, seconds)
            if found is not None:
                given += 1
                yield Clip(f"{path.relative_to(folder)} at {place * seconds:g} s", found)
    if not given:
        names = ", ".join(str(folder) for folder in folders)
        raise NoAudio(f"{names}: no WAV, FLAC, Ogg, Opus or MP3 file of {seconds:g} s or more")


def _excerpt(path: Path, start_seconds: float, seconds: float) -> Sound | None:
    """None where decoding fails or the excerpt is silent."""
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(round(start_seconds * file.samplerate))
            samples = file.read(round(seconds * file.samplerate), "float32", always_2d=True)
            rate_hz = file.samplerate
    except (soundfile.SoundFileError, RuntimeError):
        return None
    whole = len(samples) == round(seconds * rate_hz)
    return Sound(samples, rate_hz) if whole and samples.std() >= _QUIETEST_DEVIATION else None


def fitted(sound: Sound, rate_hz: int | None, *, mono: bool) -> Sound:
    """At another rate, and mixed to one channel, where a published suite works so."""
    samples, own_hz = sound
    if mono and samples.shape[1] > 1:
        samples = np.asarray(samples.mean(1, keepdims=True), np.float32)
    if rate_hz is not None and rate_hz != own_hz:
        samples, own_hz = np.asarray(soxr.resample(samples, own_hz, rate_hz), np.float32), rate_hz
    return Sound(samples, own_hz)


def like(sound: Sound, rate_hz: int, channels: int) -> Sound:
    """At the rate and channel count of another clip."""
    samples, own_hz = fitted(sound, rate_hz, mono=channels == 1)
    if samples.shape[1] != channels:
        samples = np.repeat(samples[:, :1], channels, axis=1)
    return Sound(samples, own_hz)
