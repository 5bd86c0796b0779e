"""Work that is done in parts, to stay in a processor's cache, and what the whole would give."""

from __future__ import annotations

import numpy as np
import torch

from tests.watermark.conftest import plucked_music
from watermark.identity.cells import band_members, half_band_members, spectrum
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence, energies, local_mean
from watermark.identity.learned_evidence import EvidenceNetwork, LearnedEvidence

REACH = 31  # starts either way


def _span(seed: int = 1) -> torch.Tensor:
    sound = plucked_music(17, rate_hz=16_000, seed=seed)[:, :1]
    return torch.from_numpy(sound.T.astype(np.float32))


def test_energies_are_those_of_the_whole_spectrum_over_all_channels() -> None:
    span = _span()
    both = torch.cat((span, -0.5 * span))
    for members in (band_members(), half_band_members()):
        whole = spectrum(torch.nn.functional.pad(both, (256, 256))).abs().square().sum(0)

        found = energies(both, members=members)

        assert torch.allclose(found, members @ whole, rtol=1e-4, atol=1e-5)


def test_a_local_mean_counts_what_is_held_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    held = (rng.random(200) < 0.7).astype(np.float32)
    values = rng.normal(size=(4, 200)).astype(np.float32) * held

    found = local_mean(torch.from_numpy(values), torch.from_numpy(held)).numpy()

    for start in range(200):
        around = slice(max(0, start - REACH), start + REACH + 1)
        expected = values[:, around].sum(1) / max(held[around].sum(), 1e-6)
        assert np.allclose(found[:, start], expected, atol=1e-5)


def test_the_network_answers_in_parts_as_on_the_whole() -> None:
    torch.manual_seed(4)
    network = EvidenceNetwork(8, halves=True)
    torch.nn.init.normal_(network.answer.weight, std=0.5)
    learned = LearnedEvidence(network)
    maps = torch.randn(9, 40, 700)

    with torch.inference_mode():
        in_parts, whole = learned._answers(maps), network(maps[None])[0]

    assert torch.allclose(in_parts, whole, atol=1e-4)


def test_what_is_kept_from_a_search_serves_training_too() -> None:
    with torch.inference_mode():
        block_evidence(torch.nn.functional.pad(_span(), (EVIDENCE_CONTEXT, EVIDENCE_CONTEXT)))
    span = torch.nn.functional.pad(_span(2), (EVIDENCE_CONTEXT, EVIDENCE_CONTEXT)).requires_grad_()

    block_evidence(span).square().sum().backward()

    assert span.grad is not None
    assert torch.isfinite(span.grad).all()
