"""How well two fingerprints agree: one constellation of landmarks is slid along the other.

Every pair of landmarks of one pitch votes for the offset in time at which they would coincide. In
one and the same recording the votes of a stretch fall on one offset. What chance gives at an offset
is read off the offsets around it, so that music in one key, or one beat, raises the bar for itself.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from watermark.fingerprint.landmarks import Landmarks

Votes = npt.NDArray[np.float64]  # (offset bin,)

BLOCK_MS: Final = 30_000.0
STRETCH_MS_MIN: Final = 3_000.0
LANDMARKS_MIN: Final = 24  # fewer decide nothing
BLOCKS_MAX: Final = 8  # spread over a longer stretch; bounds the work on hours
_PART_MS: Final = 5_000.0  # short enough that an error of the tempo does not smear the votes
_BIN_MS: Final = 16.0
_PITCH_TOLERANCE: Final = 1 / 56  # octaves: 21 cents
_DRIFTS: Final = (-0.004, -0.002, 0.0, 0.002, 0.004)  # errors of a tempo that are tried
_AROUND_BINS: Final = 125  # 2 s either way tell what chance gives
_RUNNER_UP_ASKED: Final = 15.0  # weaker agreements are chance anyway
_RUNNER_UP_USUAL: Final = 7.0  # what the best of unrelated offsets reaches
_BLUR_BINS: Final = 2
_NEAR_BINS: Final = 31  # half a second either way belongs to one offset
_CHANCE_MIN: Final = 0.5  # votes: keeps nearly empty surroundings from looking like proof


@dataclass(frozen=True)
class Agreement:
    """The best offset of a stretch in a recording.

    `agreeing` of `compared` landmarks coincide when the stretch begins `offset_ms` into the
    recording; `strength` is the likelihood ratio of so many against what chance gives there, in
    nats, divided by how far the next best offset exceeds the usual; `places` counts the offsets
    tried.
    """

    compared: int
    agreeing: int
    offset_ms: int
    strength: float
    places: int


def agreement(
    found: Landmarks, registered: Landmarks, *, pitch: float = 1.0, tempo: float = 1.0
) -> Agreement | None:
    """The best agreement of a stretch of a found file with a registered recording.

    `pitch` and `tempo` are what the found copy's frequencies and tempo were multiplied by. None
    when the stretch or the recording is too short to tell. A stretch over 30 s is looked at in
    blocks of 30 s, at most 8; the best block counts, and every block's places are counted.
    """
    if not _enough(found) or not _enough(registered):
        return None
    undone = Landmarks(
        found.time_ms * np.float32(tempo), found.pitch - np.float32(math.log2(pitch)), found.strong
    )
    by_pitch = np.argsort(registered.pitch, kind="stable")
    pitches = registered.pitch[by_pitch].astype(np.float64)
    times = registered.time_ms[by_pitch].astype(np.float64)
    results = [
        best
        for block in _blocks(undone)
        if (best := _best_offset(block, pitches, times)) is not None
    ]
    if not results:
        return None
    best = max(results, key=lambda result: result.strength)
    first_ms = float(undone.time_ms[0])
    return Agreement(
        best.compared,
        best.agreeing,
        round(best.offset_ms + first_ms),
        best.strength,
        sum(result.places for result in results),
    )


def _enough(landmarks: Landmarks) -> bool:
    if len(landmarks) < LANDMARKS_MIN:
        return False
    return bool(landmarks.time_ms[-1] - landmarks.time_ms[0] >= STRETCH_MS_MIN)


def _blocks(found: Landmarks) -> list[Landmarks]:
    start, end = float(found.time_ms[0]), float(found.time_ms[-1])
    count = max(1, math.ceil((end - start) / BLOCK_MS - 0.5))
    length = (end - start) / count + 1.0
    chosen = np.unique(np.linspace(0, count - 1, min(count, BLOCKS_MAX)).round())
    blocks = [found.between(start + n * length, start + (n + 1) * length) for n in chosen]
    return [block for block in blocks if len(block) >= LANDMARKS_MIN]


def _best_offset(block: Landmarks, pitches: Votes, times: Votes) -> Agreement | None:
    """The offset with the strongest agreement; `offset_ms` is that of the file's beginning."""
    first = float(times.min()) - float(block.time_ms[-1])
    last = float(times.max()) - float(block.time_ms[0])
    bins = int((last - first) / _BIN_MS) + 3
    parts = _parts(block)
    counted = [(centre, _votes(part, pitches, times, first, bins)) for centre, part in parts]
    best: Agreement | None = None
    for drift in _DRIFTS if len(parts) > 1 else (0.0,):
        votes = np.zeros(bins)
        for centre, part_votes in counted:
            votes += np.roll(part_votes, -round(drift * centre / _BIN_MS))
        strength = _strengths(votes, votes)
        place = int(strength.argmax())
        if best is None or strength[place] > best.strength:
            places = bins * len(_DRIFTS)
            offset = round(first + place * _BIN_MS)
            best = Agreement(
                len(block), round(float(votes[place])), offset, float(strength[place]), places
            )
            best_votes, best_place = votes, place
    if best is None or best.strength < _RUNNER_UP_ASKED:
        return best
    itself = _own_votes(block, pitches, times, best.offset_ms, first, bins)
    runner_up = _runner_up(best_votes, itself, best_place)
    return replace(best, strength=best.strength / max(1.0, runner_up / _RUNNER_UP_USUAL))


