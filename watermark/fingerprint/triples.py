"""Triples of landmarks: hashes that neither speed, nor stretch, nor pitch shift changes.

After Six and Leman (Panako, ISMIR 2014). Of three strong landmarks near each other the two
intervals and the ratio of the two waits stay what they are under any change of tempo and pitch; how
long the triple lasts and how high it lies are kept only roughly.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.fingerprint.landmarks import Landmarks

Keys = npt.NDArray[np.uint64]
Floats64 = npt.NDArray[np.float64]

PARTNERS_KEPT: Final = 3  # landmarks after the first from which a stored triple is completed
PARTNERS_ASKED: Final = 5  # a damaged copy has others in between
_NEAREST_MS: Final = 48.0
_FARTHEST_MS: Final = 2_500.0
_INTERVAL_MAX: Final = 1.3  # octaves
_INTERVAL_STEPS: Final = 48  # to the octave: a quarter tone
_RATIO_STEPS: Final = 24
_LOOKED_AT: Final = 12  # landmarks after the first that are looked at for partners
_SOFT: Final = 0.25  # of a step: a value this near its edge is asked for on both sides
_ROUGH_SOFT: Final = 0.34  # octaves of tempo or pitch that a copy may be off


@dataclass(frozen=True)
class Triples:
    """Triples of one recording; all arrays are (triple,). `pitch` and `length` are of octaves."""

    key: Keys
    pitch: Floats64  # of the first landmark, octaves above the lowest
    length: Floats64  # from the first to the last landmark, log2 of milliseconds

    def __len__(self) -> int:
        return len(self.key)


def kept_triples(landmarks: Landmarks) -> Triples:
    """The triples under which a recording is found; each once, at its own key."""
    parts = _parts(landmarks.strongest(), PARTNERS_KEPT)
    return Triples(_packed(*(np.floor(part) for part in parts)), parts[3], parts[4])


def asked_triples(landmarks: Landmarks) -> Triples:
    """The triples to look for; one near the edge of a step stands under several keys."""
    parts = _parts(landmarks.strongest(), PARTNERS_ASKED)
    sides: list[list[Floats64]] = []
    for number, part in enumerate(parts):
        soft = _SOFT if number < 3 else _ROUGH_SOFT
        nearer = np.floor(part) + np.where(part - np.floor(part) < 1 / 2, -1.0, 1.0)
        distance = np.minimum(part - np.floor(part), np.ceil(part) - part)
        sides.append([np.floor(part), np.where(distance < soft, nearer, np.nan)])
    keys, pitch, length = [], [], []
    for chosen in itertools.product(*sides):
        real = ~np.isnan(np.sum(chosen, axis=0))
        keys.append(_packed(*(part[real] for part in chosen)))
        pitch.append(parts[3][real])
        length.append(parts[4][real])
    return Triples(np.concatenate(keys), np.concatenate(pitch), np.concatenate(length))


def _parts(strong: Landmarks, partners: int) -> tuple[Floats64, ...]:
    """Intervals, ratio of waits, pitch and length of every triple, in steps; (triple,) each."""
    time = strong.time_ms.astype(np.float64)
    pitch = strong.pitch.astype(np.float64)
    first, second, third = _chosen(time, pitch, partners)
    whole = time[third] - time[first]
    return (
        (pitch[second] - pitch[first]) * _INTERVAL_STEPS + 64,
        (pitch[third] - pitch[first]) * _INTERVAL_STEPS + 64,
        (time[second] - time[first]) / np.maximum(whole, 1.0) * _RATIO_STEPS,
        pitch[first],
        np.log2(np.maximum(whole, 1.0)),
    )


def _chosen(
    time: Floats64, pitch: Floats64, partners: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices of the triples: each landmark with all pairs of its first `partners` partners."""
    count = len(time)
    ahead = np.arange(count)[:, None] + np.arange(1, _LOOKED_AT + 1)
    inside = ahead < count
    ahead = np.minimum(ahead, max(count - 1, 0))
    wait = time[ahead] - time[:, None] if count else np.zeros((0, _LOOKED_AT))
    interval = np.abs(pitch[ahead] - pitch[:, None]) if count else wait
    fits = inside & (wait >= _NEAREST_MS) & (wait <= _FARTHEST_MS) & (interval <= _INTERVAL_MAX)
    rank = np.where(fits, fits.cumsum(1) - 1, -1)
    found: list[tuple[npt.NDArray[np.int64], ...]] = []
    of_rank = [np.where(rank == n, ahead, -1).max(1, initial=-1) for n in range(partners)]
    for one, two in itertools.combinations(range(partners), 2):
        first = np.flatnonzero((of_rank[one] >= 0) & (of_rank[two] >= 0))
        found.append((first, of_rank[one][first], of_rank[two][first]))
    first, second, third = (np.concatenate(part) for part in zip(*found, strict=True))
    return first, second, third


def _packed(
    one: Floats64, two: Floats64, ratio: Floats64, pitch: Floats64, length: Floats64
) -> Keys:
    """Steps as one number of 30 bits: 7 and 7 for the intervals, 5, 3 and 4 bits more, and 4 free.

    A spread of bits by an odd factor makes any range of keys hold a fair share of the triples.
    """
    fields = ((one, 7), (two, 7), (ratio, 5), (pitch, 3), (length, 4))
    key = np.zeros(len(one), np.uint64)
    for part, bits in fields:
        clipped = np.clip(part, 0, (1 << bits) - 1).astype(np.uint64)
        key = (key << np.uint64(bits)) | clipped
    return (key * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)
