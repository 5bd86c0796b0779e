"""`python -m tests.invariants`: forge's invariant campaigns and fuzz tests, and their canaries.

The same run compiles the contracts a second time, with a bug put into each of them, and fails
unless every suite finds its own. What was called how often, by which seed, is printed and written.

The nightly profile is many runs of the usual one, by seeds of their own: `--minutes` says when to
stop, the next call goes on, and what is printed is what all of them came to.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.invariants.canaries import CANARIES, broken_tree
from tests.invariants.forge import PIECES, PROFILES, Outcome, run_forge, table
from tests.invariants.pieces import run_pieces

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "var" / "forge" / "invariants.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.invariants", description=__doc__)
    parser.add_argument("--profile", choices=sorted({*PROFILES, *PIECES}), default="ci")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--match", default="", help="only suites whose name matches")
    parser.add_argument("--no-canaries", action="store_true", help="while writing a suite")
    parser.add_argument("--minutes", type=float, default=1e9, help="of a run in pieces")
    given = parser.parse_args()

    pieces = PIECES.get(given.profile)
    if pieces:
        outcomes = run_pieces(ROOT, given.seed, pieces, given.minutes, given.match)
    else:
        outcomes = run_forge(ROOT, given.profile, given.seed, given.match)
    print(table(outcomes))
    faults = [f"{o.suite}: {o.reason}" for o in outcomes if not o.passed]
    if not outcomes:
        faults.append("no suite ran")
    if not given.no_canaries:
        faults += missed_canaries(given.seed)
    write_report(given.profile, given.seed, outcomes, faults)
    for fault in faults:
        print(f"FAILED  {fault}", file=sys.stderr)
    return 1 if faults else 0


def missed_canaries(seed: int) -> list[str]:
    """Run every suite on contracts with a bug in each; what a suite does not find, by name."""
    outcomes = run_forge(broken_tree(ROOT), "canary", seed, "")
    missed = []
    for canary in CANARIES:
        found = [o for o in outcomes if o.suite == canary.suite and not o.passed]
        said = next((o.reason for o in found if canary.says in o.reason), None)
        print(f"canary  {canary.suite:26} {canary.bug}: {said or 'NOT FOUND'}")
        if said is None:
            missed.append(f"{canary.suite} does not find its canary: {canary.bug}")
    return missed


def write_report(profile: str, seed: int, outcomes: list[Outcome], faults: list[str]) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    rows = [outcome.__dict__ for outcome in outcomes]
    report = {"profile": profile, "seed": seed, "suites": rows, "faults": faults}
    REPORT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
