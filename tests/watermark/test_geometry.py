"""Speed, stretch and pitch: made by other people's libraries, found and undone by ours."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import python_stretch
import soundfile
import soxr
import torch

from tests.watermark.conftest import KEY, REGISTERED, Sound, plucked_music
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.identity.codewords import EpochKey, codebook
from watermark.identity.detector import Reader
from watermark.identity.geometry import STRAIGHT, Geometry, find_geometries
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import Marker

Recording = Callable[..., AudioFile]
RATE_HZ = 22_050
SECONDS = 20
TEMPO_ERROR_MAX = 0.0009  # the coarse steps are 0.0025 apart, the fine ones a quarter of it
PITCH_ERROR_MAX = 0.012
SLOWER, SHORTER = math.exp(-55.5 * 0.0025), math.exp(62.5 * 0.0025)  # midway of coarse steps


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory, marker: Marker) -> Sound:
    """20 s marked with REGISTERED[3]; mono at 22.05 kHz, (time, 1)."""
    folder = tmp_path_factory.mktemp("geometry")
    soundfile.write(folder / "original.wav", plucked_music(SECONDS, seed=31), RATE_HZ)
    original = AudioFile(folder / "original.wav", AudioLimits())
    marker.embed(original, REGISTERED[3], folder / "copy.flac")
    copy: Sound = soundfile.read(folder / "copy.flac", dtype="float32", always_2d=True)[0]
    return copy


def _stretched(sound: Sound, *, tempo: float = 1.0, semitones: float = 0.0) -> Sound:
    stretch = python_stretch.Signalsmith.Stretch(1)
    stretch.preset(1, float(RATE_HZ))
    stretch.setTransposeSemitones(semitones)
    stretch.timeFactor = tempo
    return np.asarray(stretch.process(np.ascontiguousarray(sound.T)), np.float32).T


def _faster(sound: Sound, speed: float) -> Sound:
    return np.asarray(soxr.resample(sound, speed, 1.0, quality="VHQ"), np.float32)


CHANGES: dict[str, tuple[Callable[[Sound], Sound], Geometry]] = {
    "played 13 % slower": (lambda sound: _faster(sound, SLOWER), Geometry(SLOWER, SLOWER)),
    "stretched to 1 / 1.17": (
        lambda sound: _stretched(sound, tempo=SHORTER),
        Geometry(1.0, SHORTER),
    ),
    "one and a half semitones down": (
        lambda sound: _stretched(sound, semitones=-1.5),
        Geometry(2 ** (-1.5 / 12), 1.0),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_done_to_a_copy_is_found_and_its_id_named(
    change: str, marked: Sound, marker: Marker, recording: Recording
) -> None:
    apply, made = CHANGES[change]
    audio = recording(apply(marked), RATE_HZ, "changed.wav", "FLOAT")

    reading = marker.reader.read(audio)

    (identity,) = reading.identities
    assert identity.generation_id == REGISTERED[3]
    assert abs(math.log(identity.tempo / made.tempo)) < TEMPO_ERROR_MAX
    assert abs(math.log(identity.pitch / made.pitch)) < PITCH_ERROR_MAX
    seconds = SECONDS / made.tempo
    assert abs(identity.segments[0].start_ms) < 1000
    assert abs(identity.segments[-1].end_ms - seconds * 1000) < 1000


def test_a_changed_copy_is_unknown_to_a_foreign_key_however_long_it_seeks(
    marked: Sound, recording: Recording
) -> None:
    """Also pays for every window of every geometry that was read."""
    audio = recording(_faster(marked, 0.87), RATE_HZ, "changed.wav", "FLOAT")
    foreign = Reader((IdSearch(EpochKey(bytes(32)), REGISTERED),), NullModel.load())
    told: list[float] = []

    straight = foreign.read(audio, seek_geometry=False)
    sought = foreign.read(audio, progress=told.append)

    assert sought.identities == ()
    assert sought.windows > straight.windows
    assert sought.threshold_z > straight.threshold_z
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("other", "near"),
    [
        (Geometry(), True),
        (Geometry(1.011, 1.0), True),
        (Geometry(1.013, 1.0), False),
        (Geometry(1.0, 1.0045), True),
        (Geometry(1.0, 0.9945), False),
        (Geometry(1.02, 1.02), False),
    ],
)
def test_near_is_closer_than_the_steps_of_the_search(other: Geometry, near: bool) -> None:
    assert STRAIGHT.near(other) is near
    assert other.near(STRAIGHT) is near


def test_a_turntable_leaves_the_length_of_cells_alone_once_pitch_is_undone() -> None:
    assert Geometry(1.07, 1.07).hop_ratio == 1.0
    assert Geometry(tempo=0.8).hop_ratio == pytest.approx(1.25)
    assert Geometry(pitch=1.1).hop_ratio == pytest.approx(1.1)
    assert STRAIGHT.straight
    assert not Geometry(1.07, 1.07).straight


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_too_short_an_excerpt_shows_no_geometry(seconds: float) -> None:
    noise = np.random.default_rng(0).normal(size=int(seconds * SAMPLE_RATE_HZ)).astype(np.float32)

    with torch.inference_mode():
        assert find_geometries([noise], [codebook(KEY)], z_min=5.5) == []


def test_no_excerpts_show_no_geometry() -> None:
    assert find_geometries([], [codebook(KEY)], z_min=0.0) == []
