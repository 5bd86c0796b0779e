"""The long run over divisions: a short one of it holds, and it sees a unit that goes astray."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import pytest

from chain.ledger import sharing
from tests.chain.ledger import conservation


def test_a_short_run_finds_nothing() -> None:
    counts = conservation.conserve(5_000, 7)

    assert sum(count.allocations for count in counts) >= 5_000
    assert [(c.difference, c.misplaced) for c in counts] == [(0, 0)] * len(conservation.RULES)


@pytest.mark.parametrize(("lost", "moved"), [(1, 0), (0, 2)])
def test_a_unit_that_goes_astray_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lost: int,
    moved: int,
) -> None:
    def careless(*given: Any) -> sharing.Allocation:
        honest = sharing.pro_rata(*given)
        amounts = list(honest.amounts)
        amounts[0] -= lost + moved
        amounts[-1] += moved
        return dataclasses.replace(honest, amounts=tuple(amounts))

    monkeypatch.setattr(conservation, "pro_rata", careless)
    monkeypatch.setattr(sys, "argv", ["conservation", "--allocations", "5e3"])

    with pytest.raises(SystemExit, match="1"):
        conservation.main()

    assert "seed 1: " in capsys.readouterr().out
