"""The learned detector and embedder: what holds for any weights, and refusal of wrong ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from watermark.identity.cells import (
    BANDS,
    BLOCK_SAMPLES,
    CODEWORD_PAIRS,
    HOP,
    PHASE_FRAMES,
    PHASES,
)
from watermark.identity.embedder import EMBED_CONTEXT, mark_change, prepared, survey
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.learned_evidence import EvidenceNetwork, LearnedEvidence
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.masking import masking
from watermark.identity.networks import Reason, WeightsRefused, load_networks
from watermark.identity.strength import Allowance
from watermark.synthesis import TRAINING_FAMILIES, clip

Spoil = Callable[[Path], None]


def _codeword(seed: int) -> Tensor:
    chips = np.random.default_rng(seed).choice([-1.0, 1.0], size=(CODEWORD_PAIRS, BANDS))
    return torch.from_numpy(chips.astype(np.float32))


def _restless(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Weights that do something, without training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def learned() -> LearnedEvidence:
    network = _restless(EvidenceNetwork(halves=True))
    assert isinstance(network, EvidenceNetwork)
    return LearnedEvidence(network)


@pytest.fixture(scope="module")
def depths() -> StrengthNetwork:
    network = _restless(StrengthNetwork())
    assert isinstance(network, StrengthNetwork)
    return network


@pytest.fixture(scope="module")
def music() -> Tensor:
    """One codeword of synthesised music with the detector's context, all sound; (time,)."""
    rng = np.random.default_rng(8)
    seconds = (BLOCK_SAMPLES + 2 * EVIDENCE_CONTEXT) / 16_000
    sound = clip(TRAINING_FAMILIES, rng, seconds=seconds, sample_rate_hz=16_000)
    return torch.from_numpy(np.asarray(sound, dtype=np.float32))


def test_untrained_it_answers_as_the_classical_correlator(music: Tensor) -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        learned = LearnedEvidence(EvidenceNetwork())(music[None])
    classical = block_evidence(music[None])

    pair = torch.stack((learned.flatten(), classical.flatten()))
    assert float(torch.corrcoef(pair)[0, 1]) > 0.95


@pytest.mark.parametrize("factor", [-1.0, 0.05, -3.0])
def test_neither_gain_nor_polarity_enters(
    music: Tensor, learned: LearnedEvidence, factor: float
) -> None:
    plain, changed = learned(music[None]), learned(factor * music[None])

    assert float((plain - changed).abs().max()) < 0.02 * float(plain.abs().max())


def test_two_frames_later_is_the_next_phase(music: Tensor, learned: LearnedEvidence) -> None:
    later = music[PHASE_FRAMES * HOP :]

    now, then = learned(music[None]), learned(later[None])

    # in order of time: start 8 p + k of one is start 8 p + k - 1 of the other
    ours = now.permute(1, 0, 2).reshape(BANDS, CODEWORD_PAIRS * PHASES)[:, 1:]
    theirs = then.permute(1, 0, 2).reshape(BANDS, CODEWORD_PAIRS * PHASES)[:, :-1]
    assert torch.allclose(ours, theirs, atol=1e-3 * float(ours.abs().max()))


def test_evidence_depends_on_nothing_beyond_its_context(
    music: Tensor, learned: LearnedEvidence
) -> None:
    longer = torch.nn.functional.pad(music, (0, 4000), value=0.2)

    assert torch.allclose(learned(music[None]), learned(longer[None]), atol=1e-5)


def test_where_the_file_has_no_audio_there_is_no_evidence(learned: LearnedEvidence) -> None:
    assert int(learned(torch.zeros(1, 60_000)).count_nonzero()) == 0
    short = torch.zeros(1, BLOCK_SAMPLES)
    short[0, EVIDENCE_CONTEXT : EVIDENCE_CONTEXT + 32_000] = torch.randn(32_000)
    evidence = learned(short)
    assert int(evidence[:14].count_nonzero()) > 0
    assert int(evidence[17:].count_nonzero()) == 0


