"""Finds by how much a copy was sped up, stretched or shifted in pitch, from the sync chips.

A copy's *geometry* is two numbers: what its frequencies and what its tempo were multiplied by. A
turntable changes both alike, a time-stretch the tempo, a pitch shift the frequencies. All three
families are searched coarse to fine on a few excerpts; where sync then stands out, the whole file
is read again with the geometry undone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor

from watermark.audio.waveform import Samples
from watermark.identity.cells import (
    BANDS,
    CELL_FRAMES,
    CODEWORD_PAIRS,
    FFT_SIZE,
    PHASE_FRAMES,
    PHASES,
    SAMPLE_RATE_HZ,
    band_members,
    spectrum,
)
from watermark.identity.codewords import Codebook
from watermark.identity.evidence import standardised
from watermark.identity.sync import sync_z

EXCERPT_SECONDS: Final = 32.0
TEMPO_RANGE: Final = (0.78, 1.28)
PITCH_RANGE: Final = (2 ** (-2.5 / 12), 2 ** (2.5 / 12))  # two and a half semitones either way
_TEMPO_STEP: Final = 0.0025  # over 32 s the ends are then out of step by half a cell
_PITCH_STEP: Final = 0.012  # a sixth of a band
_FINER: Final = 0.25  # of a coarse step
_PROMISING_Z: Final = 4.2  # about what the best of a million chance alignments reaches is 4.9
_KEPT: Final = 3
_CORE_FRAMES: Final = (1, CELL_FRAMES - 1)  # the middle of a cell, as in `evidence`

Steps = npt.NDArray[np.float64]


@dataclass(frozen=True, order=True)
class Geometry:
    """What a copy's frequencies (`pitch`) and tempo (`tempo`) were multiplied by."""

    pitch: float = 1.0
    tempo: float = 1.0

    @property
    def hop_ratio(self) -> float:
        """How much longer than when marked the audio lasts once its pitch is undone."""
        return self.pitch / self.tempo

    @property
    def straight(self) -> bool:
        return self.pitch == 1.0 and self.tempo == 1.0

    def near(self, other: Geometry) -> bool:
        """Whether the two are closer than the steps of the search."""
        return (
            abs(math.log(self.pitch / other.pitch)) < _PITCH_STEP
            and abs(math.log(self.tempo / other.tempo)) < 2 * _TEMPO_STEP
        )


STRAIGHT: Final = Geometry()


@dataclass(frozen=True)
class Sighting:
    """A geometry at which the sync chips stand out of an excerpt."""

    geometry: Geometry
    sync_z: float


def find_geometries(
    excerpts: list[Samples], book: Codebook, *, heard: Callable[[float], None] = lambda _: None
) -> list[Sighting]:
    """The most promising geometries, best first; excerpts are mono at 16 kHz, (time,)."""
    sightings: list[Sighting] = []
    for number, excerpt in enumerate(excerpts):
        for pitch, tempos, share in _coarse():
            sightings.extend(_sightings(excerpt, pitch, tempos, book))
            heard((number + share) / len(excerpts))
        coarse = _apart(sightings)
        for sighting in coarse:
            sightings.extend(_around(excerpt, sighting.geometry, book))
    return [one for one in _apart(sightings) if one.sync_z >= _PROMISING_Z]


def _coarse() -> Iterator[tuple[float, Steps, float]]:
    """A pitch, the tempos to try at it, and the share of the search done after it."""
    pitches = _steps(TEMPO_RANGE, _PITCH_STEP)  # a turntable's range is the wider one
    for number, pitch in enumerate(pitches):
        with_speed = _steps((pitch * (1 - _PITCH_STEP / 2), pitch * (1 + _PITCH_STEP / 2)))
        alone = np.array([1.0]) if PITCH_RANGE[0] <= pitch <= PITCH_RANGE[1] else np.empty(0)
        yield float(pitch), np.concatenate((with_speed, alone)), number / len(pitches)
    yield 1.0, _steps(TEMPO_RANGE), 1.0


