"""The presence layer: chunks and fused head are exact, decisions are where the mark is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from watermark.presence import layer as audioseal_layer
from watermark.presence.checkpoints import CheckpointRefused, Networks, Reason, build
from watermark.presence.layer import (
    FRAME_SAMPLES,
    AudioSealLayer,
    Calibration,
    Presence,
    frame_log_odds,
    moving_mean,
    summary,
)
from watermark.presence.shaping import bark_bands, envelope, levelled, shaped, standing_out
from watermark.synthesis import HELD_OUT_FAMILIES, clip
from watermark.train.presence.recipe import DECODER, NBITS, SEANET

RATE = 16000


def networks(shaping: str | None = "bark-1") -> Networks:
    """Networks with random weights, shaped as the compact ones or like official ones."""
    torch.manual_seed(7)
    generator, detector = build(SEANET, DECODER, NBITS)
    return Networks(generator.eval(), detector.eval(), "0" * 64, {"shaping": shaping})


def music(seconds: float, seed: int = 1) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(clip(HELD_OUT_FAMILIES, rng, seconds=seconds, sample_rate_hz=RATE))


@pytest.fixture(scope="module")
def trained() -> AudioSealLayer:
    layer = AudioSealLayer.load_default()
    assert layer is not None, "the compact weights are part of the repository"
    return layer


@pytest.mark.parametrize("shaping", ["bark-1", None])
def test_chunks_give_what_the_whole_file_gives(
    monkeypatch: pytest.MonkeyPatch, shaping: str | None
) -> None:
    layer = AudioSealLayer(networks(shaping))
    sound = music(4.3)[: RATE * 4 + 777]
    stereo = torch.stack([sound, 0.5 * sound.flip(0)])
    whole_mark, whole_odds = layer.embed(stereo), layer.log_odds(sound)

    monkeypatch.setattr(audioseal_layer, "CHUNK_SAMPLES", 50 * FRAME_SAMPLES)

    assert torch.allclose(layer.embed(stereo), whole_mark, atol=1e-6)
    assert torch.allclose(layer.log_odds(sound), whole_odds, atol=1e-5)


def test_the_fused_head_is_the_stock_detector_averaged_over_frames() -> None:
    detector = networks().detector
    seen = 0.1 * torch.randn(2, 1, 20 * FRAME_SAMPLES, generator=torch.Generator().manual_seed(3))

    with torch.inference_mode():
        stock = detector.detector(seen)
        expected = (stock[:, 1] - stock[:, 0]).reshape(2, 20, FRAME_SAMPLES).mean(dim=-1)
        found = frame_log_odds(detector, seen)

    assert float((expected - found).abs().max()) <= 1e-5


def test_the_mark_has_the_shape_of_the_audio_and_lies_as_far_below_as_asked() -> None:
    sound = torch.stack([music(3.0, 1), 0.3 * music(3.0, 2)])
    for snr_db in (26.0, 30.0):
        mark = AudioSealLayer(networks(), snr_db=snr_db).embed(sound)

        assert mark.shape == sound.shape
        for channel in range(2):
            ratio = sound[channel].square().sum() / mark[channel].square().sum()
            assert 10 * math.log10(float(ratio)) >= snr_db - 0.5


def test_an_official_generators_level_is_lowered_and_never_raised() -> None:
    sound = music(2.0)[None]
    loud = AudioSealLayer(networks(None), snr_db=40.0).embed(sound)
    ratio_db = 10 * math.log10(float(sound.square().sum() / loud.square().sum()))
    free = AudioSealLayer(networks(None), snr_db=-200.0).embed(sound)

    assert ratio_db == pytest.approx(40.0, abs=0.1)
    assert float(free.square().mean()) > float(loud.square().mean())


def test_a_silent_channel_stays_silent_and_the_input_is_not_changed() -> None:
    sound = torch.stack([music(1.5), torch.zeros(RATE * 3 // 2)])
    before = sound.clone()
    mark = AudioSealLayer(networks()).embed(sound)

    assert float(mark[1].abs().max()) < 1e-6
    assert torch.equal(sound, before)


def test_the_mark_is_the_same_every_time() -> None:
    sound = music(1.0)[None]

    assert torch.equal(
        AudioSealLayer(networks()).embed(sound), AudioSealLayer(networks()).embed(sound)
    )


@pytest.mark.parametrize("length", [1, 319, 320, 5000])
def test_very_short_audio_gets_an_answer(length: int) -> None:
    layer = AudioSealLayer(networks())
    sound = music(1.0)[:length]

    assert layer.embed(sound[None]).shape == (1, length)
    assert layer.log_odds(sound).shape == (math.ceil(length / FRAME_SAMPLES),)
    assert 0.0 <= layer.detect(sound).score <= 1.0


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(0), "expected samples"),
        (torch.zeros(2, 5), "expected samples"),
        (torch.full((400,), float("nan")), "not finite"),
    ],
)
def test_samples_that_are_no_audio_are_refused(samples: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudioSealLayer(networks()).detect(samples)


def test_silence_is_no_evidence() -> None:
    layer = AudioSealLayer(networks())
    layer.calibration = Calibration(unmarked_mean=-3.0)

    assert torch.equal(layer.log_odds(torch.zeros(3200)), torch.full((10,), -3.0))


def test_a_marked_stretch_is_reported_where_it_is() -> None:
    log_odds = torch.full((500,), -2.0)
    log_odds[200:350] = 3.0

    found = summary(log_odds, Calibration())

    assert len(found.segments) == 1
    assert abs(found.segments[0].start_ms - 4000) <= 200
    assert abs(found.segments[0].end_ms - 7000) <= 200
    assert found.marked_fraction == pytest.approx(0.3, abs=0.03)


def test_audio_without_a_mark_has_no_segments() -> None:
    found = summary(torch.full((500,), -2.0), Calibration())

    assert found == Presence(found.score, 0.0, ())
    assert found.score < 0.5


def test_a_moving_mean_is_the_mean_of_every_window() -> None:
    values = torch.tensor([1.0, 2.0, 4.0, 8.0])

    assert moving_mean(values, 2).tolist() == [1.5, 3.0, 6.0]
    assert moving_mean(values, 9).tolist() == [3.75]


def test_scores_never_overflow() -> None:
    calibration = Calibration(score_gain=50.0)

    assert calibration.score(-1000.0) == pytest.approx(0.0)
    assert calibration.score(1000.0) == pytest.approx(1.0)


def test_the_bark_bands_share_out_every_bin_once() -> None:
    sums = bark_bands().sum(dim=0)
    inside = sums > 0

    assert torch.allclose(sums[inside], torch.ones(int(inside.sum())), atol=1e-5)
    assert int(inside.sum()) > 300


def test_the_envelope_of_a_steady_tone_is_its_rms() -> None:
    tone = torch.sin(2 * math.pi * 1000 * torch.arange(3200) / RATE)[None, None]

    assert torch.allclose(envelope(tone), torch.full((1, 1, 3200), 2**-0.5), atol=1e-3)


def test_levelling_makes_bands_equal_and_ignores_gain() -> None:
    sound = music(1.0)[None, None]
    seen = levelled(sound)

    assert torch.allclose(levelled(0.25 * sound), seen, atol=0.02 * float(seen.abs().max()))
    assert float(seen.abs().max()) < 100.0


def test_a_shaped_mark_hides_under_the_masking_threshold_nearly_everywhere() -> None:
    host = music(2.0, 5)[None, None]
    noise = torch.randn(host.shape, generator=torch.Generator().manual_seed(1))

    assert float(standing_out(shaped(noise, host, 30.0), host)) < 0.05
    flat = noise * envelope(host) * 10 ** (-30 / 20)
    assert float(standing_out(flat, host)) > float(standing_out(shaped(noise, host, 30.0), host))


def test_one_path_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointRefused, match="Name both") as refused:
        AudioSealLayer.load_default(generator_path=tmp_path / "g.pth")

    assert refused.value.reason is Reason.MISSING


def test_without_weights_there_is_no_layer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(audioseal_layer, "COMPACT_CARD", tmp_path / "compact.json")

    assert AudioSealLayer.load_default() is None


def test_the_shipped_weights_tell_marked_audio_from_unmarked(trained: AudioSealLayer) -> None:
    gaps = []
    for seed in range(20, 26):
        sound = music(8.0, seed)
        mark = trained.embed(sound[None])[0]
        gaps.append(trained.detect(sound + mark).score - trained.detect(sound).score)

    assert min(gaps) > 0.0
    assert sum(gaps) / len(gaps) > 0.3


def test_the_shipped_weights_describe_themselves(trained: AudioSealLayer) -> None:
    facts: dict[str, Any] = trained.describe()

    assert facts["weights_sha256"] == trained.weights_sha256
    assert facts["chunks_are_exact"] is True
    assert trained.snr_db == 36.0
