from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from tests.watermark.conftest import plucked_music
from watermark.audio.waveform import AudioFile
from watermark.identity.cells import BANDS, BLOCK_SAMPLES, CODEWORD_PAIRS, PHASES
from watermark.identity.evidence import EVIDENCE_CONTEXT
from watermark.identity.excerpts import excerpts
from watermark.identity.geometry import Geometry
from watermark.identity.windows import (
    SHORT_SYNC_Z_MIN,
    Window,
    block_count,
    evidence_blocks,
    mixed,
    window_count,
    windows_of,
)

Recording = Callable[..., AudioFile]
SHORT = CODEWORD_PAIRS // 2


def _blocks(count: int) -> list[torch.Tensor]:
    """Evidence in which every pair of every block has a number of its own."""
    pairs = torch.arange(1, count * CODEWORD_PAIRS + 1, dtype=torch.float32)
    shape = (count, CODEWORD_PAIRS, BANDS, PHASES)
    return list(pairs.reshape(count, CODEWORD_PAIRS, 1, 1).expand(shape))


def _pairs(window: Window) -> list[int]:
    """The numbers of the pairs a window holds, in the order of the codeword."""
    return [int(value) for value in window.evidence[:, 0, 0] if value]


@pytest.mark.parametrize("blocks", [1, 2, 3, 7])
def test_there_are_as_many_windows_as_are_counted(blocks: int) -> None:
    made = list(windows_of(iter(_blocks(blocks))))

    assert len(made) == window_count(blocks)
    assert [done for done, _ in made] == sorted(done for done, _ in made)
    assert made[-1][0] == blocks


def test_no_blocks_have_no_windows() -> None:
    assert list(windows_of(iter([]))) == []


def test_blocks_their_neighbours_and_the_whole_are_searched_in_any_case() -> None:
    blocks = _blocks(3)

    always = [window for _, window in windows_of(iter(blocks)) if window.sync_z_min == -np.inf]

    expected = [blocks[0], blocks[1], blocks[0] + blocks[1], blocks[2], blocks[1] + blocks[2]]
    expected.append(blocks[0] + blocks[1] + blocks[2])
    assert len(always) == len(expected)
    for window, evidence in zip(always, expected, strict=True):
        assert torch.equal(window.evidence, evidence)


def test_any_five_seconds_lie_wholly_in_a_short_window_up_to_one_second() -> None:
    short = [
        set(_pairs(window))
        for _, window in windows_of(iter(_blocks(3)))
        if window.sync_z_min == SHORT_SYNC_Z_MIN
    ]

    assert all(len(pairs) == SHORT for pairs in short)
    five_seconds, one_second = 39, 8
    for first in range(1, 3 * CODEWORD_PAIRS - five_seconds + 1):
        wanted = set(range(first, first + five_seconds))
        assert max(len(wanted & pairs) for pairs in short) >= five_seconds - one_second


def test_a_short_window_across_two_blocks_keeps_the_places_of_the_codeword() -> None:
    blocks = _blocks(2)
    across = [
        window.evidence
        for _, window in windows_of(iter(blocks))
        if window.sync_z_min == SHORT_SYNC_Z_MIN
        and window.evidence[0].any()
        and window.evidence[-1].any()
    ]

    (evidence,) = across
    assert torch.equal(evidence[94:], blocks[0][94:])
    assert torch.equal(evidence[:31], blocks[1][:31])
    assert not evidence[31:94].any()


def _constant(span: torch.Tensor, hop_ratio: float = 1.0) -> torch.Tensor:
    """Instead of evidence: the span's length, its first sample, and the ratio it was read with."""
    made = torch.zeros(CODEWORD_PAIRS, BANDS, PHASES)
    made[0, 0, :3] = torch.tensor([span.shape[1], float(span[0, EVIDENCE_CONTEXT]), hop_ratio])
    return made


def test_every_sixteen_seconds_of_a_file_give_one_block(recording: Recording) -> None:
    seconds = 40
    sound = np.repeat(np.arange(1, seconds + 1, dtype=np.float32) / 64, 16_000)[:, None]
    audio = recording(sound, 16_000, "steps.wav", "FLOAT")

    blocks = list(evidence_blocks(audio, evidence=_constant))

    assert len(blocks) == block_count(audio) == 3
    lengths = [int(block[0, 0, 0]) - 2 * EVIDENCE_CONTEXT for block in blocks]
    assert lengths == [BLOCK_SAMPLES, BLOCK_SAMPLES, 8 * 16_000]
    assert [float(block[0, 0, 1]) * 64 for block in blocks] == [1, 17, 33]


@pytest.mark.parametrize(
    ("geometry", "count", "ratio"),
    [
        (Geometry(pitch=1.25, tempo=1.25), 4, 1.0),  # 40 s played fast were 50
        (Geometry(tempo=0.8), 2, 1.25),  # 40 s stretched were 32
        (Geometry(pitch=1.1), 3, 1.1),
    ],
)
def test_a_geometry_is_undone_by_resampling_and_by_longer_cells(
    recording: Recording, geometry: Geometry, count: int, ratio: float
) -> None:
    audio = recording(plucked_music(40), 22_050)

    blocks = list(evidence_blocks(audio, geometry=geometry, evidence=_constant))

    assert len(blocks) == block_count(audio, geometry) == count
    assert all(float(block[0, 0, 2]) == pytest.approx(ratio) for block in blocks)
    context = round(EVIDENCE_CONTEXT * ratio)
    assert int(blocks[0][0, 0, 0]) - 2 * context == round(BLOCK_SAMPLES * ratio)


