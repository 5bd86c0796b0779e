"""What the demo does to marked copies is what it says it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from api.demo import distortions
from api.demo.arrangement import OUTPUT_RATE_HZ, Samples

SECONDS = 4


@pytest.fixture
def tone() -> Samples:
    """A4, not so loud that a codec must clip it. (time,)"""
    time = np.arange(SECONDS * OUTPUT_RATE_HZ) / OUTPUT_RATE_HZ
    return (0.4 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def pitch_hz(samples: Samples) -> float:
    """The strongest frequency of the middle half."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(spectrum.argmax()) * OUTPUT_RATE_HZ / len(middle)


def test_the_codecs_are_real(tone: Samples, tmp_path: Path) -> None:
    distortions.as_mp3(tone, tmp_path / "a.mp3")
    distortions.as_opus(tone, tmp_path / "a.ogg")
    distortions.as_vorbis(tone, tmp_path / "b.ogg")

    bits_per_second = (tmp_path / "a.mp3").stat().st_size * 8 / SECONDS
    assert bits_per_second == pytest.approx(32_000, rel=0.03)
    assert soundfile.info(tmp_path / "a.mp3").format == "MP3"
    assert soundfile.info(tmp_path / "a.ogg").subtype == "OPUS"
    assert soundfile.info(tmp_path / "b.ogg").subtype == "VORBIS"


def test_what_is_too_loud_for_a_file_is_turned_down_and_not_clipped(
    tone: Samples, tmp_path: Path
) -> None:
    distortions.as_flac(4 * tone, tmp_path / "loud.flac")

    written, _ = soundfile.read(tmp_path / "loud.flac")
    assert written == pytest.approx(tone / 0.4, abs=2e-4)


def test_a_faster_copy_is_shorter_and_higher(tone: Samples) -> None:
    faster = distortions.faster(tone, 1.04)

    assert len(faster) == pytest.approx(len(tone) / 1.04, abs=2)
    assert pitch_hz(faster) == pytest.approx(440 * 1.04, abs=1)


def test_a_transposed_copy_is_higher_and_as_long(tone: Samples) -> None:
    higher = distortions.transposed(tone, 1.0)

    assert len(higher) == len(tone)
    assert pitch_hz(higher) == pytest.approx(440 * 2 ** (1 / 12), abs=2)


def test_noise_lies_as_far_below_as_it_says(tone: Samples) -> None:
    added = distortions.noisy(tone, 10.0, seed=1) - tone

    ratio_db = 10 * np.log10(np.square(tone).mean() / np.square(added).mean())
    assert ratio_db == pytest.approx(10.0, abs=0.1)


def test_a_carried_over_mark_is_its_gains_on_the_other_sound(tone: Samples) -> None:
    host = np.random.default_rng(5).normal(scale=0.1, size=len(tone)).astype(np.float32)

    forged = distortions.carried_over(1.1 * tone, tone, host)
    untouched = distortions.carried_over(tone, tone, host)

    assert untouched[2048:-2048] == pytest.approx(host[2048:-2048], abs=1e-4)
    # Where the pair has energy the host is raised by a tenth: 0.83 dB at 440 Hz.
    at = round(440 * len(host) / OUTPUT_RATE_HZ)
    near = slice(at - 40, at + 40)
    raised = np.abs(np.fft.rfft(forged)[near]).sum() / np.abs(np.fft.rfft(host)[near]).sum()
    assert raised == pytest.approx(1.1, abs=0.02)


def test_an_average_keeps_half_of_each(tone: Samples) -> None:
    assert distortions.averaged(tone, -tone[:-10]) == pytest.approx(np.zeros(len(tone) - 10))
