"""Informed embedding: heard better at the same level, the same every time, and remembered."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from watermark.presence import refining
from watermark.presence.checkpoints import load_compact
from watermark.presence.layer import COMPACT_CARD, AudioSealLayer
from watermark.synthesis import HELD_OUT_FAMILIES, clip

RATE = 16000
SNR_DB = 36.0


def layer(steps: int) -> AudioSealLayer:
    return AudioSealLayer(load_compact(COMPACT_CARD), snr_db=SNR_DB, refining_steps=steps)


def music(seed: int, seconds: float = 4.0) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(clip(HELD_OUT_FAMILIES, rng, seconds=seconds, sample_rate_hz=RATE))


def test_a_refined_mark_is_heard_better_and_is_no_louder_than_asked() -> None:
    plain, fitted = layer(0), layer(4)
    gains = []
    for seed in range(40, 44):
        sound = music(seed)
        marks = [one.embed(sound[None])[0] for one in (plain, fitted)]
        heard = [float(plain.log_odds(sound + mark).mean()) for mark in marks]
        gains.append(heard[1] - heard[0])
        ratio = sound.square().sum() / marks[1].square().sum()
        assert 10 * math.log10(float(ratio)) >= SNR_DB - 0.5

    assert min(gains) > 0.0


def test_two_layers_refine_alike_inside_and_outside_of_inference() -> None:
    sound = music(50, 2.0)[None]
    outside = layer(2).embed(sound)
    with torch.inference_mode():
        inside = layer(2).embed(sound.clone())

    assert torch.equal(outside, inside)


def test_a_second_reading_of_a_file_is_remembered_and_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refining, "_REMEMBERED", 2)
    asked = []

    def counted(raw: Tensor, host: Tensor, snr_db: float, *_: object) -> Tensor:
        asked.append(float(host[0, 0, 0]))
        return raw + snr_db

    monkeypatch.setattr(refining, "refined", counted)
    refiner = refining.Refiner(layer(0).detector, 1)
    hosts = [torch.full((1, 1, 4), float(number)) for number in range(3)]

    for number in (0, 1, 0, 1, 2, 0):
        answer = refiner(torch.zeros(1, 1, 4), hosts[number], SNR_DB)
        assert answer.tolist() == [[[SNR_DB] * 4]]
    assert asked == [0.0, 1.0, 2.0, 0.0]


def test_another_level_is_another_mark() -> None:
    sound = music(51, 2.0)[None]
    fitted = layer(1)
    quiet = fitted.embed(sound)
    fitted.snr_db = 30.0

    assert float(fitted.embed(sound).square().sum()) > 2.0 * float(quiet.square().sum())


def test_refining_leaves_the_detector_as_it_is() -> None:
    fitted = layer(2)
    before = {name: value.clone() for name, value in fitted.detector.state_dict().items()}
    fitted.embed(music(52, 1.0)[None])

    assert all(torch.equal(before[n], v) for n, v in fitted.detector.state_dict().items())
    assert all(parameter.grad is None for parameter in fitted.detector.parameters())


@pytest.mark.parametrize("samples", [1, 319, 700])
def test_very_short_and_silent_audio_is_refined_without_harm(samples: int) -> None:
    for sound in (music(53, 1.0)[:samples], torch.zeros(samples)):
        mark = layer(2).embed(sound[None])
        assert mark.shape == (1, samples)
        assert bool(torch.isfinite(mark).all())
