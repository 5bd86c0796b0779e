"""The gas book notices what became dearer, and what became cheaper."""

from __future__ import annotations

import pytest

from benchmarks.gas.anchors import ANCHORS
from benchmarks.gas.book import COMMAND, differences, entries, markdown
from benchmarks.written_parts import ENDS, begins, rewritten


def test_a_change_beyond_two_percent_is_named_either_way() -> None:
    book = {"pay": 50_000, "claim": 60_000, "settle": 100_000}
    found = {"pay": 51_001, "claim": 58_799, "settle": 102_000}

    assert differences(found, book) == [
        "claim: 58,799 gas, -2.0 % from the book's 60,000",
        "pay: 51,001 gas, +2.0 % from the book's 50,000",
    ]


def test_operations_that_come_or_go_are_named() -> None:
    told = differences({"pay": 1, "push": 2}, {"pay": 1, "claim": 3})

    assert told == [
        f"push: not in the book; {COMMAND} adds it",
        "claim: in the book, no longer measured",
    ]


def test_the_committed_book_has_every_operation() -> None:
    assert entries().keys() == ANCHORS.keys()


def test_misses_stand_out_in_the_table() -> None:
    lines = list(markdown({name: (anchor.goal or 0) + 1 for name, anchor in ANCHORS.items()}))

    (licence,) = (line for line in lines if line.startswith(f"| {ANCHORS['licence'].operation} |"))
    assert "**140,001** | 140,000 | 693,240 (Story v1.3.2)" in licence


def test_only_the_part_between_the_comments_is_written() -> None:
    page = f"kept\n{begins('cmd')}\nstale\n{ENDS}\nkept too\n"

    assert rewritten(page, "cmd", ["new"]) == f"kept\n{begins('cmd')}\nnew\n{ENDS}\nkept too\n"
    with pytest.raises(ValueError, match="needs the lines"):
        rewritten("no comments", "cmd", ["new"])
