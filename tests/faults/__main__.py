"""Random schedules of kills, reorganisations and faults of a node, on SQLite and PostgreSQL.

    python -m tests.faults --schedules 300 --seed 1
    python -m tests.faults --only 17 --database sqlite

Each seed gives one schedule, the same again. Exits 1 when an intent was lost or carried out twice,
naming the seeds. Figures go to reports/faults.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.export_abi import ROOT
from tests.devnet import running_anvil
from tests.faults.bench_chain import BenchChain
from tests.faults.proxy import running_proxy
from tests.faults.schedule import Schedule, Tally, Violation
from tests.postgres import SHARED_MEMORY, running_postgres

# A node remembers all its blocks: now and then a fresh one.
SCHEDULES_PER_NODE = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule")
    parser.add_argument("--only", type=int, help="one schedule, by its seed")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    arguments = parser.parse_args()
    first = arguments.seed if arguments.only is None else arguments.only
    count = arguments.schedules if arguments.only is None else 1
    seeds = list(range(first, first + count))
    tally, violations, begin = Tally(), [], time.monotonic()
    for start in range(0, len(seeds), SCHEDULES_PER_NODE):
        lot = seeds[start : start + SCHEDULES_PER_NODE]
        violations += run_lot(lot, arguments.database, tally)
        print(f"{tally.schedules} schedules without a violation, {len(violations)} with")
    report = ROOT / "reports" / "faults.json"
    report.parent.mkdir(exist_ok=True)
    found = {
        "first_seed": first,
        "schedules": count,
        "violations": violations,
        "seconds": round(time.monotonic() - begin, 1),
        **{
            name: dict(sorted(value.items()))
            for name, value in vars(tally).items()
            if name != "schedules"
        },
    }
    report.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    return 1 if violations else 0


def run_lot(seeds: list[int], database: str, tally: Tally) -> list[str]:
    """Schedules on one node, every other one on each database; what was violated."""
    violations = []
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres()) if database != "sqlite" else None
        endpoint = stack.enter_context(running_anvil("--no-mining"))
        proxy = stack.enter_context(running_proxy(endpoint))
        base = SHARED_MEMORY if SHARED_MEMORY.exists() else None
        folder = Path(stack.enter_context(TemporaryDirectory(dir=base)))
        for seed in seeds:
            in_file = server is None or (database == "both" and seed % 2 == 0)
            place = folder / f"{seed}.db" if in_file or server is None else server.new_outbox()
            try:
                Schedule(seed, BenchChain(endpoint), proxy, place, tally).run()
            except Violation as violation:
                violations.append(str(violation))
                print(violation)
    return violations


if __name__ == "__main__":
    sys.exit(main())
