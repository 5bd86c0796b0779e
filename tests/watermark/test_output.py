"""A marked copy keeps rate, channels and depth, in a container that can hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark.conftest import REGISTERED, plucked_music
from watermark.audio.files import AudioFile, AudioLimits
from watermark.audio.output import CopyWriter, OutputFormat, output_format
from watermark.detection import Marked
from watermark.marker import Marker

DEPTHS = [
    ("WAV", "PCM_U8", "FLAC", 8),
    ("WAV", "PCM_16", "FLAC", 16),
    ("WAV", "PCM_24", "FLAC", 24),
    ("WAV", "PCM_32", "WAV", 32),
    ("WAV", "FLOAT", "WAV", None),
    ("WAV", "DOUBLE", "WAV", None),
    ("WAV", "ULAW", "FLAC", 16),
    ("FLAC", "PCM_S8", "FLAC", 8),
    ("FLAC", "PCM_24", "FLAC", 24),
    ("OGG", "VORBIS", "FLAC", 16),
    ("MP3", "MPEG_LAYER_III", "FLAC", 16),
]


def _opened(folder: Path, container: str, subtype: str, rate_hz: int, channels: int) -> AudioFile:
    path = folder / f"given.{container.lower()}"
    sound = plucked_music(8, rate_hz=rate_hz, channels=channels, seed=9)
    soundfile.write(path, sound, rate_hz, format=container, subtype=subtype)
    return AudioFile(path, AudioLimits())


@pytest.mark.parametrize(("container", "subtype", "expected", "bits"), DEPTHS)
def test_the_copy_has_the_depth_of_the_source(
    tmp_path: Path, container: str, subtype: str, expected: str, bits: int | None
) -> None:
    audio = _opened(tmp_path, container, subtype, 32_000, 2)

    found = output_format(audio)

    assert found == OutputFormat(expected, bits)
    assert found.suffix == (".flac" if expected == "FLAC" else ".wav")
    assert found.media_type == ("audio/flac" if expected == "FLAC" else "audio/wav")


def test_a_copy_over_four_gibibytes_is_rf64(tmp_path: Path) -> None:
    audio = _opened(tmp_path, "WAV", "FLOAT", 32_000, 2)
    audio.frames_declared = 600_000_000

    assert output_format(audio).container == "RF64"


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_what_is_said_to_be_written_is_what_is_read_back(tmp_path: Path, subtype: str) -> None:
    audio = _opened(tmp_path, "WAV", subtype, 32_000, 2)
    rng = np.random.default_rng(4)
    sound = rng.normal(scale=0.5, size=(4000, 2))  # some of it over full scale
    destination = tmp_path / f"copy{output_format(audio).suffix}"

    with CopyWriter(audio, destination) as copy:
        told = copy.write(sound)

    back, rate_hz = soundfile.read(destination, dtype="float64")
    assert rate_hz == 32_000
    assert np.array_equal(back, told)
    assert AudioFile(destination, AudioLimits()).container in ("flac", "wav")


@pytest.mark.parametrize(
    ("subtype", "rate_hz", "channels"),
    [
        ("PCM_U8", 44_100, 2),
        ("PCM_24", 96_000, 1),
        ("PCM_32", 48_000, 2),
        ("FLOAT", 192_000, 2),
        ("PCM_16", 8_000, 1),
        ("PCM_16", 48_000, 8),
    ],
)
def test_every_rate_channel_count_and_depth_is_marked_and_found_again(
    tmp_path: Path, marker: Marker, subtype: str, rate_hz: int, channels: int
) -> None:
    audio = _opened(tmp_path, "WAV", subtype, rate_hz, channels)
    destination = tmp_path / f"copy{output_format(audio).suffix}"

    report = marker.embed(audio, REGISTERED[3], destination)

    info = soundfile.info(destination)
    assert (info.samplerate, info.channels, info.frames) == (rate_hz, channels, 8 * rate_hz)
    assert info.subtype == {"PCM_U8": "PCM_S8"}.get(subtype, subtype)
    assert report.snr_db >= 24
    detection = marker.detect(AudioFile(destination, AudioLimits()), seek_geometry=False)
    assert isinstance(detection, Marked)
    assert detection.identities[0].generation_id == REGISTERED[3]