def _around(excerpt: Samples, found: Geometry, book: Codebook) -> Iterator[Sighting]:
    tempos = found.tempo * np.exp(np.arange(-4, 5) * _FINER * _TEMPO_STEP)
    for nudge in (-0.5, 0.0, 0.5):
        pitch = found.pitch * math.exp(nudge * _PITCH_STEP)
        if found.pitch == 1.0 and nudge != 0.0:
            continue  # a stretch leaves the pitch alone
        if abs(math.log(found.pitch / found.tempo)) < _PITCH_STEP:
            yield from (
                one for t in tempos for one in _sightings(excerpt, float(t), np.array([t]), book)
            )
            return
        yield from _sightings(excerpt, pitch, tempos, book)


def _sightings(excerpt: Samples, pitch: float, tempos: Steps, book: Codebook) -> list[Sighting]:
    if not len(tempos):
        return []
    sound = excerpt
    if pitch != 1.0:
        sound = soxr.resample(excerpt, SAMPLE_RATE_HZ / pitch, SAMPLE_RATE_HZ, quality="LQ")
    padded = torch.nn.functional.pad(torch.from_numpy(sound)[None], (FFT_SIZE // 2, FFT_SIZE))
    parts = torch.view_as_real(spectrum(padded)).square().sum((0, -1))
    energy = band_members() @ parts
    summed = torch.nn.functional.pad(energy.double().cumsum(1), (1, 0))
    floor = 1e-10 * float(energy.max()) + 1e-14
    windows = torch.stack([_folded(summed, floor, pitch / float(tempo)) for tempo in tempos])
    best = sync_z(book, windows).amax(1)
    return [
        Sighting(Geometry(pitch, float(tempo)), float(z))
        for tempo, z in zip(tempos, best, strict=True)
    ]


def _folded(summed: Tensor, floor: float, hop_ratio: float) -> Tensor:
    """Evidence with cells `hop_ratio` times as long, folded onto one codeword; as `evidence`."""
    frames = summed.shape[1] - 1
    cells = int(frames / (PHASE_FRAMES * hop_ratio)) - CELL_FRAMES // PHASE_FRAMES
    if cells < 2 * PHASES:
        return torch.zeros(CODEWORD_PAIRS, BANDS, PHASES)
    starts = torch.arange(cells, dtype=torch.float64) * PHASE_FRAMES
    first, past = ((starts + edge) * hop_ratio for edge in _CORE_FRAMES)
    cores = (_at(summed, past) - _at(summed, first)) / (hop_ratio * (CELL_FRAMES - 2))
    level_db = 10 * torch.log10(cores.clamp_min(0) + floor).float()
    later = CELL_FRAMES // PHASE_FRAMES
    difference_db = level_db[:, :-later] - level_db[:, later:]
    evidence = standardised(difference_db, torch.ones(difference_db.shape[1]))
    whole = CODEWORD_PAIRS * PHASES
    repeats = -(-evidence.shape[1] // whole)
    padded = torch.nn.functional.pad(evidence, (0, repeats * whole - evidence.shape[1]))
    folded = padded.reshape(BANDS, repeats, CODEWORD_PAIRS, PHASES).sum(1)
    return folded.permute(1, 0, 2).contiguous()


def _at(summed: Tensor, place: Tensor) -> Tensor:
    """A cumulative sum between its points, linearly; (band, frame), (place,) -> (band, place)."""
    place = place.clamp(0, summed.shape[1] - 1.001)
    left = place.long()
    part = place - left
    return summed[:, left] * (1 - part) + summed[:, left + 1] * part


def _steps(span: tuple[float, float], step: float = _TEMPO_STEP) -> Steps:
    """Geometric steps that include 1 when the span does."""
    low, high = (math.ceil(math.log(span[0]) / step), math.floor(math.log(span[1]) / step))
    steps: Steps = np.exp(np.arange(low, high + 1) * step)
    return steps


def _apart(sightings: list[Sighting]) -> list[Sighting]:
    """The best few that are not neighbours of a better one."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda one: -one.sync_z):
        if not any(sighting.geometry.near(one.geometry) for one in kept):
            kept.append(sighting)
        if len(kept) == _KEPT:
            break
    return kept
