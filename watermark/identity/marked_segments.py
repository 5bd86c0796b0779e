"""Where in a file an id's mark lies, from the evidence for it in each 128 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.identity.cells import CODEWORD_PAIRS

SignedEvidence = npt.NDArray[np.float32]  # (pair, band): chip times evidence

_STRONGEST_PAIRS: Final = 32  # 4 s in which the mark's own strength is read
_BREAK_EVEN: Final = 0.5  # deviations per pair; a mark at 24 dB has 0.7 to 2
_SHORT_GAP_PAIRS: Final = 8  # 1 s
_WITNESS_PAIRS_MIN: Final = 8  # 1 s
_SEGMENT_Z_MIN: Final = 5.0  # a stretch chosen from ~ 10^4 by its sum needs more than 4


@dataclass(frozen=True)
class Stretch:
    """Pairs `first` to `past_last - 1`, and their joint z."""

    first: int
    past_last: int
    z: float


def stretches(signed: SignedEvidence) -> list[Stretch]:
    """All stretches in which the id is heard, in order; `signed` is (pair, band).

    Stretches are the maximal scoring subsequences (Ruzzo and Tompa 1999) of agreement over half
    a deviation, or over half of what a fainter mark reaches at its strongest; joined over gaps too
    short to be told from a quiet moment, and trimmed by each stretch's own strength.
    """
    norm = np.sqrt(np.square(signed, dtype=np.float64).sum(1))
    heard = np.flatnonzero(norm)
    agreement = signed.sum(1, dtype=np.float64) / np.maximum(norm, 1e-6)
    agreement = agreement[: heard[-1] + 1 if len(heard) else 0]
    reach = min(_STRONGEST_PAIRS, len(agreement))
    if reach == 0:
        return []
    strength = float(np.convolve(agreement, np.ones(reach) / reach, "valid").max())
    wide = _sure(signed, agreement, 0, len(agreement), min(_BREAK_EVEN, strength / 2))
    found = []
    for first, past_last in _over_short_gaps(wide):
        own_half = float(agreement[first:past_last].mean()) / 2
        if core := _sure(signed, agreement, first, past_last, own_half):
            first, past_last = core[0][0], core[-1][1]
        found.append(Stretch(first, past_last, joint_z(signed[first:past_last])))
    return found


def _sure(
    signed: SignedEvidence,
    agreement: npt.NDArray[np.float64],
    first: int,
    past_last: int,
    break_even: float,
) -> list[tuple[int, int]]:
    """Maximal scoring stretches between two pairs whose own z leaves no doubt."""
    offered = maximal_scoring(agreement[first:past_last] - break_even)
    placed = [(first + start, first + end) for start, end in offered]
    return [(start, end) for start, end in placed if joint_z(signed[start:end]) >= _SEGMENT_Z_MIN]


def _over_short_gaps(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, past_last in found:
        if joined and first - joined[-1][1] <= _SHORT_GAP_PAIRS:
            joined[-1] = (joined[-1][0], past_last)
        else:
            joined.append((first, past_last))
    return joined


def joint_z(signed: SignedEvidence) -> float:
    """z of a stretch. Repeats of the codeword are summed first: their chips are the same tosses,

    so that music which repeats with the codeword cannot pass for many independent witnesses.
    """
    pairs, bands = signed.shape
    repeats = -(-pairs // CODEWORD_PAIRS)
    folded = np.zeros((repeats * CODEWORD_PAIRS, bands))
    folded[:pairs] = signed
    folded = folded.reshape(repeats, CODEWORD_PAIRS, bands).sum(0)
    norm = float(np.sqrt(np.square(folded).sum()))
    return float(folded.sum()) / max(norm, 1e-6)


def weaker_half_z(signed: SignedEvidence, found: list[Stretch]) -> float:
    """Cut the codeword in two where half of the evidence in `found` is passed: the weaker z.

    Repeats of a pair fall to the same half: their chips are the same tosses, and a loop would
    otherwise testify twice. A half heard for less than a second is no witness and gives 0.
    Without any stretch the whole is cut. `signed` is (pair, band).
    """
    folded = np.zeros((CODEWORD_PAIRS, signed.shape[1]))
    for first, past_last in [(one.first, one.past_last) for one in found] or [(0, len(signed))]:
        places = np.arange(first, past_last) % CODEWORD_PAIRS
        np.add.at(folded, places, signed[first:past_last])
    energy = np.square(folded).sum(1)
    summed = np.cumsum(energy)
    middle = int(np.searchsorted(summed, summed[-1] / 2))
    halves = (slice(None, middle), slice(middle, None))
    if min(np.count_nonzero(energy[half]) for half in halves) < _WITNESS_PAIRS_MIN:
        return 0.0
    return min(joint_z(folded[half].astype(np.float32)) for half in halves)


@dataclass(frozen=True)
class _Candidate:
    first: int
    past_last: int
    before: float  # cumulative sum up to its beginning
    after: float  # cumulative sum up to its end
    lower: int  # place of the nearest earlier candidate whose `before` is less, or -1


def maximal_scoring(excess: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Ruzzo and Tompa's algorithm: disjoint stretches, each of which no neighbour improves.

    Following `lower` instead of every candidate keeps it linear on hours of audio.
    """
    candidates: list[_Candidate] = []
    total = 0.0
    for index, value in enumerate(excess.tolist()):
        before, total = total, total + value
        if value <= 0:
            continue
        first = index
        while True:
            lower = len(candidates) - 1
            while lower >= 0 and candidates[lower].before >= before:
                lower = candidates[lower].lower
            if lower < 0 or candidates[lower].after >= total:
                candidates.append(_Candidate(first, index + 1, before, total, lower))
                break
            first, before = candidates[lower].first, candidates[lower].before
            del candidates[lower:]
    return [(one.first, one.past_last) for one in candidates]
