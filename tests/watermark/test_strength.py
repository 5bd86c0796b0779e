"""The mark is shared out so that a file's allowance is met and says as much as it can."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from watermark.identity.cells import BANDS, BLOCK_SAMPLES, CODEWORD_PAIRS
from watermark.identity.embedder import EMBED_CONTEXT, mark_change, survey
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.masking import DEEPEST_DB
from watermark.identity.strength import Allowance, Strength
from watermark.synthesis import TRAINING_FAMILIES, clip


def _codeword(seed: int) -> Tensor:
    chips = np.random.default_rng(seed).choice([-1.0, 1.0], size=(CODEWORD_PAIRS, BANDS))
    return torch.from_numpy(chips.astype(np.float32))


@pytest.fixture(scope="module")
def music() -> Tensor:
    """One codeword of synthesised music with the embedder's context; (1, time)."""
    rng = np.random.default_rng(5)
    samples = clip(TRAINING_FAMILIES, rng, seconds=16.0, sample_rate_hz=16_000)
    context = (EMBED_CONTEXT, EMBED_CONTEXT)
    return torch.nn.functional.pad(torch.from_numpy(samples.astype(np.float32)), context)[None]


def _change(music: Tensor, codeword: Tensor, snr_db: float) -> Tensor:
    allowance = Allowance(snr_db)
    survey(music, 0, codeword, allowance)
    return mark_change(music, 0, codeword, level=allowance.level()).samples


@pytest.mark.parametrize("snr_db", [26.0, 28.3, 34.0])
def test_one_reading_finds_the_level_that_keeps_the_signal_to_noise_ratio(
    music: Tensor, snr_db: float
) -> None:
    change = _change(music, _codeword(1), snr_db)

    host = music[:, EMBED_CONTEXT:-EMBED_CONTEXT]
    measured = 10 * math.log10(float(host.square().sum() / change.square().sum()))
    assert measured == pytest.approx(snr_db, abs=0.7)


def test_sharing_out_says_more_than_scaling_everything_alike(music: Tensor) -> None:
    codeword = _codeword(2)
    host = music[:, EMBED_CONTEXT:-EMBED_CONTEXT]
    shared = _change(music, codeword, 30.0)
    full = mark_change(music, 0, codeword).samples
    alike = full * (shared.square().sum() / full.square().sum()).sqrt()

    def z(change: Tensor) -> float:
        span = torch.nn.functional.pad(host + change, (EVIDENCE_CONTEXT, EVIDENCE_CONTEXT))
        evidence = block_evidence(span)[..., 0]
        return float((evidence * codeword).sum() / evidence.square().sum().sqrt())

    assert z(shared) > 1.1 * z(alike)


def test_no_cell_exceeds_what_masking_allows() -> None:
    cells = Strength(torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0, 2.0]]), torch.ones(1, 2))

    assert cells.depth_db(1.0).tolist() == [[1.0, 2.0]]
    assert cells.depth_db(math.inf).tolist() == [[2.0, 2.0]]


def test_a_generous_allowance_gives_every_cell_its_cap(music: Tensor) -> None:
    allowance = Allowance(-10.0)
    survey(music, 0, _codeword(3), allowance)

    assert allowance.level() == math.inf


def test_the_allowance_adds_up_over_spans() -> None:
    generator = torch.Generator().manual_seed(4)
    wish, energy = torch.rand(2, BANDS, 50, generator=generator) + 0.01
    cells = Strength(wish, torch.full_like(wish, DEEPEST_DB), energy)
    whole, halves = Allowance(20.0), Allowance(20.0)

    whole.add(cells, torch.ones_like(wish), host=100.0)
    for part in (slice(0, 25), slice(25, 50)):
        cut = Strength(wish[:, part], cells.cap_db[:, part], energy[:, part])
        halves.add(cut, torch.ones_like(cut.energy), host=50.0)

    assert halves.level() == pytest.approx(whole.level())
    # an independent model: bisect the level on the cells themselves
    level = whole.level()
    cost = float(((10 ** (cells.depth_db(level) / 20) - 1).square() * energy).sum())
    assert cost == pytest.approx(1.0, rel=0.1)


def test_a_louder_copy_gets_the_same_depths(music: Tensor) -> None:
    quiet, loud = (_change(gain * music, _codeword(6), 28.0) for gain in (0.25, 1.0))

    assert float((4 * quiet - loud).norm() / loud.norm()) < 0.02


def test_spans_must_start_on_the_frame_grid(music: Tensor) -> None:
    with pytest.raises(AssertionError):
        mark_change(music, 64, _codeword(7))
    assert music.shape[1] == BLOCK_SAMPLES + 2 * EMBED_CONTEXT
