from __future__ import annotations

import numpy as np
import pytest

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.identity.marked_segments import (
    Stretch,
    joint_z,
    maximal_scoring,
    stretches,
    weaker_half_z,
)


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

    assert len(found) == 2
    for stretch, (first, past_last) in zip(found, [(50, 130), (400, 480)], strict=True):
        assert abs(stretch.first - first) <= 4
        assert abs(stretch.past_last - past_last) <= 4
        assert stretch.z > 5


def test_noise_has_no_stretch_and_no_evidence_has_none() -> None:
    assert stretches(_evidence(300, [], 1)) == []
    assert stretches(np.zeros((300, BANDS), np.float32)) == []
    assert stretches(np.zeros((0, BANDS), np.float32)) == []


def test_repeats_of_the_same_evidence_prove_no_more_than_one() -> None:
    once = _evidence(CODEWORD_PAIRS, [slice(0, CODEWORD_PAIRS)], 3)

    assert joint_z(np.concatenate([once] * 6)) == pytest.approx(joint_z(once))


@pytest.mark.parametrize("seed", range(5))
def test_a_mark_of_five_seconds_has_two_witnesses(seed: int) -> None:
    signed = _evidence(39, [slice(0, 39)], seed)

    assert weaker_half_z(signed, stretches(signed)) > 3


def test_one_loud_burst_has_no_second_witness() -> None:
    """Ten pairs that agree in every cell: each half of the burst alone is beyond all chance."""
    signed = np.zeros((300, BANDS), np.float32)
    signed[100:110] = 1.0

    found = stretches(signed)

    assert [(one.first, one.past_last) for one in found] == [(100, 110)]
    assert found[0].z == pytest.approx(20)
    assert weaker_half_z(signed, found) == 0.0


def test_a_burst_in_noise_has_no_second_witness() -> None:
    signed = _evidence(300, [], 2)
    signed[100:104] += 3.0

    assert weaker_half_z(signed, [Stretch(60, 200, 0.0)]) < 3


def test_the_second_turn_of_a_loop_is_no_second_witness() -> None:
    """Music of 16 s that repeats meets the same chips again: the first half decides both."""
    once = _evidence(CODEWORD_PAIRS, [slice(0, 40)], 4)
    once[40:] = _evidence(CODEWORD_PAIRS - 40, [], 5)
    looped = np.concatenate([once, once])

    alone = weaker_half_z(once, [Stretch(0, CODEWORD_PAIRS, 0.0)])
    twice = weaker_half_z(looped, [Stretch(0, 2 * CODEWORD_PAIRS, 0.0)])

    assert twice == pytest.approx(alone, abs=1e-4)
    assert twice < 3


def test_halves_are_the_defining_sums() -> None:
    signed = _evidence(300, [slice(0, 300)], 6)
    found = [Stretch(10, 100, 0.0), Stretch(130, 290, 0.0)]
    folded = np.zeros((CODEWORD_PAIRS, BANDS))
    for pair in [*range(10, 100), *range(130, 290)]:
        folded[pair % CODEWORD_PAIRS] += signed[pair]
    energies = [float((row**2).sum()) for row in folded]
    middle = next(k for k in range(CODEWORD_PAIRS) if sum(energies[: k + 1]) >= sum(energies) / 2)
    halves = (folded[:middle], folded[middle:])

    expected = min(float(half.sum() / np.sqrt((half**2).sum())) for half in halves)

    assert weaker_half_z(signed, found) == pytest.approx(expected, abs=1e-4)


def test_no_evidence_has_no_witness() -> None:
    assert weaker_half_z(np.zeros((300, BANDS), np.float32), []) == 0.0
    assert weaker_half_z(np.zeros((0, BANDS), np.float32), []) == 0.0


def test_a_mark_under_the_usual_break_even_is_heard_where_it_is_and_nowhere_else() -> None:
    rng = np.random.default_rng(7)
    signed = rng.normal(size=(3000, BANDS)).astype(np.float32)
    signed[500:2500] += 0.06  # 0.38 deviations a pair

    found = stretches(signed)

    assert sum(one.past_last - one.first for one in found) > 400  # in part: it is very faint
    assert all(one.first > 450 and one.past_last < 2550 for one in found)


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
