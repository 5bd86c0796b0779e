"""AudioSeal's message is read through shifts and inversions, as trying everything would."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.watermark.checkpoint_files import DECODER, SMALL
from watermark.presence.checkpoints import Networks, build
from watermark.presence.layer import FRAME_SAMPLES, AudioSealLayer
from watermark.presence.message import OFFSETS, POLARITIES, MessageReading

RATE = 16000


def networks(lstm: int = 0, shaping: str | None = None) -> Networks:
    torch.manual_seed(21)
    generator, detector = build({**SMALL, "lstm": lstm}, DECODER, 16)
    return Networks(generator.eval(), detector.eval(), "0" * 64, {"shaping": shaping})


def noise(seconds: float, seed: int = 8) -> Tensor:
    return 0.2 * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def tried(found: list[MessageReading], offset: int, polarity: int) -> MessageReading:
    return next(r for r in found if (r.offset_samples, r.polarity) == (offset, polarity))


@pytest.mark.parametrize("lstm", [0, 2])
def test_every_try_is_what_the_stock_detector_says_of_it(lstm: int) -> None:
    pair, sound = networks(lstm), noise(2.0)

    found = AudioSealLayer(pair).read_message(sound)

    assert len(found) == len(OFFSETS) * len(POLARITIES) == 16
    for reading in found:
        stretch = reading.polarity * sound[reading.offset_samples :]
        stretch = stretch[: len(stretch) // FRAME_SAMPLES * FRAME_SAMPLES]
        with torch.inference_mode():
            rows = pair.detector.detector(stretch[None, None])[0]
        frames = rows.reshape(18, -1, FRAME_SAMPLES).mean(dim=-1)
        weight = torch.sigmoid(frames[1] - frames[0])
        expected = (frames[2:] * weight).sum(dim=1) / weight.sum()
        assert torch.allclose(torch.tensor(reading.soft_bits), expected, atol=1e-5)
    sizes = [reading.decidedness for reading in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("cut", [40, 120, 280])
def test_a_cut_of_any_forty_samples_and_an_inversion_are_undone_exactly(cut: int) -> None:
    layer, sound = AudioSealLayer(networks()), noise(4.0)
    # the frames of the original, less the first, reappear when the rest of a frame is cut as well
    original = tried(layer.read_message(sound[FRAME_SAMPLES:]), 0, 1)

    found = layer.read_message(-sound[cut:])

    undone = tried(found, FRAME_SAMPLES - cut, -1)
    assert undone.soft_bits == pytest.approx(original.soft_bits, abs=1e-6)
    assert undone.bits == original.bits


def test_a_cut_between_two_offsets_is_tried_within_twenty_samples() -> None:
    for cut in range(FRAME_SAMPLES):
        misses = [(cut + offset) % FRAME_SAMPLES for offset in OFFSETS]
        assert min(min(miss, FRAME_SAMPLES - miss) for miss in misses) <= 20


def test_a_marked_stretch_is_not_drowned_by_the_rest() -> None:
    """The reading rests on the 20 s that are heard best, wherever they are."""
    pair = networks()
    quiet, loud = 0.001 * noise(25.0, 1), noise(21.0, 2)
    layer = AudioSealLayer(pair)
    odds = layer.log_odds(torch.cat([quiet, loud]))
    first, second = odds[: 25 * 50].mean(), odds[25 * 50 :].mean()
    heard_best = loud if second > first else quiet

    found = layer.read_message(torch.cat([quiet, loud]))
    alone = layer.read_message(heard_best)

    assert found[0].bits == alone[0].bits


@pytest.mark.parametrize("samples", [1, 100, 639])
def test_audio_of_less_than_two_frames_is_tried_at_one_offset(samples: int) -> None:
    found = AudioSealLayer(networks()).read_message(noise(1.0)[:samples])

    assert {reading.offset_samples for reading in found} == {0}
    assert {reading.polarity for reading in found} == {1, -1}


def test_the_compact_weights_have_no_message_to_read() -> None:
    with pytest.raises(ValueError, match="carry no message"):
        AudioSealLayer(networks(shaping="bark-1")).read_message(noise(1.0))


def test_samples_that_are_not_finite_are_refused() -> None:
    sound = noise(1.0)
    sound[3] = float("nan")

    with pytest.raises(ValueError, match="not finite"):
        AudioSealLayer(networks()).read_message(sound)
