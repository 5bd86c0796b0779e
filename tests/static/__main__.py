"""`python -m tests.static`: slither over the contracts; every finding has an answer, or this fails.

A contract with a known hole is compiled among ours: a slither that looks at nothing, or finds
nothing, fails too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.static.answers import CLASSES, FINDINGS

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "var" / "forge" / "static"
SLITHER = ROOT / ".tools" / "slither" / "bin" / "slither"
# The canary's, in slither's words.
HOLE = ("reentrancy-eth", "Canary.take()")
# How `restricted` asks whether the caller may.
PERMISSION = re.compile(r"restricted\(\)|_checkPermitted\(\)|authority\.consumeScheduledOp\(")
# Contracts, interfaces and libraries of ours; far more are compiled with OpenZeppelin's.
OURS_AT_LEAST = 25


@dataclass(frozen=True)
class Finding:
    """`place` is the contract, or its function or variable, that the finding is about."""

    detector: str
    place: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        return self.detector, self.place

    @property
    def is_answered(self) -> bool:
        is_by_place = self.key in FINDINGS
        return self.detector in CLASSES or is_by_place or self.is_behind_a_role

    @property
    def is_behind_a_role(self) -> bool:
        """Re-entry found behind nothing but the call that asks the authority for permission.

        The authority is ours, immutable, and calls back only `isConsumingScheduledOp`, a view.
        """
        if not self.detector.startswith("reentrancy-"):
            return False
        calls = self.text.partition("External calls:")[2]
        calls = re.split(r"(?:State variables written|Event emitted)", calls)[0]
        listed = [call.strip() for call in calls.split(" - ") if call.strip()]
        return bool(listed) and all(PERMISSION.match(call) for call in listed)


def main() -> int:
    findings = run_slither()
    faults = []
    if HOLE not in {finding.key for finding in findings}:
        faults.append(f"slither did not find its canary, {HOLE}")
    ours = [finding for finding in findings if not finding.place.startswith("Canary")]
    faults += [f"no answer to {f.key}: {f.text[:300]}" for f in ours if not f.is_answered]
    stale = set(FINDINGS) - {finding.key for finding in ours}
    faults += [f"an answer to what slither does not find any more: {key}" for key in sorted(stale)]

    for detector, count in sorted(Counter(finding.detector for finding in ours).items()):
        print(f"{count:4}  {detector}: {CLASSES.get(detector, 'answered one by one')}")
    for fault in faults:
        print(f"FAILED  {fault}", file=sys.stderr)
    return 1 if faults else 0


def run_slither() -> list[Finding]:
    """Findings of every severity but style, in a copy of the contracts with the canary among them.

    Raises RuntimeError when slither did not look at our contracts.
    """
    shutil.rmtree(TREE / "contracts", ignore_errors=True)
    shutil.copytree(ROOT / "contracts", TREE / "contracts")
    shutil.copy(ROOT / "tests" / "static" / "Canary.sol", TREE / "contracts" / "Canary.sol")
    shutil.copy(ROOT / "foundry.toml", TREE / "foundry.toml")
    for linked in ("node_modules", ".tools"):
        if not (TREE / linked).exists():
            (TREE / linked).symlink_to(ROOT / linked)
    report = TREE / "slither.json"
    report.unlink(missing_ok=True)
    command = [str(SLITHER), ".", "--compile-force-framework", "foundry", "--json", report.name]
    command += ["--filter-paths", "node_modules|contracts/testing"]
    command += ["--exclude-informational", "--exclude-optimization"]
    # Beside forge, so that it compiles the contracts and no tests.
    places = {"FOUNDRY_TEST": "var/none", "FOUNDRY_SCRIPT": "var/none"}
    path = f"{SLITHER.parent}:{ROOT / '.tools'}:{os.environ['PATH']}"
    ran = subprocess.run(
        command,
        cwd=TREE,
        env=os.environ | places | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        raise RuntimeError((ran.stdout + ran.stderr)[-4000:])
    ours = len(list((TREE / "var" / "forge" / "out").glob("*.sol")))
    if ours < OURS_AT_LEAST:
        raise RuntimeError(f"slither saw {ours} source files only")
    result = json.loads(report.read_text())
    return [finding(found) for found in result["results"].get("detectors", [])]


def finding(found: dict[str, Any]) -> Finding:
    """One of slither's results, named by the first thing it is about."""
    first = found["elements"][0]
    parent = first.get("type_specific_fields", {}).get("parent", {})
    inside = first.get("type_specific_fields", {}).get("signature")
    if first["type"] == "contract":
        place = first["name"]
    elif first["type"] == "function":
        place = f"{parent['name']}.{inside or first['name']}"
    else:
        owner = parent.get("type_specific_fields", {}).get("parent", {}).get("name", "")
        place = f"{owner}.{parent.get('name', '')}.{first['name']}"
    return Finding(found["check"], place, " ".join(found["description"].split()))


if __name__ == "__main__":
    sys.exit(main())
