from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark.conftest import REGISTERED, plucked_music
from watermark.marker import Marker
from watermark.robustness.distortions import BAR, DISTORTIONS, Specimen
from watermark.robustness.survey import null_survey, survey, wilson

RATE_HZ = 44_100


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # statsmodels.stats.proportion.proportion_confint(method="wilson"), rounded
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (50, 100, 0.4038, 0.5962),
        (99, 100, 0.9455, 0.9982),
    ],
)
def test_intervals_are_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_no_trials_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("distortion", DISTORTIONS, ids=lambda distortion: distortion.name)
def test_every_distortion_writes_a_readable_file_that_differs(
    distortion: object, tmp_path: Path
) -> None:
    sound = plucked_music(13, rate_hz=RATE_HZ, channels=2)
    specimen = Specimen(sound, sound * np.float32(0.9), sound * np.float32(0.8), RATE_HZ)

    path = distortion.apply(specimen, tmp_path / "a", np.random.default_rng(0))  # type: ignore[attr-defined]

    heard, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert np.isfinite(heard).all()
    assert heard.std() > 1e-3
    same = heard.shape == sound.shape and np.array_equal(heard, sound)
    assert same is (distortion.name == "none")  # type: ignore[attr-defined]


def test_mp3_has_the_bit_rate_of_its_name(tmp_path: Path) -> None:
    sound = plucked_music(10, rate_hz=RATE_HZ, channels=2)
    specimen = Specimen(sound, sound, sound, RATE_HZ)

    path = BAR[1].apply(specimen, tmp_path / "a", np.random.default_rng(0))

    assert BAR[1].name == "MP3 64 kb/s"
    assert path.stat().st_size * 8 / 10 == pytest.approx(64_000, rel=0.02)


def test_a_survey_counts_every_clip_under_every_distortion(marker: Marker) -> None:
    clips = [(plucked_music(16, channels=1, seed=seed), 22_050) for seed in (1, 2)]
    clips.append((np.zeros((22_050 * 16, 1), np.float32), 22_050))

    found = survey(clips, marker, REGISTERED, BAR[:1], seed=3, heard=lambda done: None)

    assert [tally.clips for tally in found.tallies] == [2]
    assert found.tallies[0].correct == 2
    assert found.tallies[0].wrong_ids == 0
    assert len(found.refused) == 1


def test_unmarked_windows_name_nobody(marker: Marker) -> None:
    windows = [(plucked_music(10, seed=seed), 22_050) for seed in range(4)]

    nothing = null_survey(windows, marker, heard=lambda done: None)

    assert nothing.windows == 4
    assert nothing.false_attributions == 0
    assert max(nothing.highest_z) < 6
