"""The comparison with PySAL runs, agrees, and says n and seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.inequality.__main__ import _PEER_PYTHON, amounts, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not _PEER_PYTHON.exists(), reason="PySAL is not there: make bench-inequality")
def test_both_sides_measure_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--payees", "2e4", "--repeats", "2", "--seed", "7"]) == 0

    said = capsys.readouterr().out
    assert "n = 20,000 payees, seed 7, 2 runs each" in said
    assert said.count("\n| ") == 4
    assert "theil: PySAL's differs from ours by" in said


def test_our_side_answers_each_line_with_one_measurement(tmp_path: Path) -> None:
    file = tmp_path / "amounts.npy"
    np.save(file, np.array([1, 2, 3, 4]))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.inequality.ours", str(file), "numpy"],
        input="go\ngo\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.count('"gini_exact": "1/4"') == 2


def test_without_the_peer_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--peer", "/nowhere"])

    assert "Next: make bench-inequality" in capsys.readouterr().err


def test_the_amounts_are_those_of_their_seed() -> None:
    one, same, other = amounts(5000, 1), amounts(5000, 1), amounts(5000, 2)

    assert (one == same).all()
    assert (one != other).any()
    assert 50 < (one == 0).sum() < 150
