from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.watermark.conftest import KEY
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PAIR_FRAMES
from watermark.identity.codewords import codewords
from watermark.identity.search import Alignment, IdSearch, all_alignments
from watermark.payload import GenerationId

IDS = [GenerationId(one) for one in range(1, 41)]


def _window(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(CODEWORD_PAIRS, BANDS, PAIR_FRAMES, generator=generator)


def test_scores_are_the_defining_sum_at_every_alignment() -> None:
    window = _window()
    chips = codewords(KEY, IDS[:2]).numpy()

    scores = all_alignments(torch.from_numpy(chips), window)

    for which, offset, phase in [(0, 0, 0), (1, 17, 3), (0, 124, 15)]:
        evidence = window[:, :, phase].numpy()
        product = float((np.roll(chips[which], offset, axis=0) * evidence).sum())
        expected = product / math.sqrt(float((evidence**2).sum()))
        assert float(scores[which, offset, phase]) == pytest.approx(expected, abs=1e-4)


def test_an_id_is_found_at_the_alignment_where_it_was_put() -> None:
    window = _window(1)
    chips = codewords(KEY, [IDS[11]])[0]
    window[:, :, 5] += 0.2 * chips.roll(77, dims=0)

    best = IdSearch(KEY, IDS).best(window[None])[0][0]

    assert best.generation_id == IDS[11]
    assert best.alignment == Alignment(phase=5, offset=77)
    assert best.z == pytest.approx(0.2 * math.sqrt(5000), rel=0.2)


def test_an_id_added_later_is_searched_and_counted_once() -> None:
    window = _window(2)
    window[:, :, 4] += 0.2 * codewords(KEY, [GenerationId(999)])[0]
    search = IdSearch(KEY, IDS)
    before = search.best(window[None])[0][0].generation_id

    search.add([GenerationId(999), GenerationId(999), IDS[0]])

    assert before != GenerationId(999)
    assert search.best(window[None])[0][0].generation_id == GenerationId(999)
    assert len(search) == len(IDS) + 1


def test_more_ids_than_one_product_holds_are_all_searched() -> None:
    window = _window(3)
    many = [GenerationId(5000 + one) for one in range(2100)]
    window[:, :, 0] += 0.3 * codewords(KEY, [many[2077]])[0].roll(3, dims=0)

    assert IdSearch(KEY, many).best(window[None])[0][0].generation_id == many[2077]


def test_nothing_registered_finds_nothing() -> None:
    assert IdSearch(KEY).best(_window()[None]) == [[]]


def test_no_evidence_scores_nothing() -> None:
    empty = torch.zeros(1, CODEWORD_PAIRS, BANDS, PAIR_FRAMES)

    assert all(score.z == 0 for score in IdSearch(KEY, IDS).best(empty)[0])


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [
        (Alignment(0, 0), Alignment(2, 0), True),
        (Alignment(0, 0), Alignment(15, 124), True),
        (Alignment(0, 0), Alignment(3, 0), False),
        (Alignment(0, 1), Alignment(15, 0), True),
    ],
)
def test_nearness_is_cyclic(first: Alignment, second: Alignment, near: bool) -> None:
    assert first.near(second) is near
    assert second.near(first) is near


def test_chance_agreement_has_unit_variance_on_the_most_unnatural_evidence() -> None:
    window = torch.zeros(CODEWORD_PAIRS, BANDS, PAIR_FRAMES)
    window[:10, :3] = 1.0  # thirty equal cells, all else empty

    z = all_alignments(codewords(KEY, IDS * 5), window)[:, ::25, 0].flatten()

    assert float(z.std()) == pytest.approx(1.0, abs=0.1)
    assert abs(float(z.mean())) < 0.15
