"""Which findings of the linter have an answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.descriptors import __main__ as gate


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [{"path": "parents.[].workId"}, {"path": "vector"}, {"path": "vectors"}]
    document = {"display": {"formats": {"link": {"fields": fields}}}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    monkeypatch.setattr(gate, "COPIES", tmp_path)


@pytest.mark.parametrize(
    ("path", "is_answered"),
    [("#.parents.[]", True), ("#.vector.[]", True), ("#.vec.[]", False), ("#.payee", False)],
)
def test_a_list_whose_parts_are_shown_needs_no_line_of_its_own(
    path: str, is_answered: bool
) -> None:
    message = f"No display field is defined for path `{path}` in function 0x86ba41a4. If"

    assert gate.Finding("a.json", "warning", "Missing Display field", message).is_answered == (
        is_answered
    )


def test_nothing_else_has_an_answer() -> None:
    message = "Display label(s) for path `#.parents.[]` in function 0x86ba41a4 exceed"

    assert not gate.Finding("a.json", "warning", "Display label too long", message).is_answered


def test_canaries_that_nobody_finds_are_named() -> None:
    missed = gate.missed_canaries([])

    assert len(missed) == len(gate.CANARIES)
    assert "calldata-RoyaltyLedger.json" in missed[0]
