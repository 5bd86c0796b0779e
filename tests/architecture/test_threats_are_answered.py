"""The page of threats names only tests that are there, and leaves no finding without one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THREATS = (ROOT / "docs" / "THREATS.md").read_text()


def test_every_test_named_as_an_answer_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", THREATS))
    written: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        written |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))

    assert named - written == set()
    assert len(named) > 40


def test_every_finding_has_an_answer() -> None:
    rows = [line for line in THREATS.splitlines() if re.match(r"\| \d+ \|", line)]

    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 27))
    assert all("`test_" in row for row in rows)
