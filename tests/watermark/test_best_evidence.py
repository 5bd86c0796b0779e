"""Which detector is used: the shipped one, or the classical one where none is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from watermark.identity import networks
from watermark.identity.cells import BANDS, BLOCK_SAMPLES, CODEWORD_PAIRS
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.learned_evidence import LearnedEvidence
from watermark.synthesis import HELD_OUT_FAMILIES, clip
from watermark.train.identity.examples import marked


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    networks.shipped.cache_clear()


def test_without_a_card_the_classical_detector_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "IDENTITY_CARD", tmp_path / "identity.json")

    assert networks.best_evidence() is block_evidence
    networks.shipped.cache_clear()


def test_the_shipped_detector_hears_more_than_the_classical_one() -> None:
    """On 8 s of a family that training never saw, marked at 28.3 dB."""
    learned = networks.best_evidence()
    assert isinstance(learned, LearnedEvidence)
    rng = np.random.default_rng(21)
    host = clip(HELD_OUT_FAMILIES, rng, seconds=8.0, sample_rate_hz=16_000)
    chips = torch.from_numpy(
        rng.choice([-1.0, 1.0], size=(CODEWORD_PAIRS, BANDS)).astype(np.float32)
    )
    copy = marked(torch.from_numpy(np.asarray(host, dtype=np.float32)), chips, 28.3)
    span = torch.nn.functional.pad(copy, (EVIDENCE_CONTEXT, BLOCK_SAMPLES - len(copy)))[None]

    z = []
    with torch.inference_mode():
        for evidence in (learned, block_evidence):
            heard = evidence(span)[..., 0]
            z.append(float((heard * chips).sum() / heard.square().sum().sqrt()))

    assert z[0] > 1.05 * z[1] > 10