def _parts(block: Landmarks) -> list[tuple[float, Landmarks]]:
    """A block in pieces of about 5 s, each with its centre from the block's middle, in ms."""
    start, end = float(block.time_ms[0]), float(block.time_ms[-1]) + 1.0
    edges = np.linspace(start, end, max(1, round((end - start) / _PART_MS)) + 1).tolist()
    middle = (start + end) / 2
    return [
        ((left + right) / 2 - middle, block.between(left, right))
        for left, right in itertools.pairwise(edges)
    ]


def _own_votes(
    block: Landmarks, pitches: Votes, times: Votes, offset_ms: int, first: float, bins: int
) -> Votes:
    """What the stretch of the recording that lies under the block votes for in the recording."""
    start, end = float(block.time_ms[0]) + offset_ms, float(block.time_ms[-1]) + offset_ms
    under = (times >= start) & (times <= end)
    moved = (times[under] - offset_ms).astype(np.float32)
    part = Landmarks(moved, pitches[under].astype(np.float32), np.ones(len(moved), np.bool_))
    return _votes(part, pitches, times, first, bins)


def _runner_up(votes: Votes, itself: Votes, place: int) -> float:
    """The strength of the next best offset, less what the recording's own repeats explain.

    A copy of music that repeats itself agrees again where the music does. Other music in the same
    beat and key agrees again at every beat, and its best offset is no better than the next.
    """
    near = slice(max(0, place - _NEAR_BINS), place + _NEAR_BINS + 1)
    share = votes[place] / max(float(itself[near].max()), 1.0)
    blurred = maximum_filter1d(itself, 2 * _BLUR_BINS + 1)  # as wow and coding blur the votes
    unexplained = np.maximum(votes - share * blurred, 0.0)
    unexplained[near] = 0.0
    return float(_strengths(unexplained, votes).max())


def _votes(part: Landmarks, pitches: Votes, times: Votes, first: float, bins: int) -> Votes:
    """How many landmarks of `part` coincide with one of the recording at each offset.

    Three neighbouring bins count together: 48 ms.
    """
    low = np.searchsorted(pitches, part.pitch - _PITCH_TOLERANCE)
    high = np.searchsorted(pitches, part.pitch + _PITCH_TOLERANCE)
    counts = high - low
    starts = np.repeat(low - np.concatenate(([0], counts.cumsum()[:-1])), counts)
    partners = np.arange(int(counts.sum())) + starts
    offsets = times[partners] - np.repeat(part.time_ms, counts)
    where = np.rint((offsets - first) / _BIN_MS).astype(np.int64)
    votes = np.bincount(where, minlength=bins)[:bins].astype(np.float64)
    together = votes.copy()
    together[1:] += votes[:-1]
    together[:-1] += votes[1:]
    return together


def _strengths(votes: Votes, background: Votes) -> Votes:
    """Log-likelihood ratio of votes at each offset against what chance gives around it."""
    width = min(2 * _AROUND_BINS + 1, len(votes))
    expected = np.convolve(background, np.ones(width) / width, "same")
    expected = np.maximum(expected, _CHANCE_MIN)
    ratio = np.maximum(votes, expected) / expected
    strengths: Votes = votes * np.log(ratio) - np.maximum(votes - expected, 0.0)
    return strengths
