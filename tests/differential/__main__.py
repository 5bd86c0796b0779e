"""The long differential run.

    python -m tests.differential --calls 10000000 --seed 1

First every canary must be found; then each pair gets its part of the calls. Exits 1 at the first
difference, naming pair and seed. Figures go to reports/differential.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from chain.ledger.errors import Inconsistent
from scripts.export_abi import ROOT
from tests.differential.canaries import CANARIES
from tests.differential.machine import Disagreement
from tests.differential.runs import PAIRS, Tally, run

STEPS_TO_FIND = 2_000
# Of a hundred calls; a link takes its model twenty times as long as a payout.
PARTS = {
    "links": 2,
    "royalties": 46,
    "partitions": 18,
    "epochs": 18,
    "disputes": 8,
    "rules": 3,
    "directs": 3,
    "council": 1,
    "elders": 1,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000, help="EVM calls over all pairs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", nargs="*", default=list(PAIRS), choices=list(PAIRS))
    arguments = parser.parse_args()
    found: dict[str, Any] = {"seed": arguments.seed, "canaries": {}, "pairs": {}}
    report = ROOT / "reports" / "differential.json"
    report.parent.mkdir(exist_ok=True)
    ok = True
    for canary in CANARIES:
        if canary.pair not in arguments.pairs:
            continue
        tally = Tally()
        try:
            run(canary.pair, arguments.seed, steps=STEPS_TO_FIND, code=canary.code(), tally=tally)
        except (Disagreement, Inconsistent):
            found["canaries"][canary.name] = tally.steps
            say(f"canary found after {tally.steps:>6} steps: {canary.name}")
        else:
            ok = False
            say(f"canary NOT FOUND in {tally.steps} steps: {canary.name}")
    whole = sum(PARTS[pair] for pair in arguments.pairs)
    for pair in arguments.pairs:
        calls = arguments.calls * PARTS[pair] // whole
        tally, begin = Tally(), time.process_time()
        try:
            run(pair, arguments.seed, calls=calls, tally=tally)
            outcome = "agree"
        except (Disagreement, Inconsistent) as difference:
            ok, outcome = False, f"episode {tally.episodes}: {difference}"
        seconds = round(time.process_time() - begin, 1)
        found["pairs"][pair] = {**vars(tally), "cpu_seconds": seconds, "outcome": outcome}
        say(f"{pair}: {tally.calls} calls, {tally.steps} steps, {seconds} CPU s: {outcome}")
        report.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if ok else 1


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
