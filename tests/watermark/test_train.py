"""Training: repeatable, resumable, and honest arithmetic in its evaluation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from watermark.presence.checkpoints import load_compact
from watermark.presence.layer import Calibration
from watermark.train.__main__ import main
from watermark.train.presence import evaluation
from watermark.train.presence.corpus import pool
from watermark.train.presence.effects import EFFECTS, attacked, change_speed
from watermark.train.presence.export import export
from watermark.train.presence.loss import presence_loss
from watermark.train.presence.recipe import Recipe
from watermark.train.presence.trainer import Trainer
from watermark.train.state import TrainingRefused

TINY = Recipe(
    seed=5,
    steps=6,
    corpus_clips=4,
    clip_seconds=1.2,
    batch_pairs=3,
    heard_samples=6400,
    spare_samples=1280,
    effects_full_step=1,
    codec_from_step=0,
    half_precision_until_step=0,
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


def test_three_steps_from_a_seed_give_the_same_weights_twice(clips: np.ndarray) -> None:
    first, second = trained(clips, 3), trained(clips, 3)

    for name, tensor in first.networks.state_dict().items():
        assert torch.equal(tensor, second.networks.state_dict()[name]), name
        assert torch.equal(first.average[name], second.average[name])
    assert not torch.equal(
        next(first.networks.parameters()), next(trained(clips, 0).networks.parameters())
    )


def test_half_precision_bears_every_effect(clips: np.ndarray) -> None:
    recipe = replace(TINY, batch_pairs=16, half_precision_until_step=10)

    assert np.isfinite(trained(clips, 0, recipe).step().loss)


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    clips: np.ndarray, tmp_path: Path
) -> None:
    trained(clips, 2).save(tmp_path / "state.safetensors")
    resumed = Trainer(TINY, clips, torch.device("cpu"))
    resumed.resume(tmp_path / "state.safetensors")
    resumed.step()
    whole = trained(clips, 3)

    assert resumed.step_number == whole.step_number
    assert resumed.snr_db == whole.snr_db
    for name, tensor in whole.networks.state_dict().items():
        assert torch.equal(tensor, resumed.networks.state_dict()[name]), name
        assert torch.equal(whole.average[name], resumed.average[name])


def test_a_state_of_another_recipe_or_a_broken_one_is_refused(
    clips: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "state.safetensors"
    trained(clips, 1).save(path)
    other = Trainer(replace(TINY, steps=7), clips, torch.device("cpu"))

    with pytest.raises(TrainingRefused, match="another recipe"):
        other.resume(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingRefused, match="cannot be read"):
        other.resume(path)


def test_exported_weights_load_and_training_can_start_from_them(
    clips: np.ndarray, tmp_path: Path
) -> None:
    trainer = trained(clips, 2)
    networks = load_compact(export(trainer, tmp_path, Calibration(window_threshold=0.5)))
    again = Trainer(replace(TINY, snr_start_db=20.0), clips, torch.device("cpu"))
    again.begin_from(networks.generator, networks.detector)

    assert networks.card["calibration"]["window_threshold"] == 0.5
    assert networks.card["training"]["steps_done"] == 2
    for name, tensor in again.networks.state_dict().items():
        assert torch.allclose(tensor, trainer.average[name], atol=2e-3), name
    assert again.step().snr_db == pytest.approx(20.0, abs=0.1)


def test_a_recipe_is_changed_by_name_and_unknown_names_are_refused() -> None:
    changed = Recipe().changed(["batch_pairs=4", "raise_above=0.8"])

    assert (changed.batch_pairs, changed.raise_above) == (4, 0.8)
    for wrong in ("loudness=3", "started_from=3", "seed=one", "seed"):
        with pytest.raises(ValueError):
            Recipe().changed([wrong])


def test_the_corpus_is_made_once_and_repeats_by_seed(clips: np.ndarray, tmp_path: Path) -> None:
    again = pool(TINY, tmp_path)

    assert np.array_equal(again, clips)
    assert clips.shape == (4, 19200)
    assert not np.array_equal(clips[0], clips[1])
    assert [p.name for p in tmp_path.iterdir()] == ["corpus-5-4-1.2.npy"]


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_every_effect_keeps_the_shape_and_lets_gradients_through(name: str) -> None:
    sound = 0.1 * torch.randn(4, 1, 8000, generator=torch.Generator().manual_seed(2))
    sound[2:] = sound[:2]
    sound.requires_grad_(True)

    after = EFFECTS[name](sound, np.random.default_rng(3))
    torch.autograd.backward(after.square().sum())

    assert after.shape == sound.shape
    assert sound.grad is not None
    assert float(sound.grad.abs().sum()) > 0
    assert torch.allclose(after[:2], after[2:], atol=1e-4), "both of a pair meet the same fate"


def test_labels_follow_a_change_of_speed() -> None:
    labels = torch.zeros(1, 1, 1000)
    labels[..., 500:] = 1.0
    sound, moved = change_speed(torch.zeros(1, 1, 1000), labels, 1.25)

    assert sound.shape[-1] == moved.shape[-1] == 800
    assert int((moved[0, 0] > 0.5).float().argmax()) == pytest.approx(400, abs=2)


def test_marked_rows_stay_before_unmarked_ones_through_the_attacks() -> None:
    labels = torch.cat([torch.ones(5, 1, 8000), torch.zeros(5, 1, 8000)])
    _, after = attacked(
        torch.randn(10, 1, 8000),
        labels,
        np.random.default_rng(1),
        strength=0.0,
        codec=False,
        heard=6400,
    )

    assert torch.equal(after, labels[..., :6400])


def test_the_loss_falls_as_the_two_sides_part() -> None:
    labels = torch.cat([torch.ones(3, 1, 6400), torch.zeros(3, 1, 6400)])
    side = labels[:, 0, ::320] * 2 - 1
    jitter = 0.1 * torch.randn(6, 20, generator=torch.Generator().manual_seed(1))

    losses = [presence_loss(gain * side + jitter, labels) for gain in (-1.0, 0.0, 1.0)]

    assert losses[0][0] > losses[1][0] > losses[2][0]
    assert losses[0][1] == 0.0
    assert losses[2][1] == 1.0


def test_the_area_under_the_curve_counts_pairs() -> None:
    rate = evaluation.area_under_curve([3.0, 1.0], [2.0, 0.0])

    assert rate.value == 0.75
    assert rate.low < 0.75 <= rate.high


def test_a_share_of_nothing_in_sixty_has_the_exact_interval() -> None:
    rate = evaluation.share(0, 60)

    assert rate.value == 0.0
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 60), abs=1e-6)


@pytest.mark.parametrize("name", sorted(evaluation.ATTACKS))
def test_every_attack_leaves_finite_audio(name: str) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 6 * 16000).astype(np.float32)
    after = evaluation.ATTACKS[name](sound, np.random.default_rng(2))

    assert np.all(np.isfinite(after))
    assert 0.8 * 5 * 16000 <= len(after) <= 1.2 * len(sound)


def test_a_folder_without_audio_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no"):
        next(evaluation.clips_of_folder(tmp_path, 1, 1))


def test_the_command_evaluates_writes_the_card_and_refuses_missing_weights(
    clips: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export(trained(clips, 1), tmp_path)
    quick = {name: evaluation.ATTACKS[name] for name in ("none", "white noise 20 dB")}
    monkeypatch.setattr(evaluation, "ATTACKS", quick)
    monkeypatch.setattr(evaluation, "CLIP_SECONDS", 2.0)
    status = main(["evaluate", "--weights", str(tmp_path), "--clips", "2", "--write"])
    reports = json.loads(capsys.readouterr().out)
    refused = main(["evaluate", "--weights", str(tmp_path / "none")])

    assert status == 0
    assert [row["attack"] for row in reports[0]["results"]] == list(quick)
    assert reports[0]["clips"] == 2
    assert "calibration" in json.loads((tmp_path / "compact.json").read_text())
    assert "white noise 20 dB" in (tmp_path / "MODEL_CARD.md").read_text()
    assert refused == 2
    assert "no such file" in capsys.readouterr().err
