"""Long runs in pieces: what was run is added up, and no other program's runs are taken for this
one's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.faults import pieces
from tests.faults.pieces import Piece, kept, program, run_pieces, summary


def made(kind: str, name: str, first: int, violations: list[str] | None = None) -> Piece:
    return Piece(kind, name, first, 25, violations or [], 1_800.0, {"killed": 3})


def test_pieces_are_added_up_by_kind_and_program() -> None:
    found = [
        made("relay", "now", 1),
        made("relay", "now", 26),
        made("relay", "before", 51, ["schedule 60 lost an intent"]),
        made("index", "before", 1),
    ]

    assert list(summary(found, "now")) == [
        "relay, this program: 50 schedules in 1.00 h, 0 violations",
        "relay, all programs: 75 schedules in 1.50 h, 1 violations",
        "index, this program: 0 schedules in 0.00 h, 0 violations",
        "index, all programs: 25 schedules in 0.50 h, 0 violations",
        "schedule 60 lost an intent",
    ]


def test_a_run_begun_again_goes_on_where_it_was_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    def piece(first: int) -> Piece:
        ran.append(first)
        return made("relay", program(), first)

    monkeypatch.setattr(pieces, "FOLDER", tmp_path)
    monkeypatch.setitem(pieces.KINDS, "relay", piece)

    run_pieces("relay", 50, 1, None)
    run_pieces("relay", 75, 1, None)
    run_pieces("relay", 100, 1, -1.0)

    assert ran == [1, 26, 51]
    assert sorted(each.first_seed for each in kept(tmp_path)) == [1, 26, 51]
    assert json.loads(next(tmp_path.glob("*-26.json")).read_text()) == asdict(
        made("relay", program(), 26)
    )
