"""`python -m tests.invariants.coverage`: which lines and branches of the contracts forge reached.

Brownie's tests reach what forge's do not, but a chain beside Brownie cannot be asked which lines
it ran; so this is a floor that only rises, and a list of what is missing from forge's part.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.invariants.forge import PROFILES

ROOT = Path(__file__).resolve().parents[2]
TRACE = ROOT / "var" / "forge" / "lcov.info"
# In percent of lines and branches; raise them when the suites reach more.
FLOORS: Final = {
    "contracts/DerivativeGraph.sol": (90.0, 25.0),
    "contracts/DisputeCourt.sol": (78.0, 50.0),
    "contracts/EpochDistributor.sol": (82.0, 42.0),
    "contracts/RoyaltyLedger.sol": (85.0, 55.0),
    "contracts/epoch/RootFaults.sol": (78.0, 35.0),
    "contracts/epoch/RootQueue.sol": (90.0, 40.0),
    "contracts/libraries/AncestorVectors.sol": (100.0, 90.0),
    "contracts/libraries/Freezes.sol": (85.0, 70.0),
    "contracts/libraries/SafePush.sol": (100.0, 33.0),
    "contracts/libraries/SumTree.sol": (90.0, 70.0),
}
# Half of it is never called: a gate that finds nothing missing there looks at nothing.
CANARY: Final = "tests/invariants/stage/HalfTested.sol"


@dataclass
class Reached:
    """Hits by line, and by branch of a line, in one source file."""

    file: str
    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[tuple[int, str], int] = field(default_factory=dict)

    @property
    def line_percent(self) -> float:
        return percent(self.lines.values())

    @property
    def branch_percent(self) -> float:
        return percent(self.branches.values())

    @property
    def missing(self) -> list[int]:
        """Lines that were not reached, or not on every branch."""
        unreached = {line for line, hits in self.lines.items() if not hits}
        return sorted(unreached | {line for (line, _), hits in self.branches.items() if not hits})


def percent(hits: Iterable[int]) -> float:
    counted = list(hits)
    return 100.0 * sum(hit > 0 for hit in counted) / len(counted) if counted else 100.0


def main() -> int:
    run_coverage()
    reached = read_trace(TRACE.read_text())
    ours = [r for r in reached if r.file.startswith("contracts/") and "/testing/" not in r.file]
    print("| file | lines | branches | lines missing a hit or a branch |\n|---|---:|---:|---|")
    for found in [*ours, total_of(ours)]:
        missing = ", ".join(map(str, found.missing)) if found in ours else ""
        row = f"{found.line_percent:.1f} % | {found.branch_percent:.1f} % | {missing}"
        print(f"| {found.file} | {row} |")
    faults = shortfalls(ours)
    canary = next((r for r in reached if r.file == CANARY), None)
    if canary is None or not canary.missing:
        faults.append(f"nothing is missing from {CANARY}, half of which is never called")
    for fault in faults:
        print(f"FAILED  {fault}", file=sys.stderr)
    return 1 if faults else 0


def run_coverage() -> None:
    """Few runs: what chance reaches at all, it reaches soon.

    Raises RuntimeError with forge's own words.
    """
    quick = PROFILES["quick"]
    environment = os.environ | {
        "FOUNDRY_INVARIANT_RUNS": str(quick.runs),
        "FOUNDRY_FUZZ_RUNS": str(quick.fuzz_runs),
    }
    TRACE.parent.mkdir(parents=True, exist_ok=True)
    TRACE.unlink(missing_ok=True)
    command = ["forge", "coverage", "--report", "lcov", "--report-file", str(TRACE)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode or not TRACE.exists():
        raise RuntimeError((ran.stdout + ran.stderr)[-4000:])


def read_trace(text: str) -> list[Reached]:
    """lcov's records: SF begins a file, DA is a line, BRDA one branch of one."""
    reached: list[Reached] = []
    for line in text.splitlines():
        tag, _, value = line.partition(":")
        if tag == "SF":
            reached.append(Reached(value))
        elif tag == "DA":
            number, hits = value.split(",")[:2]
            reached[-1].lines[int(number)] = int(hits)
        elif tag == "BRDA":
            number, block, branch, hits = value.split(",")
            taken = 0 if hits == "-" else int(hits)
            reached[-1].branches[int(number), f"{block}.{branch}"] = taken
    return reached


def total_of(ours: list[Reached]) -> Reached:
    total = Reached("all")
    for place, found in enumerate(ours):
        base = place * 100_000
        total.lines |= {base + line: hits for line, hits in found.lines.items()}
        total.branches |= {(base + at, name): n for (at, name), n in found.branches.items()}
    return total


def shortfalls(ours: list[Reached]) -> list[str]:
    """Where less is reached than was once."""
    by_file = {found.file: found for found in ours}
    faults = [f"{file} was not measured" for file in FLOORS if file not in by_file]
    for file, (lines, branches) in FLOORS.items():
        found = by_file.get(file)
        if found and (found.line_percent < lines or found.branch_percent < branches):
            now = f"{found.line_percent:.1f} / {found.branch_percent:.1f} %"
            faults.append(f"{file}: {now} of lines / branches, not {lines} / {branches} %")
    return faults


if __name__ == "__main__":
    sys.exit(main())
