"""Pieces of a long run: what is added up is what was run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.invariants import pieces
from tests.invariants.forge import Outcome


def _outcome(calls: int, reason: str = "") -> Outcome:
    acts = {"pay": calls}
    return Outcome("LedgerInvariants", "invariant_solvent", not reason, calls, 1, acts, reason)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("contracts", "tests/invariants"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "contracts" / "Ledger.sol").write_text("contract Ledger {}")
    (tmp_path / "foundry.toml").write_text("")
    return tmp_path


def test_calls_add_up_and_one_failure_is_a_failure() -> None:
    found = pieces.added_up([[_outcome(200)], [_outcome(300, "I1")], [_outcome(50)]])
    assert [(o.calls, o.reverts, o.acts, o.passed, o.reason) for o in found] == [
        (550, 3, {"pay": 550}, False, "I1")
    ]


def test_a_piece_is_run_once_until_the_contracts_change(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def run(root: Path, profile: str, seed: int, match: str) -> list[Outcome]:
        seeds.append(seed)
        return [_outcome(100)]

    monkeypatch.setattr(pieces, "run_forge", run)
    assert pieces.run_pieces(tree, 7, 3, 0.0, "")[0].calls == 100
    assert pieces.run_pieces(tree, 7, 3, 1e9, "")[0].calls == 300
    assert pieces.run_pieces(tree, 7, 3, 1e9, "")[0].calls == 300
    assert seeds == [7, 8, 9]
    (tree / "contracts" / "Ledger.sol").write_text("contract Ledger { uint256 x; }")
    assert pieces.run_pieces(tree, 7, 3, 0.0, "")[0].calls == 100
    assert seeds == [7, 8, 9, 7]
