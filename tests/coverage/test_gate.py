"""The gate of the coverage run: what it lets pass, and that it must be seen to fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.coverage import __main__ as gate
from tests.coverage.forge import lines_counted

COURT = "contracts/DisputeCourt.sol"


def row(source: str, lines: float, branches: float, missing: list[str]) -> dict[str, Any]:
    named = {"missing_lines": [], "missing_branches": missing}
    return {"source": source, "lines": lines, "branches": branches, **named}


@pytest.mark.parametrize(
    ("missing", "of", "percent"), [(0, 3, 100.0), (0, 0, 100.0), (1, 100_000, 99.99), (1, 3, 66.66)]
)
def test_nothing_but_all_is_a_hundred(missing: int, of: int, percent: float) -> None:
    assert gate._percent(missing, of) == percent


@pytest.mark.parametrize(("lines", "branches"), [(99.99, 100.0), (100.0, 97.99), (0.0, 0.0)])
def test_less_than_the_gate_asks_is_a_fault(lines: float, branches: float) -> None:
    assert gate.missed([row("all", lines, branches, [])])


def test_what_the_gate_asks_is_enough() -> None:
    assert gate.missed([row("all", 100.0, 98.0, [])]) == []


def test_a_gate_that_passes_without_the_canarys_tests_is_a_fault() -> None:
    named = row(COURT, 100.0, 60.0, ["DisputeCourt.sol:1 jump"])

    assert gate.unnoticed([named, row("all", 100.0, 95.0, [])]) == []
    assert gate.unnoticed([named, row("all", 100.0, 98.5, [])])
    assert gate.unnoticed([row(COURT, 100.0, 100.0, []), row("all", 100.0, 95.0, [])])


def test_forges_record_is_read_line_by_line() -> None:
    text = "TN:\nSF:a.sol\nDA:3,0\nDA:4,7\nend_of_record\nSF:b.sol\nDA:1,1,x\n"

    assert list(lines_counted(text)) == [("a.sol", 3, 0), ("a.sol", 4, 7), ("b.sol", 1, 1)]
