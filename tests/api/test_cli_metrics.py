"""`antiphon metrics feasible` and `coverage`: they need no ledger, and say what they are."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from api.cli.metrics import app


def feasible(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["feasible", *arguments])


def test_an_impossible_row_ends_with_3_and_the_reason() -> None:
    ended = feasible("--jain", ".63", "--theil", ".218", "--gini", ".41", "--json")

    assert ended.exit_code == 3
    (row,) = json.loads(ended.stdout)["rows"]
    assert row["verdict"] == "impossible"
    assert "at least 0.2596" in row["reason"]


def test_a_table_is_judged_row_by_row(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("\ufeffname,jain,theil,gini\nC,.89,.071,.19\n", encoding="utf-8")

    ended = feasible("--csv", str(table))

    assert ended.exit_code == 0
    assert "possible" in ended.stdout
    assert "people in" in ended.stdout


def test_what_is_missing_or_unreadable_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "table.xlsx"
    binary.write_bytes(b"PK\x03\x04\xff\xfe")

    for arguments, says in (
        (["--jain", ".6"], "give --theil, --gini too"),
        (["--jain", "x", "--theil", ".1", "--gini", ".2"], "jain is 'x'"),
        (["--csv", str(binary)], "save the table as CSV"),
    ):
        ended = feasible(*arguments)
        assert ended.exit_code == 1
        assert says in ended.output


def test_coverage_says_that_it_is_simulated_with_n_and_seed() -> None:
    asked = ["coverage", "--payees", "20", "--samples", "30", "--seed", "5"]
    ended, plain = CliRunner().invoke(app, asked), CliRunner().invoke(app, [*asked, "--json"])

    assert ended.exit_code == plain.exit_code == 0
    assert "SIMULATED" in ended.stdout
    assert "seed 5" in ended.stdout
    assert json.loads(plain.stdout)["covered"]["theil"]["whole"] == 30


def test_coverage_of_an_unknown_law_is_refused_with_the_known_ones() -> None:
    ended = CliRunner().invoke(app, ["coverage", "--law", "cauchy"])

    assert ended.exit_code == 1
    assert "--law lognormal or gamma" in ended.output
    assert "3 payees" in CliRunner().invoke(app, ["coverage", "--payees", "1"]).output
