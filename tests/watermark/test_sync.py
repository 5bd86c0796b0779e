from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.watermark.conftest import KEY
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import EpochKey, codebook, codewords
from watermark.identity.sync import ALIGNMENTS, Alignment, best_alignments, sync_z
from watermark.payload import GenerationId

BOOK = codebook(KEY)


def _noise(seed: int, windows: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(windows, CODEWORD_PAIRS, BANDS, PHASES, generator=generator)


@pytest.mark.parametrize(("phase", "offset"), [(0, 0), (5, 77), (7, 124), (0, 1)])
def test_the_alignment_is_found_where_it_was_put(phase: int, offset: int) -> None:
    window = _noise(phase)
    chips = codewords(KEY, [GenerationId(3)])[0]
    window[0, :, :, phase] += 0.25 * chips.roll(offset, dims=0)

    z = sync_z(BOOK, window)[0]

    assert best_alignments(z, 1) == [Alignment(phase, offset)]
    assert float(z.max()) == pytest.approx(0.25 * math.sqrt(1000), abs=3)


def test_z_is_the_defining_sum_over_the_cells_of_sync_alone() -> None:
    window = _noise(9)
    sync = BOOK.sync.numpy()

    z = sync_z(BOOK, window)[0]

    for place in (0, 13, 999):
        phase, offset = place % PHASES, place // PHASES
        placed = np.roll(sync, offset, axis=0)
        evidence = window[0, :, :, phase].numpy()
        norm = math.sqrt(float((evidence[placed != 0] ** 2).sum()))
        assert float(z[place]) == pytest.approx(float((placed * evidence).sum()) / norm, abs=1e-4)


def test_loud_evidence_in_cells_of_the_slots_leaves_sync_alone() -> None:
    window = _noise(4)
    louder = window.clone()
    louder[0, :, :, 2] += 50.0 * (BOOK.sync == 0).roll(30, dims=0)
    place = Alignment(2, 30).place

    before, after = sync_z(BOOK, window)[0], sync_z(BOOK, louder)[0]

    assert float(after[place]) == pytest.approx(float(before[place]), abs=1e-2)


def test_chance_agreement_has_unit_variance_on_the_most_unnatural_evidence() -> None:
    window = torch.zeros(1, CODEWORD_PAIRS, BANDS, PHASES)
    window[:, :40, :20] = 1.0  # a block of equal cells, all else empty

    keys = (EpochKey(bytes([number]) * 32) for number in range(60))
    z = torch.stack([sync_z(codebook(key), window)[0, ::200] for key in keys])

    assert float(z.std()) == pytest.approx(1.0, abs=0.15)
    assert abs(float(z.mean())) < 0.25


def test_no_evidence_scores_nothing() -> None:
    assert float(sync_z(BOOK, torch.zeros(2, CODEWORD_PAIRS, BANDS, PHASES)).abs().max()) == 0.0


def test_evidence_of_a_few_cells_cannot_score_more_than_they_are() -> None:
    """One cell is one coin toss: at most one deviation, wherever rounding leaves the rest."""
    window = torch.zeros(1, CODEWORD_PAIRS, BANDS, PHASES)
    window[0, 60, 20, 3] = 2.0

    assert float(sync_z(BOOK, window).abs().max()) <= 1.001


def test_windows_are_scored_one_by_one() -> None:
    windows = _noise(5, windows=3)

    together = sync_z(BOOK, windows)

    assert together.shape == (3, ALIGNMENTS)
    for number in range(3):
        alone = sync_z(BOOK, windows[number : number + 1])[0]
        assert torch.allclose(together[number], alone, atol=1e-4)


def test_the_alignments_offered_are_peaks_and_fall_in_height() -> None:
    z = torch.zeros(ALIGNMENTS)
    z[[0, 1, 500, 998, 999]] = torch.tensor([9.0, 4.0, 7.0, 3.0, 8.0])
    z[700] = 5.0

    # 999 and 1 are the neighbours of 0, around the cycle; 998 is one of 999
    assert [one.place for one in best_alignments(z, 3)] == [0, 500, 700]


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [
        (Alignment(0, 0), Alignment(0, 0), True),
        (Alignment(0, 0), Alignment(1, 0), True),
        (Alignment(0, 0), Alignment(7, 124), True),
        (Alignment(0, 0), Alignment(2, 0), False),
        (Alignment(0, 1), Alignment(7, 0), True),
        (Alignment(0, 1), Alignment(0, 0), False),
    ],
)
def test_nearness_is_cyclic(first: Alignment, second: Alignment, near: bool) -> None:
    assert first.near(second) is near
    assert second.near(first) is near


@pytest.mark.parametrize("place", [0, 7, 8, 999])
def test_a_place_and_its_alignment_are_the_same(place: int) -> None:
    assert Alignment.at(place).place == place
    assert (
        Alignment.at(place + ALIGNMENTS) == Alignment.at(place - ALIGNMENTS) == Alignment.at(place)
    )
