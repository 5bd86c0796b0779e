"""Measures the identity mark: which distortions it survives, how often, and how quietly."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, Samples
from watermark.identity.detector import Reader
from watermark.identity.geometry import Geometry
from watermark.identity.search import IdSearch
from watermark.marker import EmbedReport, Marker
from watermark.payload import GenerationId
from watermark.robustness.distortions import Distortion, Specimen

_WILSON_95: Final = 1.959964


@dataclass
class Tally:
    """What happened under one distortion."""

    name: str
    z: list[float] = field(default_factory=list)  # of the true id, found or not
    correct: int = 0
    wrong_ids: int = 0  # ids reported that were never put there

    @property
    def clips(self) -> int:
        return len(self.z)


@dataclass
class Survey:
    """All of a run."""

    tallies: list[Tally]
    reports: list[EmbedReport] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # clips that embedding refused, and why


@dataclass(frozen=True)
class NullSurvey:
    """Unmarked windows searched for every id."""

    windows: int
    false_attributions: int
    highest_z: tuple[float, ...]  # of each window, over all ids


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927)."""
    if trials == 0:
        return 0.0, 1.0
    rate, square = successes / trials, _WILSON_95**2
    centre = rate + square / (2 * trials)
    half = _WILSON_95 * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    whole = 1 + square / trials
    return max(0.0, (centre - half) / whole), min(1.0, (centre + half) / whole)


def survey(
    clips: Iterable[tuple[Samples, int]],
    marker: Marker,
    ids: Sequence[GenerationId],
    distortions: Sequence[Distortion],
    *,
    seed: int,
    heard: Callable[[int], None],
) -> Survey:
    """Mark every clip with its own id out of the registered `ids`, distort it, search for all.

    Clips are ((time, channel), rate). An attempt is correct when the strongest id found is the
    true one. `heard` is told how many clips are done.
    """
    found = Survey([Tally(distortion.name) for distortion in distortions])
    second = any(distortion.name in WITH_OTHER_ID for distortion in distortions)
    with tempfile.TemporaryDirectory() as scratch:
        for number, (samples, rate_hz) in enumerate(clips):
            true, other = ids[2 * number % len(ids)], ids[(2 * number + 1) % len(ids)]
            stem = Path(scratch) / "clip"
            try:
                specimen, report = _specimen(
                    samples, rate_hz, marker, true, other if second else None, stem
                )
            except AudioRefused as refusal:
                found.refused.append(str(refusal))
                continue
            found.reports.append(report)
            for place, (distortion, tally) in enumerate(
                zip(distortions, found.tallies, strict=True)
            ):
                rng = np.random.default_rng([seed, number, place])
                path = distortion.apply(specimen, stem, rng)
                _attempt(path, marker, true, other, distortion, tally)
            heard(number + 1)
    return found


def null_survey(
    windows: Iterable[tuple[Samples, int]],
    marker: Marker,
    heard: Callable[[int], None],
) -> NullSurvey:
    """Search unmarked windows for every registered id."""
    highest = []
    attributed = 0
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "window.wav"
        for samples, rate_hz in windows:
            soundfile.write(path, samples, rate_hz, subtype="FLOAT")
            audio = AudioFile(path, AudioLimits())
            best = marker.reader.strongest(audio)
            threshold_z = marker.reader.null.threshold_z(windows=1, ids=marker.reader.ids)
            if best is not None:
                highest.append(best.z)
                attributed += best.z >= threshold_z
            heard(len(highest))
    return NullSurvey(len(highest), attributed, tuple(highest))


def _specimen(
    samples: Samples,
    rate_hz: int,
    marker: Marker,
    true: GenerationId,
    other: GenerationId | None,
    stem: Path,
) -> tuple[Specimen, EmbedReport]:
    """The clip in its marked forms; without `other` they are one and the same."""
    original, marked = stem.with_suffix(".original.wav"), stem.with_suffix(".marked.flac")
    soundfile.write(original, samples, rate_hz, subtype="PCM_16")
    report = marker.embed(AudioFile(original, AudioLimits()), true, marked)

    def with_other(source: Path) -> Samples:
        if other is None:
            return _read(marked)
        path = stem.with_suffix(".other.flac")
        marker.embed(AudioFile(source, AudioLimits()), other, path)
        return _read(path)

    specimen = Specimen(_read(marked), with_other(original), with_other(marked), rate_hz)
    return specimen, report


def _attempt(
    path: Path,
    marker: Marker,
    true: GenerationId,
    other: GenerationId,
    distortion: Distortion,
    tally: Tally,
) -> None:
    audio = AudioFile(path, AudioLimits())
    geometries = [Geometry(speed, speed) for speed in distortion.speeds]
    reading = marker.reader.read(audio, geometries=geometries)
    by_id = {identity.generation_id: identity.z for identity in reading.identities}
    if true in by_id:
        z = by_id[true]
    else:
        alone = Reader((IdSearch(marker.search.key, [true]),), marker.reader.null)
        found = [alone.strongest(audio, geometry=geometry) for geometry in geometries]
        z = max((score.z for score in found if score is not None), default=0.0)
    tally.z.append(z)
    put_there = {true, other} if distortion.name in WITH_OTHER_ID else {true}
    tally.wrong_ids += len(set(by_id) - put_there)
    first = reading.identities[0].generation_id if reading.identities else None
    tally.correct += true in by_id if distortion.name in WITH_OTHER_ID else first == true


WITH_OTHER_ID: Final = {"second id on top", "two copies averaged"}


def _read(path: Path) -> Samples:
    samples: Samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return samples
