"""Which lines of the contracts forge's campaigns and fuzz tests reach."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.export_abi import ROOT
from tests.invariants.forge import PROFILES
from tests.mutation.verdicts import digest_of

# Half of it is never called: who finds nothing missing there looks at nothing.
CANARY: Final = "tests/invariants/stage/HalfTested.sol"


def lines_reached() -> set[tuple[str, int]]:
    """Few runs: what chance reaches at all, it reaches soon. Kept until contracts or campaigns
    change. Raises RuntimeError with forge's own words, or when the canary was reached whole."""
    version = digest_of([ROOT / "contracts", ROOT / "tests" / "invariants"])
    trace = ROOT / "var" / "coverage" / f"forge-{version}.info"
    if not trace.is_file():
        _measure(trace)
    counted = list(lines_counted(trace.read_text()))
    if {hits > 0 for unit, _, hits in counted if unit == CANARY} != {True, False}:
        raise RuntimeError(f"forge found nothing missing from {CANARY}, or everything")
    return {(unit, line) for unit, line, hits in counted if hits}


def _measure(trace: Path) -> None:
    quick = PROFILES["quick"]
    environment = os.environ | {
        "FOUNDRY_INVARIANT_RUNS": str(quick.runs),
        "FOUNDRY_FUZZ_RUNS": str(quick.fuzz_runs),
    }
    trace.parent.mkdir(parents=True, exist_ok=True)
    unfinished = trace.with_suffix(".part")
    command = ["forge", "coverage", "--report", "lcov", "--report-file", str(unfinished)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode or not unfinished.exists():
        raise RuntimeError((ran.stdout + ran.stderr)[-4000:])
    unfinished.replace(trace)


def lines_counted(text: str) -> Iterator[tuple[str, int, int]]:
    """lcov's records: SF begins a file, DA is a line and how often it was reached."""
    unit = ""
    for record in text.splitlines():
        tag, _, value = record.partition(":")
        if tag == "SF":
            unit = value
        elif tag == "DA":
            line, hits = value.split(",")[:2]
            yield unit, int(line), int(hits)
