"""The gas book: what every operation cost when it was last written down, and what it costs now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.gas.anchors import ANCHORS, Anchor

BOOK: Final = Path(__file__).with_name("book.json")
COMMAND: Final = "python -m benchmarks.gas --write"
TOLERANCE_PERCENT: Final = 2  # dearer or cheaper: what became cheaper is written down too


def entries() -> dict[str, int]:
    """Gas by the names of `ANCHORS`, as committed."""
    return {name: int(gas) for name, gas in json.loads(BOOK.read_text("utf-8")).items()}


def write(found: dict[str, int]) -> None:
    BOOK.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def differences(found: dict[str, int], book: dict[str, int]) -> list[str]:
    """What left the book by more than TOLERANCE_PERCENT, one sentence each."""
    told = [f"{name}: not in the book; {COMMAND} adds it" for name in found.keys() - book.keys()]
    told += [f"{name}: in the book, no longer measured" for name in book.keys() - found.keys()]
    for name in sorted(found.keys() & book.keys()):
        now, then = found[name], book[name]
        if abs(now - then) * 100 > TOLERANCE_PERCENT * then:
            change = 100 * (now - then) / then
            told.append(f"{name}: {now:,} gas, {change:+.1f} % from the book's {then:,}")
    return told


def markdown(found: dict[str, int]) -> Iterator[str]:
    """The book as a table, misses in bold."""
    yield "| operation | gas | goal | elsewhere |"
    yield "|---|---|---|---|"
    for name, anchor in ANCHORS.items():
        gas = f"{found[name]:,}"
        missed = anchor.goal is not None and found[name] > anchor.goal
        yield (
            f"| {anchor.operation} | {f'**{gas}**' if missed else gas} "
            f"| {'-' if anchor.goal is None else f'{anchor.goal:,}'} | {_elsewhere(anchor)} |"
        )


def _elsewhere(anchor: Anchor) -> str:
    if anchor.best_elsewhere is None:
        return "-"
    return f"{anchor.best_elsewhere:,} ({anchor.source})"