def _tones(hz: list[float], seconds: float, rate_hz: int = 22_050) -> np.ndarray:
    """One after the other, for equal times; (time, 1)."""
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    which = np.minimum(time / seconds * len(hz), len(hz) - 1).astype(int)
    return np.asarray(0.3 * np.sin(2 * np.pi * np.array(hz)[which] * time), np.float32)[:, None]


def _pitch_hz(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * 16_000 / len(sound))


@pytest.mark.parametrize(
    ("seconds", "lengths"),
    [(20, [20]), (40, [32]), (50, [32, 32]), (64, [32, 32]), (130, [32, 32, 32])],
)
def test_a_file_gives_as_many_excerpts_as_it_has_room_for(
    recording: Recording, seconds: int, lengths: list[int]
) -> None:
    audio = recording(_tones([400, 600, 900], seconds))

    found = excerpts(audio)

    assert [round(len(one) / 16_000, 2) for one in found] == lengths
    assert all(one.ndim == 1 and one.dtype == np.float32 for one in found)


def test_excerpts_come_from_the_beginning_the_middle_and_the_end(recording: Recording) -> None:
    audio = recording(_tones([400, 600, 900], 120))

    begin, middle, end = excerpts(audio)

    assert _pitch_hz(begin) == pytest.approx(400, abs=1)
    assert _pitch_hz(middle) == pytest.approx(600, abs=1)
    assert _pitch_hz(end) == pytest.approx(900, abs=1)
    assert len(excerpts(audio, count=1)) == 1


@pytest.mark.parametrize("channels", [(1.0, -1.0), (0.0, 1.0, -1.0), (0.2, 1.0, -1.1)])
def test_channels_that_oppose_each_other_do_not_cancel(
    recording: Recording, channels: tuple[float, ...]
) -> None:
    tone = _tones([500], 5)

    (excerpt,) = excerpts(recording(tone * np.array(channels, np.float32)))

    assert float(excerpt.std()) > 0.2 * float(tone.std())


RATE_HZ = 22_050
MASKS = {
    "nothing": lambda time: 0.0 * time,
    "direct current": lambda time: 0.0 * time + 0.4,
    "a rumble": lambda time: 0.4 * np.sin(2 * np.pi * 12 * time),
    "a whistle nobody hears": lambda time: 0.4 * np.sin(2 * np.pi * 10_500 * time),
    "another sound as loud": lambda time: 0.3 * np.sin(2 * np.pi * 1200 * time),
}


@pytest.mark.parametrize("mask", MASKS)
def test_a_channel_turned_over_cannot_be_hidden_by_what_both_share(mask: str) -> None:
    tone = _tones([500], 3)
    time = np.arange(len(tone)) / RATE_HZ
    shared = np.asarray(MASKS[mask](time), np.float32)[:, None]
    blocks = np.array_split(np.concatenate((shared + tone, shared - tone), axis=1), 3)

    sound = np.concatenate(list(mixed(blocks, RATE_HZ)))

    assert sound.shape == (len(tone), 1)
    quadrature = np.exp(2j * np.pi * 500 * time)
    heard, put = (abs(complex(x[:, 0] @ quadrature)) for x in (sound, tone))
    assert heard > 0.4 * put


def test_an_unmarked_sound_in_the_louder_channel_leaves_the_other_to_be_heard() -> None:
    low, high = _tones([500], 3), 2 * _tones([1200], 3)

    (sound,) = mixed([np.concatenate((low, high), axis=1)], RATE_HZ)

    spectrum = np.abs(np.fft.rfft(sound[:, 0]))
    assert float(spectrum[1500]) == pytest.approx(float(spectrum[3600]) / 2, rel=0.05)


def test_channels_are_joined_without_a_seam_between_blocks() -> None:
    rng = np.random.default_rng(1)
    channels = rng.normal(size=(5000, 3)).astype(np.float32)

    (whole,) = mixed([channels], RATE_HZ)
    parts = np.concatenate(list(mixed(np.array_split(channels, 3), RATE_HZ)))

    np.testing.assert_array_equal(parts, whole)
    skew = round(0.0003 * RATE_HZ)
    expected = (channels[100, 0] + channels[100 - skew, 1] + channels[100 - 2 * skew, 2]) / 3
    assert float(whole[100, 0]) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 1023, 1025])
def test_a_block_of_any_length_is_mixed(frames: int) -> None:
    block = np.random.default_rng(0).normal(size=(frames, 2)).astype(np.float32)

    (one,) = mixed([block], RATE_HZ)

    assert one.shape == (frames, 1)
    (silent,) = mixed([0 * block], RATE_HZ)
    assert not silent.any()
    (alone,) = mixed([block[:, :1]], RATE_HZ)
    np.testing.assert_array_equal(alone, block[:, :1])
    (same,) = mixed([block[:, [0, 0]]], RATE_HZ)
    np.testing.assert_allclose(same, block[:, :1], rtol=1e-6)


def test_channels_that_agree_are_mixed(recording: Recording) -> None:
    low, high = _tones([400], 5), _tones([900], 5)

    (excerpt,) = excerpts(recording(np.concatenate((low, high), axis=1)))

    spectrum = np.abs(np.fft.rfft(excerpt))
    bins = np.array([400, 900]) * len(excerpt) // 16_000
    assert float(spectrum[bins].min()) > 0.9 * float(spectrum[bins].max())


def test_blocks_are_read_one_at_a_time() -> None:
    """Nothing is asked of the file before the windows of what was read are through."""
    asked = []

    def counted() -> Iterator[torch.Tensor]:
        for number, block in enumerate(_blocks(3)):
            asked.append(number)
            yield block

    windows = windows_of(counted())
    for _ in range(4):
        next(windows)

    assert asked == [0]
