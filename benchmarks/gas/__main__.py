"""Measures what every operation costs, and prints it beside our goals and the best of others.

    python -m benchmarks.gas            a table
    python -m benchmarks.gas --json     the same for machines

Whole transactions on a node of its own, deployed through Brownie with the compiler settings of
brownie-config.yaml. No goal is enforced.
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.gas.anchors import ANCHORS
from benchmarks.gas.direct_lane import DirectLane
from benchmarks.gas.epoch_lane import EpochLane
from benchmarks.gas.registration import RegistrationWays
from benchmarks.gas.workplace import workplace

LICENCE_WITH_CAPS = 1


def measure() -> dict[str, int]:
    """Gas by the names of `ANCHORS`."""
    with workplace() as place:
        found = DirectLane(place).run() | RegistrationWays(place).run()
        return found | EpochLane(place, LICENCE_WITH_CAPS).run()


def table(found: dict[str, int]) -> str:
    lines = [f"{'operation':40} {'gas':>9} {'goal':>9} {'':4} {'elsewhere':>11}  source"]
    for key, anchor in ANCHORS.items():
        goal = f"{anchor.goal:,}" if anchor.goal is not None else "-"
        verdict = "" if anchor.goal is None else "met" if found[key] <= anchor.goal else "over"
        best = f"{anchor.best_elsewhere:,}" if anchor.best_elsewhere is not None else "-"
        lines.append(
            f"{anchor.operation:40} {found[key]:>9,} {goal:>9} {verdict:4} {best:>11}"
            f"  {anchor.source}"
        )
    return "\n".join(lines)


def as_json(found: dict[str, int]) -> str:
    rows = [
        {
            "name": key,
            "operation": anchor.operation,
            "gas": found[key],
            "goal": anchor.goal,
            "bestElsewhere": anchor.best_elsewhere,
            "source": anchor.source,
        }
        for key, anchor in ANCHORS.items()
    ]
    return json.dumps({"unit": "gas per whole transaction", "rows": rows}, indent=2)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gas", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args(sys.argv[1:] if argv is None else argv)
    found = measure()
    print(as_json(found) if arguments.json else table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
