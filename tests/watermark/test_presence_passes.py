"""Pieces and the fused head answer as the stock networks do in one pass, in memory that is flat."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.watermark.checkpoint_files import DECODER, OFFICIAL, SMALL
from watermark.presence import layer as presence_layer
from watermark.presence.checkpoints import CheckpointRefused, Networks, Reason, build
from watermark.presence.head import FusedHead
from watermark.presence.layer import FRAME_SAMPLES, AudioSealLayer, fastest_precision
from watermark.presence.networks import SEANetEncoderKeepDimension

RATE = 16000
KINDS: dict[str, dict[str, Any]] = {
    "no LSTM": {},
    "LSTM": {"lstm": 2},
    "LSTM, causal": {"lstm": 2, "causal": True},
    "LSTM, full size": {"lstm": 2, "n_filters": 32, "dimension": 128},
}


def stock(kind: str) -> Networks:
    """The audioseal package's networks with random weights, never shaped, as official ones are."""
    torch.manual_seed(11)
    generator, detector = build({**SMALL, **KINDS[kind]}, DECODER, 16)
    return Networks(generator.eval(), detector.eval(), "0" * 64, {})


def noise(seconds: float, channels: int = 1, seed: int = 5) -> Tensor:
    count = round(seconds * RATE)
    return 0.1 * torch.randn(channels, count, generator=torch.Generator().manual_seed(seed))


def stock_rows(networks: Networks, sound: Tensor) -> Tensor:
    """Every row of the stock detector at full rate, before its softmax; (row, time)."""
    with torch.inference_mode():
        rows: Tensor = networks.detector.detector(sound[:1, None])[0]
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_answer_as_the_stock_detector_in_one_pass(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    networks, sound = stock(kind), noise(5.0 + 777 / RATE)
    rows = stock_rows(networks, sound)
    whole = rows.shape[1] // FRAME_SAMPLES * FRAME_SAMPLES
    expected = (rows[1] - rows[0])[:whole].reshape(-1, FRAME_SAMPLES).mean(dim=1)
    monkeypatch.setattr(presence_layer, "CHUNK_SAMPLES", 50 * FRAME_SAMPLES)

    found = AudioSealLayer(networks).log_odds(sound[0])

    assert float((found[: len(expected)] - expected).abs().max()) <= 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_marked_as_the_stock_generator_marks_in_one_pass(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    networks, sound = stock(kind), noise(5.0 + 777 / RATE)
    message = torch.tensor([0, 1] * 8)
    with torch.inference_mode():
        expected = networks.generator.get_watermark(sound[None], message=message[None])[0]
    monkeypatch.setattr(presence_layer, "CHUNK_SAMPLES", 50 * FRAME_SAMPLES)

    found = AudioSealLayer(networks, snr_db=-200.0).embed(sound, message)

    assert float((found - expected).abs().max()) <= 1e-6 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_fused_head_is_the_stock_head(kind: str) -> None:
    networks, sound = stock(kind), noise(1.0)
    encoder = networks.detector.detector[0]
    assert isinstance(encoder, SEANetEncoderKeepDimension)
    rows = stock_rows(networks, sound)
    with torch.inference_mode():
        _, stock_message = networks.detector(sound[:1, None])
        hidden = encoder.model(sound[:1, None])
        head = FusedHead.of(networks.detector)

        odds = head.sample_log_odds(hidden)[0]
        message = torch.sigmoid(head.frame_message(hidden).mean(dim=-1))

    assert float((odds - (rows[1] - rows[0])).abs().max()) <= 1e-6
    assert float((message - stock_message).abs().max()) <= 1e-6


def test_bfloat16_moves_no_frame_by_a_hundredth_of_the_spread() -> None:
    networks, sound = stock("LSTM, full size"), noise(3.0)
    exact = AudioSealLayer(networks).log_odds(sound[0])
    half = AudioSealLayer(networks, precision=torch.bfloat16).log_odds(sound[0])

    assert float((half - exact).abs().max()) <= 0.01 * max(float(exact.std()), 0.01)
    assert fastest_precision() in (torch.float32, torch.bfloat16)


@pytest.mark.parametrize("channels", [1, 2, 5, 8])
def test_every_channel_is_marked_alike_with_official_weights(channels: int) -> None:
    sound = noise(1.5, channels)
    mark = AudioSealLayer(stock("LSTM")).embed(sound)

    assert mark.shape == sound.shape
    assert bool((mark == mark[:1]).all())


def test_a_message_of_another_length_or_of_other_values_is_refused() -> None:
    layer = AudioSealLayer(stock("no LSTM"))
    for message in (torch.zeros(15), torch.full((16,), 2)):
        with pytest.raises(ValueError, match="16 zeros and ones"):
            layer.embed(noise(1.0), message)


@pytest.mark.parametrize("lengths", [[FRAME_SAMPLES], [1, 2, 3], [700, 16000, 1, 15999, 4]])
def test_blocks_of_any_length_give_what_the_whole_gives(lengths: list[int]) -> None:
    layer = AudioSealLayer(stock("LSTM"))
    sound = noise(sum(lengths) / RATE)[0]

    def blocks() -> Iterator[Tensor]:
        yield from sound.split(lengths)  # type: ignore[no-untyped-call]

    assert layer.detect_blocks(blocks()) == layer.detect(sound)


def test_no_audio_and_bad_audio_in_blocks_are_refused() -> None:
    layer = AudioSealLayer(stock("no LSTM"))
    bad = noise(1.0)[0]
    bad[700] = float("inf")
    with pytest.raises(ValueError, match="no audio"):
        layer.detect_blocks([])
    with pytest.raises(ValueError, match="not finite"):
        layer.detect_blocks([noise(1.0)[0], bad])


@pytest.mark.parametrize("role", ["generator", "detector"])
def test_weights_that_answer_with_no_number_give_an_error_and_no_verdict(role: str) -> None:
    networks = stock("LSTM")
    for parameter in getattr(networks, role).parameters():
        parameter.data.mul_(1e30)  # finite, and so not caught when loading
    layer = AudioSealLayer(networks)

    with pytest.raises(CheckpointRefused, match="no verdict") as refused:
        layer.embed(noise(1.0)) if role == "generator" else layer.detect(noise(1.0)[0])

    assert refused.value.reason is Reason.UNSOUND


HOUR = """
import resource, torch
from watermark.presence.checkpoints import Networks, build
from watermark.presence.layer import AudioSealLayer
torch.set_num_threads(1)
generator, detector = build({seanet}, {decoder}, 16)
layer = AudioSealLayer(Networks(generator.eval(), detector.eval(), "0" * 64, {{}}))
second = 0.1 * torch.randn(16000)
layer.detect_blocks([second] * 30)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = layer.detect_blocks(second for _ in range(3600))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_an_hour_takes_the_memory_of_half_a_minute() -> None:
    code = HOUR.format(seanet={**SMALL, "lstm": 1}, decoder=DECODER)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(done.stdout) <= 40 * 1024  # KiB; the samples alone would be 225 MiB


def test_the_published_configuration_is_what_these_tests_call_official() -> None:
    assert OFFICIAL["lstm"] == 2 and OFFICIAL["n_filters"] == 32