def test_no_depth_exceeds_its_cap_and_the_level_still_keeps_the_ratio(
    music: Tensor, depths: StrengthNetwork
) -> None:
    span, codeword = music[None], _codeword(1)
    with torch.inference_mode():
        cells = prepared(span, 0, codeword, depths)
        caps = masking(torch.view_as_real(cells.spectra).square().sum((0, -1))).cap_db
        allowance = Allowance(29.0)
        survey(span, 0, codeword, allowance, depths)
        change = mark_change(span, 0, codeword, level=allowance.level(), network=depths)

    assert bool((cells.strength.cap_db <= caps).all())
    assert bool((cells.strength.depth_db(1e30) <= caps).all())
    host = span[:, EMBED_CONTEXT:-EMBED_CONTEXT]
    ratio_db = 10 * torch.log10(host.square().sum() / change.samples.square().sum())
    assert float(ratio_db) == pytest.approx(29.0, abs=0.7)


def test_a_louder_file_gets_the_same_learned_depths(music: Tensor, depths: StrengthNetwork) -> None:
    changes = []
    for gain in (0.2, 1.0):
        allowance = Allowance(29.0)
        survey(gain * music[None], 0, _codeword(2), allowance, depths)
        level = allowance.level()
        marked = mark_change(gain * music[None], 0, _codeword(2), level=level, network=depths)
        changes.append(marked.samples / gain)

    assert float((changes[0] - changes[1]).norm() / changes[1].norm()) < 0.03


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A card with both networks' weights beside it."""
    torch.manual_seed(3)
    pins = {}
    for kind, network in (("evidence", EvidenceNetwork()), ("strength", StrengthNetwork())):
        path = tmp_path / f"{kind}.safetensors"
        save_file(network.state_dict(), path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        pins[kind] = {"file": path.name, "sha256": sha256}
    card = tmp_path / "identity.json"
    card.write_text(json.dumps({"format": 1, "networks": pins}))
    return card


def test_weights_are_loaded_as_they_were_written(weights: Path) -> None:
    loaded = load_networks(weights)

    assert loaded.evidence is not None and loaded.strength is not None
    torch.manual_seed(3)
    for name, tensor in EvidenceNetwork().state_dict().items():
        assert torch.equal(tensor, loaded.evidence.network.state_dict()[name]), name


def _tamper(card: Path) -> None:
    path = card.parent / "evidence.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _delete(card: Path) -> None:
    (card.parent / "strength.safetensors").unlink()


def _inflate(card: Path) -> None:
    (card.parent / "strength.safetensors").write_bytes(bytes(2_000_000))


def _pinned(card: Path, data: bytes) -> None:
    (card.parent / "evidence.safetensors").write_bytes(data)
    found = json.loads(card.read_text())
    found["networks"]["evidence"]["sha256"] = hashlib.sha256(data).hexdigest()
    card.write_text(json.dumps(found))


def _truncate(card: Path) -> None:
    _pinned(card, (card.parent / "evidence.safetensors").read_bytes()[:-40])


def _swap(card: Path) -> None:
    _pinned(card, (card.parent / "strength.safetensors").read_bytes())


def _scribble(card: Path) -> None:
    card.write_text("{")


def _unknown(card: Path) -> None:
    card.write_text(json.dumps({"format": 1, "networks": {"x": {"file": "x", "sha256": ""}}}))


def _elsewhere(card: Path) -> None:
    found = json.loads(card.read_text())
    found["networks"]["evidence"]["file"] = "../evidence.safetensors"
    card.write_text(json.dumps(found))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_tamper, Reason.WRONG_DIGEST),
        (_delete, Reason.MISSING),
        (_inflate, Reason.TOO_LARGE),
        (_truncate, Reason.DAMAGED),
        (_swap, Reason.WRONG_SHAPE),
        (_scribble, Reason.BAD_CARD),
        (_unknown, Reason.BAD_CARD),
        (_elsewhere, Reason.BAD_CARD),
    ],
)
def test_wrong_weights_are_refused_with_a_reason(
    weights: Path, spoil: Spoil, reason: Reason
) -> None:
    spoil(weights)

    with pytest.raises(WeightsRefused, match="classical detector") as refusal:
        load_networks(weights)

    assert refusal.value.reason is reason
