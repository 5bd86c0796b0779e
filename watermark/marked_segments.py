"""Where in a file an id's mark lies, from the evidence for it in each 128 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.cells import CODEWORD_PAIRS

SignedEvidence = npt.NDArray[np.float32]  # (pair, band): chip times evidence

_STRONGEST_PAIRS: Final = 32  # 4 s in which the mark's own strength is read
_SEGMENT_Z_MIN: Final = 5.0  # a stretch chosen from ~ 10^4 by its sum needs more than 4


@dataclass(frozen=True)
class Stretch:
    """Pairs `first` to `past_last - 1`, and their joint z."""

    first: int
    past_last: int
    z: float


def stretches(signed: SignedEvidence) -> list[Stretch]:
    """All stretches in which the id is heard, in order; `signed` is (pair, band).

    A pair speaks for the mark when its agreement exceeds half of what it is where the mark is
    strongest; the stretches are the maximal scoring subsequences of that excess (Ruzzo and Tompa
    1999).
    """
    norm = np.sqrt(np.square(signed, dtype=np.float64).sum(1))
    heard = np.flatnonzero(norm)
    agreement = signed.sum(1, dtype=np.float64) / np.maximum(norm, 1e-6)
    agreement = agreement[: heard[-1] + 1 if len(heard) else 0]
    reach = min(_STRONGEST_PAIRS, len(agreement))
    if reach == 0:
        return []
    strength = float(np.convolve(agreement, np.ones(reach) / reach, "valid").max())
    return [
        Stretch(first, past_last, z)
        for first, past_last in maximal_scoring(agreement - strength / 2)
        if (z := joint_z(signed[first:past_last])) >= _SEGMENT_Z_MIN
    ]


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
