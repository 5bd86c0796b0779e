"""Runs forge and reads what it says."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Profile:
    """`runs` sequences of `depth` acts a campaign, `fuzz_runs` times each fuzz test; how often a
    failure is tried to be made shorter."""

    runs: int
    depth: int
    fuzz_runs: int
    shrinks: int = 5_000


PROFILES = {
    "quick": Profile(20, 100, 200),
    "ci": Profile(2_000, 100, 20_000),
    "canary": Profile(40, 100, 2_000, shrinks=20),
}
# So many runs of the profile `ci`, by a seed each, make one of this name.
PIECES = {"nightly": 25}


@dataclass(frozen=True)
class Outcome:
    """What one campaign or fuzz test came to. `calls` are acts of its handler, or runs of it."""

    suite: str
    test: str
    passed: bool
    calls: int
    reverts: int
    acts: dict[str, int]
    reason: str


class ForgeFailed(RuntimeError):
    """forge did not get as far as running tests; the message is what it printed."""


def run_forge(root: Path, profile: str, seed: int, match: str) -> list[Outcome]:
    """Every suite below `root`, each counted. Raises `ForgeFailed` when nothing could be run."""
    numbers = PROFILES[profile]
    environment = os.environ | {
        "FOUNDRY_INVARIANT_RUNS": str(numbers.runs),
        "FOUNDRY_INVARIANT_DEPTH": str(numbers.depth),
        "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": str(numbers.shrinks),
        "FOUNDRY_FUZZ_RUNS": str(numbers.fuzz_runs),
    }
    command = ["forge", "test", "--json", "--allow-failure", "--fuzz-seed", hex(seed)]
    if match:
        command += ["--match-contract", match]
    ran = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    said = next((line for line in ran.stdout.splitlines() if line.startswith('{"tests/')), None)
    if said is None:
        raise ForgeFailed((ran.stdout + ran.stderr)[-4000:])
    outcomes = [
        outcome(path, test, result)
        for path, suite in json.loads(said).items()
        for test, result in suite["test_results"].items()
    ]
    return sorted(outcomes, key=lambda found: (found.suite, found.test))


def outcome(path: str, test: str, result: dict[str, Any]) -> Outcome:
    """One test's line of forge's JSON."""
    kind = result["kind"]
    campaign = kind.get("Invariant", {})
    runs = kind.get("Fuzz", {}).get("runs", 0)
    acts = {
        name.rsplit(".", 1)[1]: metrics["calls"]
        for name, metrics in campaign.get("metrics", {}).items()
    }
    return Outcome(
        suite=path.rsplit(":", 1)[1],
        test=test.split("(")[0],
        passed=result["status"] == "Success",
        calls=campaign.get("calls", runs),
        reverts=campaign.get("reverts", 0),
        acts=dict(sorted(acts.items())),
        reason=result["reason"] or "",
    )


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as Markdown."""
    lines = ["| suite | property | calls | reverts | result |", "|---|---|---:|---:|---|"]
    for found in outcomes:
        result = "holds" if found.passed else found.reason
        lines.append(
            f"| {found.suite} | {found.test} | {found.calls:,} | {found.reverts:,} | {result} |"
        )
    return "\n".join(lines)
