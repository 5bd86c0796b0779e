"""Looks for the recording of a file in which no mark was found: the same master, mark missing.

The index names candidates by shared triples; what their triples say of tempo and pitch is tried
out, and only the law of chance decides. The result is a hint for people; money never moves on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from watermark.detection import Lookalike
from watermark.fingerprint.agreement import Agreement, agreement
from watermark.fingerprint.chance import FALSE_AGREEMENTS_MAX, ChanceLaw
from watermark.fingerprint.index import TripleIndex
from watermark.fingerprint.landmarks import Landmarks
from watermark.fingerprint.store import Kept
from watermark.fingerprint.triples import Floats64, Triples, asked_triples, kept_triples

LOOKALIKES_MAX: Final = 5  # told of one file
_WINDOW_MS: Final = 20_000.0
_CANDIDATES_OF_A_WINDOW: Final = 3
_CANDIDATES_MAX: Final = 24  # of a file; each costs a read and a few comparisons
_SHARED_MIN: Final = 8
_GEOMETRIES: Final = 3
_STEP: Final = 1 / 64  # octaves: 1.1 % of tempo or pitch
_STEPS_EITHER_WAY: Final = 24  # up to 30 %
_LENGTH_MIN: Final = 9.0  # log2 of ms: shorter triples say little of the tempo


def lookalikes(
    found: Landmarks,
    index: TripleIndex,
    sizes: npt.NDArray[np.int64],
    kept_at: Callable[[int], Kept | None],
    law: ChanceLaw,
) -> tuple[Lookalike, ...]:
    """The generations whose recording some part of the file seems to be, strongest first.

    The rate told counts every comparison that was open to the search: all windows of the file, all
    recordings kept, all geometries tried. `sizes` are the landmarks of each serial; (serial,).
    """
    windows = _windows(found)
    tried = len(windows) * index.last_serial * _GEOMETRIES
    best: dict[int, tuple[Agreement, Kept]] = {}
    for window, serial in _candidates(windows, index, sizes):
        kept = kept_at(serial)
        if kept is None:
            continue
        for tempo, pitch in _geometries(asked_triples(window), kept_triples(kept.landmarks)):
            result = agreement(window, kept.landmarks, pitch=pitch, tempo=tempo)
            if result is not None and (
                serial not in best or result.strength > best[serial][0].strength
            ):
                best[serial] = (result, kept)
    told = [
        Lookalike(kept.generation_id, result.compared, result.agreeing, result.offset_ms, rate)
        for result, kept in sorted(best.values(), key=lambda item: -item[0].strength)
        if (rate := law.rate(result.strength, result.places * tried)) <= FALSE_AGREEMENTS_MAX
    ]
    return tuple(told[:LOOKALIKES_MAX])


def _windows(found: Landmarks) -> list[Landmarks]:
    if not len(found):
        return []
    count = max(1, round(float(found.time_ms[-1]) / _WINDOW_MS))
    length = (float(found.time_ms[-1]) + 1.0) / count
    return [found.between(n * length, (n + 1) * length) for n in range(count)]


def _candidates(
    windows: list[Landmarks], index: TripleIndex, sizes: npt.NDArray[np.int64]
) -> list[tuple[Landmarks, int]]:
    """The pairs of a window and a serial that stand out most among all of the file."""
    offered: list[tuple[float, int, int]] = []
    for number, window in enumerate(windows):
        serials, shared = index.shared(asked_triples(window).key)
        # A longer recording shares more by chance; its own size says how much more.
        expected = np.maximum(shared.sum() * sizes[serials] / max(int(sizes.sum()), 1), 1.0)
        surprise = (shared - expected) / np.sqrt(expected)
        surprise[shared < _SHARED_MIN] = 0.0
        for place in np.argsort(-surprise)[:_CANDIDATES_OF_A_WINDOW]:
            if surprise[place] > 0:
                offered.append((float(surprise[place]), number, int(serials[place])))
    offered.sort(reverse=True)
    return [(windows[number], serial) for _, number, serial in offered[:_CANDIDATES_MAX]]


def _geometries(asked: Triples, kept: Triples) -> list[tuple[float, float]]:
    """The likeliest tempos and pitches of a copy, from the triples that both share."""
    order = np.argsort(kept.key, kind="stable")
    keys = kept.key[order]
    low, high = np.searchsorted(keys, asked.key), np.searchsorted(keys, asked.key, side="right")
    counts = high - low
    one = np.repeat(np.arange(len(asked)), counts)
    starts = np.repeat(low - np.concatenate(([0], counts.cumsum()[:-1])), counts)
    two = order[np.arange(int(counts.sum())) + starts]
    long = asked.length[one] >= _LENGTH_MIN
    tempo = (kept.length[two] - asked.length[one])[long]
    pitch = (asked.pitch[one] - kept.pitch[two])[long]
    found: list[tuple[float, float]] = []
    free = np.ones(len(tempo), np.bool_)
    for _ in range(_GEOMETRIES):
        if not free.any():
            break
        votes = _votes(tempo[free], pitch[free])
        row, column = np.unravel_index(int(votes.argmax()), votes.shape)
        near = (np.abs(tempo - _at(row)) < _STEP) & (np.abs(pitch - _at(column)) < _STEP)
        if not (near & free).any():
            break
        found.append(
            (float(2 ** np.median(tempo[near & free])), float(2 ** np.median(pitch[near & free])))
        )
        free &= ~near
    return found


def _votes(tempo: Floats64, pitch: Floats64) -> Floats64:
    """How many shared triples speak for each tempo and pitch; (tempo step, pitch step)."""
    size = 2 * _STEPS_EITHER_WAY + 1
    row = np.rint(tempo / _STEP).astype(np.int64) + _STEPS_EITHER_WAY
    column = np.rint(pitch / _STEP).astype(np.int64) + _STEPS_EITHER_WAY
    inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
    flat = np.bincount(row[inside] * size + column[inside], minlength=size * size)
    return np.asarray(uniform_filter(flat.reshape(size, size).astype(np.float64), 3))


def _at(step: np.intp) -> float:
    return (int(step) - _STEPS_EITHER_WAY) * _STEP
