from __future__ import annotations

import numpy as np
import pytest

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.identity.marked_segments import joint_z, maximal_scoring, stretches


def _evidence(pairs: int, marked: list[slice], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    signed = rng.normal(size=(pairs, BANDS)).astype(np.float32)
    for where in marked:
        signed[where] += 0.3
    return signed


@pytest.mark.parametrize("seed", range(5))
def test_a_marked_stretch_is_placed_within_half_a_second(seed: int) -> None:
    found = stretches(_evidence(300, [slice(100, 180)], seed))

    assert len(found) == 1
    assert abs(found[0].first - 100) <= 4  # 4 pairs are half a second
    assert abs(found[0].past_last - 180) <= 4


@pytest.mark.parametrize("seed", range(5))
def test_two_distant_stretches_are_two(seed: int) -> None:
    found = stretches(_evidence(600, [slice(50, 130), slice(400, 480)], seed))

    assert [round(s.first, -2) for s in found] == [0, 400] or len(found) == 2
    assert all(stretch.z > 5 for stretch in found)


def test_noise_has_no_stretch_and_no_evidence_has_none() -> None:
    assert stretches(_evidence(300, [], 1)) == []
    assert stretches(np.zeros((300, BANDS), np.float32)) == []
    assert stretches(np.zeros((0, BANDS), np.float32)) == []


def test_repeats_of_the_same_evidence_prove_no_more_than_one() -> None:
    once = _evidence(CODEWORD_PAIRS, [slice(0, CODEWORD_PAIRS)], 3)

    assert joint_z(np.concatenate([once] * 6)) == pytest.approx(joint_z(once))


def _best_then_both_sides(excess: np.ndarray) -> list[tuple[int, int]]:
    """The definition: the best stretch, then the same to its left and to its right."""
    sums = np.concatenate(([0.0], np.cumsum(excess)))
    gain, first, past_last = max(
        (sums[j] - sums[i], i, j) for i in range(len(sums)) for j in range(i, len(sums))
    )
    if gain <= 0:
        return []
    right = _best_then_both_sides(excess[past_last:])
    return [
        *_best_then_both_sides(excess[:first]),
        (first, past_last),
        *((a + past_last, b + past_last) for a, b in right),
    ]


@pytest.mark.parametrize("seed", range(40))
def test_stretches_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    excess = rng.normal(size=int(rng.integers(1, 40))) - 0.2

    assert maximal_scoring(excess) == _best_then_both_sides(excess)
