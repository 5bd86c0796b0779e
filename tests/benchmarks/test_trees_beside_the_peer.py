"""The tree benchmark compares with OpenZeppelin's own code, and says so when they differ."""

from __future__ import annotations

import pytest

from benchmarks.trees import __main__ as trees


def test_roots_and_proofs_are_compared_in_the_same_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert trees.main(["--leaves", "50", "--leaves", "3"]) == 0

    rows = [line for line in capsys.readouterr().out.splitlines() if "compiled" in line
            or "one by one" in line]  # fmt: skip
    assert len(rows) == 4
    assert all("| true | true, n = 100 |" in row for row in rows)


def test_a_tree_that_differs_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = trees._answer

    def another_root(command: list[str]) -> dict[str, object]:
        found = answer(command)
        return found | {"root": "0x00"} if command[0] == "node" else found

    monkeypatch.setattr(trees, "_answer", another_root)

    assert trees.main(["--leaves", "20"]) == 1
    assert "2 trees differ" in capsys.readouterr().err
