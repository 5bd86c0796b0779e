"""`antiphon evaluate`: effects and power at the command line, with seed, draws and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.evaluate import app

RUN = CliRunner()
LINES = "unit,period,outcome,from\na,1,0.5,2\na,2,0.4,2\nb,1,0.6,\nb,2,0.6,\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "gini.csv"
    file.write_text(LINES)
    return file


def test_an_effect_is_shown_with_its_draws_and_seed(table: Path) -> None:
    asked = ["effect", str(table), "--draws", "19", "--seed", "4"]
    ended, plain = RUN.invoke(app, asked), RUN.invoke(app, [*asked, "--json"])

    assert ended.exit_code == plain.exit_code == 0
    assert "19 draws, seed 4" in ended.stdout
    assert json.loads(plain.stdout)["effect"] == pytest.approx(-0.1)


def test_what_cannot_be_told_or_read_is_refused_with_the_next_step(table: Path) -> None:
    table.write_text(LINES.replace("b,1,0.6,", "b,1,0.6,1").replace("b,2,0.6,", "b,2,0.6,1"))
    ended = RUN.invoke(app, ["effect", str(table)])
    assert ended.exit_code == 1
    assert "nothing to be compared with" in ended.output
    assert "Next: antiphon evaluate effect --help" in ended.output

    table.write_bytes(b"\xff\xfe\x00")
    assert "save the table as CSV" in RUN.invoke(app, ["effect", str(table)]).output


def test_power_says_that_it_is_simulated() -> None:
    ended = RUN.invoke(app, ["power", "--months", "6", "--samples", "20"])

    assert ended.exit_code == 0
    assert "SIMULATED" in ended.stdout
    assert "20 samples each, seed 1" in ended.stdout
    assert RUN.invoke(app, ["power", "--samples", "1"]).exit_code == 1
