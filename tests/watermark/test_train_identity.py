"""Training of the identity networks: repeatable, resumable, and it reaches the embedder."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from watermark.identity.learned_evidence import (
    FAST_MAPS,
    HALF_MAPS,
    SLOW_MAPS,
    EvidenceNetwork,
)
from watermark.identity.networks import load_networks
from watermark.train.__main__ import main
from watermark.train.identity import evaluation
from watermark.train.identity.attacks import ATTACKS
from watermark.train.identity.examples import (
    host_samples,
    marked,
    random_codeword,
    seen,
)
from watermark.train.identity.export import export
from watermark.train.identity.growing import grow
from watermark.train.identity.model_card import BEGIN, kept_section, write_section
from watermark.train.identity.pool import draw, pool
from watermark.train.identity.recipe import Recipe
from watermark.train.identity.trainer import Trainer, correlation
from watermark.train.state import TrainingRefused, recipe_of

TINY = Recipe(
    seed=5,
    steps=6,
    corpus_clips=3,
    clip_seconds=2.0,
    batch=2,
    heard_seconds=1.3,
    averaged_share=0.5,
    warmup_steps=2,
    embedder_from_step=0,
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return pool(TINY, tmp_path_factory.mktemp("corpus"))


def trained(clips: np.ndarray, steps: int, recipe: Recipe = TINY) -> Trainer:
    torch.set_num_threads(1)
    trainer = Trainer(recipe, clips, torch.device("cpu"))
    for _ in range(steps):
        trainer.step()
    return trainer


def _same(first: Trainer, second: Trainer) -> None:
    for name, tensor in first.networks.state_dict().items():
        assert torch.equal(tensor, second.networks.state_dict()[name]), name
        assert torch.equal(first.average[name], second.average[name]), name


def test_a_seed_gives_the_same_weights_twice(clips: np.ndarray) -> None:
    first = trained(clips, 2)

    _same(first, trained(clips, 2))
    other = trained(clips, 2, replace(TINY, seed=6))
    weight = "evidence.fast.weight"
    assert not torch.equal(first.average[weight], other.average[weight])


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    clips: np.ndarray, tmp_path: Path
) -> None:
    trained(clips, 2).save(tmp_path / "state.safetensors")
    resumed = Trainer(TINY, clips, torch.device("cpu"))
    resumed.resume(tmp_path / "state.safetensors")
    resumed.step()

    _same(resumed, trained(clips, 3))
    assert resumed.step_number == 3


def test_a_state_of_another_recipe_is_refused(clips: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    trained(clips, 1).save(path)

    with pytest.raises(TrainingRefused, match="another recipe"):
        Trainer(replace(TINY, batch=3), clips, torch.device("cpu")).resume(path)
    path.write_bytes(b"no state")
    with pytest.raises(TrainingRefused, match="cannot be read"):
        Trainer(TINY, clips, torch.device("cpu")).resume(path)


def test_a_state_from_before_a_setting_says_what_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    stored = asdict(TINY)
    del stored["channels"], stored["halves"]
    save_file({}, path, {"recipe": json.dumps(stored)})

    assert recipe_of(path, Recipe) == TINY
    del stored["batch"]
    save_file({}, path, {"recipe": json.dumps(stored)})
    with pytest.raises(TrainingRefused, match="lacks batch"):
        recipe_of(path, Recipe)


@pytest.mark.parametrize("attack", [None, "opus", "white noise", "reverb"])
def test_the_embedder_feels_what_the_detector_says(clips: np.ndarray, attack: str | None) -> None:
    trainer = Trainer(TINY, clips, torch.device("cpu"))
    strength = trainer.networks["strength"]
    rng = np.random.default_rng(1)
    host = torch.from_numpy(draw(clips, rng, host_samples(TINY)))
    chips = random_codeword(rng)

    copy = marked(host, chips, 30.0, strength)  # type: ignore[arg-type]
    if attack is not None:
        copy = ATTACKS[attack](copy, rng)
    loss, _ = trainer.loss([seen(copy, chips)])
    loss.backward()

    gradient = strength.answer.weight.grad  # type: ignore[union-attr]
    assert isinstance(gradient, torch.Tensor)
    assert bool(torch.isfinite(gradient).all()) and float(gradient.abs().max()) > 0


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_every_attack_keeps_length_and_lets_gradients_pass(name: str) -> None:
    sound = torch.randn(8000, generator=torch.Generator().manual_seed(2)).requires_grad_()

    attacked = ATTACKS[name](sound, np.random.default_rng(3))
    attacked.square().sum().backward()

    assert attacked.shape == sound.shape
    assert not torch.equal(attacked.detach(), sound.detach())
    assert sound.grad is not None and bool(torch.isfinite(sound.grad).all())
    assert float(sound.grad.abs().max()) > 0


def test_chips_are_sought_where_they_were_written(clips: np.ndarray) -> None:
    """A strongly marked copy, cut anywhere, agrees with its own chips and no others."""
    rng = np.random.default_rng(4)
    host = torch.from_numpy(draw(clips, rng, host_samples(TINY)))
    chips = random_codeword(rng)
    copy = marked(host, chips, 15.0)
    for cut in (0, 700, 2040):
        found = seen(copy[cut:], chips, cut)
        evidence = found.maps[2][:, found.middles].T  # the classical map

        assert len(found.middles) >= 7
        assert float(correlation(evidence, found.chips)) > 0.3
        assert abs(float(correlation(evidence, found.chips.flip(0, 1)))) < 0.2


def test_the_command_line_trains_exports_and_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("corpus_clips=2", "clip_seconds=2.0", "heard_seconds=1.3", "batch=1")
    options = ["--folder", str(tmp_path), "--steps", "1", "--device", "cpu"]
    fit = ["identity", "fit", *options]
    for setting in (*settings, "embedder_from_step=0"):
        fit += ["--set", setting]

    assert main(fit) == 0
    assert main(["identity", "export", "--folder", str(tmp_path), "--weights", str(tmp_path)]) == 0
    networks = load_networks(tmp_path / "identity.json")
    monkeypatch.setattr(evaluation, "EVALUATION_SECONDS", 3.0)
    monkeypatch.setattr(evaluation, "ATTACKS", {"5 s of it": evaluation._cut(1.0)})
    capsys.readouterr()
    measure = ["identity", "evaluate", "--weights", str(tmp_path), "--clips", "2", "--write"]
    assert main(measure) == 0

    (report,) = json.loads(capsys.readouterr().out)
    assert networks.strength is not None
    assert {row["attack"] for row in report["rows"]} == {"5 s of it", *evaluation.AVERAGED}
    assert set(report["rows"][0]["z"]) == {
        f"{embedder} / {detector}"
        for embedder in ("analytic", "learned")
        for detector in ("classical", "learned")
    }
    assert "identity-evidence.safetensors" in (tmp_path / "MODEL_CARD.md").read_text()


def test_a_further_run_remembers_what_it_began_with(clips: np.ndarray, tmp_path: Path) -> None:
    card = export(trained(clips, 1), tmp_path)
    second = Trainer(TINY, clips, torch.device("cpu"))
    second.begin_from(card)

    assert second.history()["began_with"]["steps_done"] == 1
    kept = json.loads(card.read_text())["networks"]["evidence"]
    assert (
        json.loads(export(second, tmp_path, ["strength"]).read_text())["networks"]["evidence"]
        == kept
    )
    loaded = load_networks(card)
    assert loaded.evidence is not None
    for name, tensor in second.averaged("evidence").items():
        assert torch.equal(tensor, loaded.evidence.network.state_dict()[name])


def test_a_grown_network_answers_as_before_and_can_learn_more() -> None:
    torch.manual_seed(1)
    old, new = EvidenceNetwork(4, halves=False), EvidenceNetwork(7, halves=True)
    with torch.no_grad():
        for weight in old.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    maps = torch.randn(1, FAST_MAPS + SLOW_MAPS + HALF_MAPS, 40, 60)

    grow(old, new)

    assert torch.allclose(old(maps[:, :-HALF_MAPS]), new(maps), atol=1e-4)
    new(maps).square().sum().backward()
    gradient = new.answer.weight.grad
    assert gradient is not None and bool((gradient[:, 4:].abs().amax(0) > 0).all())
    with pytest.raises(ValueError, match="does not fit"):
        grow(new, old)


def test_missing_state_and_unknown_settings_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identity", "export", "--folder", str(tmp_path)]) == 2
    assert "train first" in capsys.readouterr().err
    assert main(["identity", "fit", "--folder", str(tmp_path), "--set", "bad=1"]) == 2
    assert "expected NAME=NUMBER" in capsys.readouterr().err
    assert main(["identity", "evaluate", "--weights", str(tmp_path)]) == 2
    assert "missing" in capsys.readouterr().err


def test_the_section_replaces_its_predecessor_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "MODEL_CARD.md"
    path.write_text("# Another network\n\nkept\n")
    history = {
        "recipe": vars(TINY),
        "steps_done": 1,
        "corpus_sha256": "0" * 64,
        "began_with": None,
    }
    for file in ("first", "second"):
        pins = {"evidence": {"file": file, "sha256": "f" * 64, "training": history}}
        write_section(tmp_path, {"networks": pins}, [], 28.3)

    text = path.read_text()
    assert text.startswith("# Another network\n\nkept\n")
    assert text.count(BEGIN) == 1
    assert "`second`" in text and "`first`" not in text
    assert kept_section(tmp_path).strip().startswith(BEGIN.strip())
    assert kept_section(tmp_path / "nowhere") == ""
