from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from watermark.identity.null_model import (
    FALSE_POSITIVES_PER_FILE,
    CalibrationMissing,
    NullModel,
    fit,
)


def _fitted(trials: int, windows: int, seed: int) -> NullModel:
    rng = np.random.default_rng(seed)
    best = rng.normal(size=(windows, 40, trials)).max(2)
    return fit(best, decoys=40, seed=seed, audio="normal variables")


def test_the_fit_recovers_how_many_independent_trials_made_the_maximum() -> None:
    model = _fitted(trials=200, windows=500, seed=1)

    assert 120 < model.trials < 320
    assert 1.0 <= model.spread < 1.05


def test_the_threshold_has_the_rate_it_was_chosen_for() -> None:
    model = NullModel.load()

    for windows, ids in ((1, 1), (3, 10_000), (700, 1_000_000)):
        z = model.threshold_z(windows=windows, ids=ids)
        rate = model.false_positive_rate(z, windows=windows, ids=ids)
        assert rate == pytest.approx(FALSE_POSITIVES_PER_FILE, rel=1e-6)


@pytest.mark.parametrize("z", [4.0, 6.5, 9.0, 15.0, 30.0])
def test_the_rate_is_windows_times_ids_times_trials_of_a_normal_tail(z: float) -> None:
    model = NullModel.load()

    expected = 3 * 7 * model.trials * stats.norm.sf(z / model.spread)

    rate = model.false_positive_rate(z, windows=3, ids=7)
    assert rate == pytest.approx(min(1.0, float(expected)), rel=1e-6)


def test_more_ids_and_more_windows_ask_for_more() -> None:
    model = NullModel.load()

    few = model.threshold_z(windows=1, ids=10)
    assert few < model.threshold_z(windows=1, ids=1000) < model.threshold_z(windows=50, ids=1000)


def test_a_rate_is_never_over_one_and_a_great_z_never_negative() -> None:
    model = NullModel.load()

    assert model.false_positive_rate(0.0, windows=10, ids=10) == 1.0
    assert model.false_positive_rate(80.0, windows=1, ids=1) == 0.0


def test_the_committed_calibration_rests_on_half_a_million_scores() -> None:
    model = NullModel.load()

    assert model.scores == model.windows * model.decoys
    assert model.scores >= 500_000
    assert model.spread >= 1.0


def test_a_calibration_survives_the_disk(tmp_path: Path) -> None:
    model = _fitted(trials=10, windows=50, seed=2)

    model.save(tmp_path / "calibration.json")

    assert NullModel.load(tmp_path / "calibration.json") == model


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"trials": 1}'])
def test_a_missing_or_broken_calibration_says_how_to_make_one(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CalibrationMissing, match="python -m watermark calibrate"):
        NullModel.load(path)
