"""Which lines and branches of the contracts the tests reach: Brownie's, and forge's.

    python -m tests.coverage                      every folder of tests/contracts, and forge
    python -m tests.coverage royalty_ledger       these folders alone: no gate

What each folder reaches is kept in var/coverage by the content of contracts and tests: a run that
ended goes on where it was. Exits 1 when tests fail, when a contract is reached less than the gate
asks, or when the gate would not miss a folder. What no test reaches is printed, and written to
reports/coverage-contracts.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from scripts.export_abi import ROOT
from tests.coverage.forge import lines_reached
from tests.coverage.places import Code, Places, Span
from tests.coverage.stage import FOLDERS, TestsFailed, prepare, traced

LINES_MIN: Final = 100.0
BRANCHES_MIN: Final = 98.0
# The contract that a folder's tests are for, and the others' are not: without them the gate must
# fail, and name the contract. Who passes it then looks at nothing.
CANARY: Final = ("dispute_court", "contracts/DisputeCourt.sol")
REPORT: Final = ROOT / "reports" / "coverage-contracts.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("folders", nargs="*", choices=[*FOLDERS, []], default=[])
    parser.add_argument("--no-forge", action="store_true", help="Brownie's tests alone")
    given = parser.parse_args()
    prepare()
    places = Places()
    faults, by_folder = [], {}
    for folder in given.folders or FOLDERS:
        by_folder[folder] = Reached(places)
        try:
            by_folder[folder].add(traced(folder))
        except TestsFailed as failed:
            faults.append(str(failed))
        reached = joined(places, by_folder.values())
        say(f"{folder}: {len(reached.lines)} lines, {len(reached.branches)} branches so far")
    by_forge = Reached(places)
    if not given.no_forge:
        by_forge.lines = lines_reached() & places.lines
    reached = joined(places, [*by_folder.values(), by_forge])
    rows = reached.table()
    for row in rows:
        say(line_of(row))
    for kind in sorted(reached.strangers):
        say(f"code of nobody: {kind}")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=1) + "\n")
    if not given.folders:
        faults += missed(rows)
        others = [each for folder, each in by_folder.items() if folder != CANARY[0]]
        faults += unnoticed(joined(places, [*others, by_forge]).table())
    for fault in faults:
        say(f"FAILED  {fault}")
    return 1 if faults else 0


def missed(rows: list[dict[str, Any]]) -> list[str]:
    """What the gate says to this table, whose last row is all contracts'."""
    whole = rows[-1]
    if whole["lines"] < LINES_MIN or whole["branches"] < BRANCHES_MIN:
        return [f"less than {LINES_MIN} % of lines or {BRANCHES_MIN} % of branches"]
    return []


def unnoticed(rows: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a gate that is shown all but the canary's tests."""
    folder, unit = CANARY
    court = next(row for row in rows if row["source"] == unit)
    named = court["missing_lines"] or court["missing_branches"]
    said = f"without {folder}: {court['branches']} % of the branches of {unit}"
    say(f"canary  {said}, {rows[-1]['branches']} % of all")
    return [] if missed(rows) and named else [f"the gate does not notice: {said}"]


class Reached:
    """The lines and ways out of forks that were reached."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.lines: set[tuple[str, int]] = set()
        self.branches: set[tuple[Span, bool]] = set()
        self.strangers: set[str] = set()

    def add(self, traces: dict[str, Any]) -> None:
        for key, (offsets, jumps) in traces.items():
            code = self._code(key)
            if code is None:
                self.strangers.add(key[:60])
                continue
            self.lines |= {code.lines[at] for at in offsets if at in code.lines}
            for jump in jumps:
                at, is_taken = divmod(jump, 2)
                if at in code.forks:
                    self.branches.add((code.forks[at], bool(is_taken)))

    def _code(self, key: str) -> Code | None:
        kind, _, which = key.partition(" ")
        if kind == "run":
            return self._places.runtime.get(int(which))
        return self._places.creation_of(which)

    def table(self) -> list[dict[str, Any]]:
        """A row for each source, and one for all."""
        rows = []
        for unit in sorted({unit for unit, _ in self._places.lines}):
            lines = {line for line in self._places.lines if line[0] == unit}
            ways = {way for way in self._places.branches if way[0].unit == unit}
            rows.append(self._row(unit, lines, ways))
        return [*rows, self._row("all", self._places.lines, self._places.branches)]

    def _row(
        self, name: str, lines: set[tuple[str, int]], ways: set[tuple[Span, bool]]
    ) -> dict[str, Any]:
        missing = sorted(f"{Path(unit).name}:{at}" for unit, at in lines - self.lines)
        untaken = sorted(
            f"{Path(span.unit).name}:{self._places.line_of(span)} {'jump' if way else 'no jump'}"
            for span, way in ways - self.branches
        )
        return {
            "source": name,
            "lines": _percent(len(lines - self.lines), len(lines)),
            "branches": _percent(len(ways - self.branches), len(ways)),
            "of": [len(lines), len(ways)],
            "missing_lines": missing if name != "all" else len(missing),
            "missing_branches": untaken if name != "all" else len(untaken),
        }


def joined(places: Places, parts: Iterable[Reached]) -> Reached:
    whole = Reached(places)
    for part in parts:
        whole.lines |= part.lines
        whole.branches |= part.branches
        whole.strangers |= part.strangers
    return whole


def _percent(missing: int, of: int) -> float:
    # Rounded down: nothing but all of them is 100.
    return 10_000 * (of - missing) // of / 100 if of else 100.0


def line_of(row: dict[str, Any]) -> str:
    missing = [*row["missing_lines"], *row["missing_branches"]] if row["source"] != "all" else []
    return f"| {row['source']} | {row['lines']} % | {row['branches']} % | {', '.join(missing)} |"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
