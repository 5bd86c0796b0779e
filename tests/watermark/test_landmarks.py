"""Landmarks of sounds whose peaks are known beforehand."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from tests.watermark.conftest import Sound, plucked_music
from watermark.fingerprint.landmarks import (
    BYTES_PER_MINUTE_MAX,
    LANDMARKS_PER_SECOND_MAX,
    LOWEST_HZ,
    Landmarks,
    landmarks_of_stream,
)
from watermark.identity.cells import SAMPLE_RATE_HZ

MINUTE = 60 * SAMPLE_RATE_HZ


def landmarks_of_sound(sound: Sound) -> Landmarks:
    return landmarks_of_stream(iter([sound]), sound.shape[1])


def bursts(places: list[tuple[float, float]], seconds: float) -> Sound:
    """Tones of 100 ms that swell and fade, each loudest at (second, hertz)."""
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = np.zeros(len(time))
    for at, pitch_hz in places:
        swell = np.exp(-0.5 * ((time - at) / 0.025) ** 2)
        sound += 0.3 * swell * np.sin(2 * np.pi * pitch_hz * time)
    return sound.astype(np.float32).reshape(-1, 1)


def test_a_tone_burst_is_a_landmark_at_its_time_and_pitch() -> None:
    places = [(0.7, 440.0), (1.5, 1_000.0), (2.3, 3_520.0), (2.31, 600.0)]

    found = landmarks_of_sound(bursts(places, 3.0))

    for at, pitch_hz in places:
        near = np.abs(found.time_ms - 1000 * at) < 12
        cents = 1200 * np.abs(found.pitch[near] - np.log2(pitch_hz / LOWEST_HZ))
        assert cents.min() < 25, (at, pitch_hz)


def test_silence_has_no_landmarks() -> None:
    assert len(landmarks_of_sound(np.zeros((MINUTE // 20, 2), np.float32))) == 0


def test_landmarks_do_not_depend_on_where_a_long_file_is_cut_into_spans() -> None:
    sound = bursts([(0.6 + 0.4 * n, 400.0 * 1.06 ** (n % 30)) for n in range(150)], 62.0)
    late = np.concatenate((np.zeros((SAMPLE_RATE_HZ * 7, 1), np.float32), sound))

    first, second = landmarks_of_sound(sound), landmarks_of_sound(late)

    for part in (first, second):
        assert np.all(np.diff(part.time_ms) >= 0)
    at = np.round(first.time_ms).astype(int), np.round(second.time_ms - 7000).astype(int)
    loud = [set(one.tolist()) for one in at]
    assert len(loud[0] ^ loud[1]) <= 0.02 * len(loud[0])


def test_polarity_and_balance_change_no_landmark() -> None:
    stereo = np.repeat(plucked_music(6.0, rate_hz=SAMPLE_RATE_HZ), 2, axis=1)

    plain = landmarks_of_sound(stereo)
    turned = landmarks_of_sound(stereo * np.array([1.0, -1.0], np.float32))

    assert np.array_equal(plain.packed(), turned.packed())


def test_four_bytes_hold_a_landmark() -> None:
    found = landmarks_of_sound(plucked_music(5.0, rate_hz=SAMPLE_RATE_HZ))

    read = Landmarks.unpacked(found.packed())

    assert found.packed().dtype.itemsize == 4
    assert np.abs(read.time_ms - found.time_ms).max() <= 4.0
    assert 1200 * np.abs(read.pitch - found.pitch).max() <= 5.0
    assert np.array_equal(read.strong, found.strong)


def test_a_second_has_a_bounded_number_of_landmarks() -> None:
    noise = np.random.default_rng(3).normal(scale=0.1, size=(MINUTE, 1)).astype(np.float32)

    found = landmarks_of_sound(noise)

    assert len(found) <= 60 * LANDMARKS_PER_SECOND_MAX
    assert found.packed().nbytes <= BYTES_PER_MINUTE_MAX == 7_680


@pytest.mark.parametrize("minutes", [2, 10])
def test_memory_does_not_grow_with_the_length_of_the_file(minutes: int) -> None:
    block = np.random.default_rng(4).normal(scale=0.1, size=(MINUTE // 12, 1)).astype(np.float32)

    def blocks() -> Iterator[Sound]:
        for _ in range(12 * minutes):
            yield block

    tracemalloc.start()
    landmarks_of_stream(blocks(), 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 80 * 2**20
