"""Measures what every operation costs, and prints it beside our goals and the best of others.

    python -m benchmarks.gas            a table
    python -m benchmarks.gas --json     the same for machines
    python -m benchmarks.gas --check    exit 1 where gas left the book by more than 2 %
    python -m benchmarks.gas --write    write the book and the README's table

Whole transactions on a node of its own, deployed through Brownie with the compiler settings of
brownie-config.yaml. Goals are shown, the book (book.json) is enforced.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.gas import book
from benchmarks.gas.anchors import ANCHORS
from benchmarks.gas.direct_lane import PERCENT, DirectLane
from benchmarks.gas.direct_reports import DirectReports
from benchmarks.gas.epoch_lane import EpochLane
from benchmarks.gas.registration import RegistrationWays
from benchmarks.gas.workplace import workplace
from benchmarks.written_parts import rewritten

LICENCE_WITH_CAPS = 1
README = Path(__file__).resolve().parents[2] / "README.md"


def measure() -> dict[str, int]:
    """Gas by the names of `ANCHORS`."""
    with workplace() as place:
        direct = DirectLane(place)
        found = direct.run() | RegistrationWays(place).run()
        found |= DirectReports(place, LICENCE_WITH_CAPS, direct.terms(PERCENT)).run()
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
    parser.add_argument("--check", action="store_true", help="compare with the book")
    parser.add_argument("--write", action="store_true", help="write book and README")
    arguments = parser.parse_args(sys.argv[1:] if argv is None else argv)
    found = measure()
    if arguments.write:
        book.write(found)
        readme = README.read_text("utf-8")
        README.write_text(rewritten(readme, book.COMMAND, book.markdown(found)), "utf-8")
    if arguments.check:
        told = book.differences(found, book.entries())
        print("\n".join(told) if told else f"{len(found)} operations cost what the book says")
        return 1 if told else 0
    print(as_json(found) if arguments.json else table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
