"""Finds by how much a copy was sped up, stretched or shifted in pitch, from the sync chips.

A copy's *geometry* is two numbers: what its frequencies and what its tempo were multiplied by. A
turntable changes both alike, a time-stretch the tempo, a pitch shift the frequencies. All three
families are searched coarse to fine on a few excerpts; where sync then stands out, the whole file
is read again with the geometry undone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
from watermark.identity.evidence import classical_evidence, local_spread_db
from watermark.identity.sync import sync_z

EXCERPT_SECONDS: Final = 32.0
TEMPO_RANGE: Final = (0.78, 1.28)
PITCH_RANGE: Final = (2 ** (-2.5 / 12), 2 ** (2.5 / 12))  # two and a half semitones either way
_TEMPO_STEP: Final = 0.0025  # over 32 s the ends are then out of step by half a cell
_PITCH_STEP: Final = 0.012  # a sixth of a band
_CELL_LENGTH_STEP: Final = 0.08  # a cell read 4 % too long or short loses little
_FINER: Final = 0.25  # of a coarse step
_KEPT: Final = 3
_CORE_FRAMES: Final = (1, CELL_FRAMES - 1)  # the middle of a cell, as in `evidence`

Steps = npt.NDArray[np.float64]


@dataclass(frozen=True, order=True)
class Geometry:
    """What a copy's frequencies (`pitch`) and tempo (`tempo`) were multiplied by."""

    pitch: float = 1.0
    tempo: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError unless both are between a half and two."""
        for value in (self.pitch, self.tempo):
            if not 0.5 <= value <= 2.0:
                raise ValueError(f"{value} is no speed a mark survives; give 0.5 to 2")

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
    """A geometry at which the sync chips of some key stand out of an excerpt."""

    geometry: Geometry
    sync_z: float


def find_geometries(
    excerpts: list[Samples],
    books: Sequence[Codebook],
    *,
    z_min: float,
    heard: Callable[[float], None] = lambda _: None,
) -> list[Sighting]:
    """The most promising geometries, best first; excerpts are mono at 16 kHz, (time,)."""
    sightings: list[Sighting] = []
    for number, excerpt in enumerate(excerpts):
        seen: list[Sighting] = []
        for pitch, tempos, share in _coarse():
            seen.extend(_seen_roughly(excerpt, pitch, tempos, books))
            heard((number + 0.8 * share) / len(excerpts))
        for sighting in _apart(seen):
            sightings.extend(_seen_closely(excerpt, sighting.geometry, books))
    return [one for one in _apart(sightings) if one.sync_z >= z_min]


def _coarse() -> Iterator[tuple[float, Steps, float]]:
    """A pitch, the tempos to try at it, and the share of the search done after it."""
    pitches = _steps(TEMPO_RANGE, _PITCH_STEP)  # a turntable's range is the wider one
    for number, pitch in enumerate(pitches):
        with_speed = _steps((pitch * (1 - _PITCH_STEP / 2), pitch * (1 + _PITCH_STEP / 2)))
        alone = np.array([1.0]) if PITCH_RANGE[0] <= pitch <= PITCH_RANGE[1] else np.empty(0)
        yield float(pitch), np.concatenate((with_speed, alone)), number / len(pitches)
    yield 1.0, _steps(TEMPO_RANGE), 1.0


def _seen_roughly(
    excerpt: Samples, pitch: float, tempos: Steps, books: Sequence[Codebook]
) -> Iterator[Sighting]:
    """Sync at some tempos, from evidence made for the nearest of a few lengths of cell."""
    summed, floor = _summed_energies(excerpt, pitch)
    ratios = pitch / tempos
    lengths = np.exp(np.round(np.log(ratios) / _CELL_LENGTH_STEP) * _CELL_LENGTH_STEP)
    for length in np.unique(lengths):
        alike = lengths == length
        evidence = _evidence(summed, floor, float(length), 1.0)
        windows = []
        for ratio in ratios[alike]:
            starts = torch.arange(int((evidence.shape[1] - 1) / ratio)) * ratio
            windows.append(_folded(evidence[:, torch.round(starts).long()]))
        best = _best_z(torch.stack(windows), books)
        for tempo, z in zip(tempos[alike], best, strict=True):
            yield Sighting(Geometry(pitch, float(tempo)), float(z))


def _seen_closely(
    excerpt: Samples, found: Geometry, books: Sequence[Codebook]
) -> Iterator[Sighting]:
    """Sync around a geometry in finer steps, with cells of exactly the right length."""
    tempos = found.tempo * np.exp(np.arange(-4, 5) * _FINER * _TEMPO_STEP)
    alike = abs(math.log(found.pitch / found.tempo)) < _PITCH_STEP
    if alike:  # a turntable: one number for both
        for tempo in tempos:
            yield _seen_exactly(excerpt, float(tempo), float(tempo), books)
    if not alike or found.pitch == 1.0:
        for tempo in tempos:
            yield _seen_exactly(excerpt, found.pitch, float(tempo), books)
    if not alike and found.pitch != 1.0:
        for nudge in (-0.5, 0.5):
            pitch = found.pitch * math.exp(nudge * _PITCH_STEP)
            yield _seen_exactly(excerpt, pitch, found.tempo, books)


def _seen_exactly(
    excerpt: Samples, pitch: float, tempo: float, books: Sequence[Codebook]
) -> Sighting:
    summed, floor = _summed_energies(excerpt, pitch)
    ratio = pitch / tempo
    window = _folded(_evidence(summed, floor, ratio, ratio))
    return Sighting(Geometry(pitch, tempo), float(_best_z(window[None], books)[0]))


def _best_z(windows: Tensor, books: Sequence[Codebook]) -> Tensor:
    """The best sync z of any key and alignment; (window, ...) -> (window,)."""
    return torch.stack([sync_z(book, windows).amax(1) for book in books]).amax(0)


def _summed_energies(excerpt: Samples, pitch: float) -> tuple[Tensor, float]:
    """Cumulative energy per band once the pitch is undone, (band, frame + 1), and a floor."""
    sound = excerpt
    if pitch != 1.0:
        sound = soxr.resample(excerpt, SAMPLE_RATE_HZ / pitch, SAMPLE_RATE_HZ, quality="LQ")
    padded = torch.nn.functional.pad(torch.from_numpy(sound)[None], (FFT_SIZE // 2, FFT_SIZE))
    parts = torch.view_as_real(spectrum(padded)[0]).square_()
    power = parts[..., 0] + parts[..., 1]
    energy = band_members() @ power
    summed = torch.nn.functional.pad(energy.double().cumsum(1), (1, 0))
    return summed, 1e-10 * float(energy.max()) + 1e-14


def _evidence(summed: Tensor, floor: float, length: float, hop: float) -> Tensor:
    """As `evidence`, with cells `length` and hops `hop` times as long; (band, start)."""
    starts = int((summed.shape[1] - 1 - 2 * CELL_FRAMES * length) / (PHASE_FRAMES * hop))
    if starts < 2 * PHASES:
        return torch.zeros(BANDS, 1)
    first = torch.arange(starts, dtype=torch.float64) * (PHASE_FRAMES * hop)
    levels = []
    for cell in (0, 1):
        begin = first + (cell * CELL_FRAMES + _CORE_FRAMES[0]) * length
        end = first + (cell * CELL_FRAMES + _CORE_FRAMES[1]) * length
        energy = (_at(summed, end) - _at(summed, begin)) / (length * (CELL_FRAMES - 2))
        levels.append(10 * torch.log10(energy.float().clamp_min(0) + floor))
    difference_db = levels[0] - levels[1]
    held = torch.ones(starts)
    return classical_evidence(difference_db, local_spread_db(difference_db, held), held)


def _folded(evidence: Tensor) -> Tensor:
    """(band, start) -> one codeword's window, (pair, band, phase)."""
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
    between: Tensor = summed[:, left] * (1 - part) + summed[:, left + 1] * part
    return between


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
