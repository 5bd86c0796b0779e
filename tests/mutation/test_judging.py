"""What mutation testing itself must not get wrong: whom it counts, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.export_abi import ROOT
from tests.mutation import verdicts
from tests.mutation.hopeless import Vocabulary
from tests.mutation.mutants import Mutant
from tests.mutation.reasons import reason_for
from tests.mutation.report import wilson
from tests.mutation.subjects import NOTHING_TO_CHANGE, SUBJECTS

SOURCE = """contract Purse {
    uint256 private held;
    function put(uint256 amount) external {
        for (uint256 i; i < amount; ++i) {
            held += 1;
        }
    }
    function all() external view returns (uint256) {
        return held;
    }
}"""


@pytest.mark.parametrize(
    ("line", "was", "now"),
    [
        (2, "uint256 private held;", "uint(256+1) private held;"),
        (2, "uint256 private held;", "uint255 private held;"),
        (5, "held += 1;", "helt += 1;"),
        (9, "return held;", "return (held;"),
        (9, "", "break;"),
    ],
)
def test_what_no_compiler_accepts_is_seen_from_the_text(line: int, was: str, now: str) -> None:
    assert Vocabulary(SOURCE).is_hopeless(line, was, now)


@pytest.mark.parametrize(
    ("line", "was", "now"),
    [
        (5, "held += 1;", "held -= 1;"),
        (5, "held += 1;", "/*held += 1;*/"),
        (5, "held += 1;", "revert();"),
        (5, "", "break;"),
        (2, "uint256 private held;", "uint128 private held;"),
    ],
)
def test_what_may_compile_is_left_to_the_compiler(line: int, was: str, now: str) -> None:
    assert not Vocabulary(SOURCE).is_hopeless(line, was, now)


def test_what_was_noticed_stays_so_and_what_passed_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "WORKSHOP", tmp_path)
    written = verdicts.Verdicts()
    written.add("60016001", "pair", "old tests", "Disagreement", "Purse.sol")
    written.add("60016002", "pair", "old tests", None, "Purse.sol")

    kept = verdicts.Verdicts()

    assert kept.of("60016001", "pair", "new tests") is not None
    assert kept.of("60016002", "pair", "old tests") is not None
    assert kept.of("60016002", "pair", "new tests") is None
    assert kept.of("60016001", "other judge", "old tests") is None


def test_a_sample_has_an_interval() -> None:
    """Wilson's, as worked out by hand for 81 of 100 at z = 1.96: 0.722 to 0.875."""
    low, high = wilson(81, 100)
    assert (round(low, 3), round(high, 3)) == (0.722, 0.875)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("was", "now", "is_equivalent"),
    [
        ("IArbiter public immutable judge;", "IArbiter public  judge;", True),
        ("uint256 public constant DEPTH = 32;", "uint256 public  DEPTH = 32;", True),
        ("uint256 public constant DEPTH = 32;", "uint256  constant DEPTH = 32;", False),
        ("if (level == 0) return;", "if (level <= 0) return;", True),
        ("if (level == 0) return;", "if (level >= 0) return;", False),
        ("if (hash != 0) {", "if (hash > 0) {", True),
        ("for (uint256 i; i < all.length; ++i) {", "for (uint256 i; i != all.length; ++i) {", True),
        (
            "for (uint256 i; i < all.length; ++i) {",
            "for (uint256 i; i <= all.length; ++i) {",
            False,
        ),
        ("if (a < b) revert();", "if (a != b) revert();", False),
    ],
)
def test_what_is_written_two_ways_is_one_thing(was: str, now: str, is_equivalent: bool) -> None:
    mutant = Mutant("contracts/Purse.sol", 1, was, now, "", False)
    assert (reason_for(mutant) is not None) == is_equivalent


@pytest.mark.parametrize(("line", "is_equivalent"), [(5, False), (6, True), (7, False)])
def test_going_on_at_the_end_of_a_loop_changes_nothing(line: int, is_equivalent: bool) -> None:
    lines = SOURCE.splitlines()
    content = "\n".join([*lines[: line - 1], "continue;", *lines[line - 1 :]])
    mutant = Mutant("contracts/Purse.sol", line, "", "continue;", content, False)
    assert (reason_for(mutant) is not None) == is_equivalent


def test_every_source_of_ours_is_changed_somewhere_or_has_nothing_to_change() -> None:
    paths = (path.relative_to(ROOT) for path in (ROOT / "contracts").rglob("*.sol"))
    ours = {str(path) for path in paths if path.parts[1] not in {"interfaces", "testing"}}

    changed = [unit for subject in SUBJECTS for unit in subject.units]
    assert sorted([*changed, *NOTHING_TO_CHANGE]) == sorted(ours)
