"""docs/contracts/INVARIANTS.md names all invariants, and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.differential.runs import PAIRS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contracts" / "INVARIANTS.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", PAGE, flags=re.MULTILINE)


def names_of_tests() -> set[str]:
    """Functions of Brownie's and pytest's, suites of forge's, proofs, and pairs that must agree."""
    python = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    solidity = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.sol"))
    functions = re.findall(r"^\s*def ((?:test|invariant)_\w+)", python, flags=re.MULTILINE)
    suites = re.findall(r"^contract (\w+)", solidity, flags=re.MULTILINE)
    proofs = re.findall(r"\bfunction (check_\w+)", solidity)
    return {*functions, *suites, *proofs, *PAIRS}


def test_every_invariant_has_its_row() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 27))


def test_every_row_names_tests_that_are_there() -> None:
    there = names_of_tests()
    for number, tests in ROWS:
        named = re.findall(r"`(\w+)`", tests)
        assert named, f"invariant {number} names no test"
        assert set(named) <= there, f"invariant {number} names {set(named) - there}"


def test_every_campaign_is_on_the_page() -> None:
    suites = {path.name.removesuffix(".t.sol") for path in (ROOT / "tests").rglob("*.t.sol")}
    assert all(suite in PAGE for suite in suites - {"HalfTested"})
