"""Stock AudioSeal beside ours, with networks of the official format and random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.watermark.checkpoint_files import SMALL, write_official
from tests.watermark.conftest import plucked_music
from watermark.presence.refusal import CheckpointRefused
from watermark.robustness import bench
from watermark.robustness.attack import Aim, Attack, Sound, changed
from watermark.robustness.attacks import collusion, levels
from watermark.robustness.clips import Clip
from watermark.robustness.journal import Journal
from watermark.robustness.presets import Preset, suites
from watermark.robustness.stock import StockAudioSeal, stock_survey, with_stock
from watermark.robustness.suite import Suite

MESSAGE = np.array([1, 0] * 8, np.uint8)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_official(tmp_path_factory.mktemp("official"), SMALL)[:2]


def test_it_adds_what_the_generator_gives_and_reads_what_the_detector_says(
    tmp_path: Path,
) -> None:
    generator_path, detector_path, generator, detector = write_official(tmp_path, SMALL)
    stock = StockAudioSeal.load(generator_path, detector_path)
    samples = plucked_music(2, rate_hz=16_000)
    host = torch.from_numpy(samples.T.copy())[None]

    marked = stock.mark(samples, MESSAGE)
    reading = stock.read(Sound(marked, 16_000))

    with torch.inference_mode():
        bits = torch.from_numpy(MESSAGE.astype(np.int64))[None]
        expected = generator.eval().get_watermark(host, message=bits)
        result, message = detector.eval()(host + expected)
    assert np.allclose(marked - samples, expected[0].numpy().T, atol=1e-4)
    assert reading.share == pytest.approx(float((result[0, 1] > 0.5).float().mean()), abs=0.02)
    assert reading.bits.tolist() == (message[0] > 0.5).int().tolist()


def test_its_figures_stand_beside_ours(official: tuple[Path, Path], tmp_path: Path) -> None:
    stock = StockAudioSeal.load(*official)
    clips = [
        Clip(str(n), Sound(plucked_music(2, rate_hz=44_100, channels=2, seed=n), 44_100))
        for n in range(3)
    ]
    suite = Suite(
        "small",
        "two attacks",
        (
            Attack("none", "none", changed(levels.unchanged), "audioseal"),
            Attack("mean of 2", "adversary", collusion.averaged(2), "collusion", Aim.MEMBERS, 2),
        ),
    )
    journal = Journal(tmp_path / "journal.jsonl", {"seed": 1})

    stock_survey(clips, stock, [suite], 1, journal, lambda step: None)
    stock_survey(clips, stock, [suite], 1, journal, lambda step: None)  # nothing is left to do

    table = {"suite": "small", "attacks": [{"attack": "none"}, {"attack": "mean of 2"}]}
    with_stock([table], journal.rows)
    assert len(journal.of_kind("stock")) == 4  # the third clip is only mixed in
    assert [entry["stock"]["n"] for entry in table["attacks"]] == [2, 2]
    assert all(0 <= entry["stock"]["bits"] <= 1 for entry in table["attacks"])
    assert json.dumps(table)


def test_one_checkpoint_of_two_is_refused_with_what_to_do(tmp_path: Path) -> None:
    asked = bench.Asked(
        suites=suites([Preset.ANTIPHON], 0),
        clips=1,
        seconds=5,
        seed=1,
        audio=(),
        ids=100,
        questions=0,
        slow_clips=0,
        presence=False,
        generator_weights=tmp_path / "generator.pth",
        detector_weights=None,
        out=tmp_path,
    )

    with pytest.raises(CheckpointRefused, match="Name both"):
        bench.measure(asked, lambda step: None)
