"""Random schedules of kills, reorganisations and faults of a node, on SQLite and PostgreSQL.

    python -m tests.faults --schedules 300 --seed 1
    python -m tests.faults --only 17 --database sqlite
    python -m tests.faults --matrix

Each seed gives one schedule, the same again. The matrix kills at every named moment, on both
databases, alone and beside a reorganisation or a replacement. Exits 1 when an intent was lost or
carried out twice, naming seeds or cases. Figures go to reports/faults.json, kill-matrix.json.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from chain.client.node import Node
from chain.client.signer import dev_signers
from scripts.export_abi import ROOT
from tests.devnet import ACCOUNTS, Devnet, deploy_all, running_anvil
from tests.faults.bench_chain import BenchChain
from tests.faults.matrix import (
    EPOCH_MOMENTS,
    QUEUE_MOMENTS,
    RELAY_MOMENTS,
    Beside,
    epoch_case,
    relay_case,
)
from tests.faults.proxy import running_proxy
from tests.faults.schedule import Schedule, Tally, Violation
from tests.heritage import Heritage, build_heritage
from tests.postgres import SHARED_MEMORY, running_postgres

# A node remembers all its blocks: now and then a fresh one.
SCHEDULES_PER_NODE = 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule")
    parser.add_argument("--only", type=int, help="one schedule, by its seed")
    parser.add_argument("--matrix", action="store_true", help="kill at every named moment")
    parser.add_argument("--moments", nargs="*", help="of the matrix, only these")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    arguments = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Without it the client reads the whole environment for proxies before every request.
    os.environ["NO_PROXY"] = "127.0.0.1"
    if arguments.matrix:
        return run_matrix(arguments.moments or (*RELAY_MOMENTS, *EPOCH_MOMENTS, *QUEUE_MOMENTS))
    first = arguments.seed if arguments.only is None else arguments.only
    count = arguments.schedules if arguments.only is None else 1
    seeds = list(range(first, first + count))
    tally, violations, begin = Tally(), [], time.monotonic()
    for start in range(0, len(seeds), SCHEDULES_PER_NODE):
        lot = seeds[start : start + SCHEDULES_PER_NODE]
        violations += run_lot(lot, arguments.database, tally)
        print(
            f"{tally.schedules} schedules without a violation, {len(violations)} with", flush=True
        )
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


def run_matrix(moments: Sequence[str]) -> int:
    """Every moment on each database, alone and beside something; 1 when a case is violated."""
    cells: dict[str, dict[str, str]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres())
        endpoint = stack.enter_context(running_anvil("--no-mining"))
        proxy = stack.enter_context(running_proxy(endpoint))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        for moment, beside, database in product(moments, Beside, ("sqlite", "postgresql")):
            own = folder / f"{moment} {beside} {database}"
            own.mkdir()
            place = own / "case.db" if database == "sqlite" else server.new_outbox()
            try:
                if moment in (*EPOCH_MOMENTS, *QUEUE_MOMENTS):
                    with heritage_chain() as built:
                        epoch_case(moment, beside, built, own, place)
                else:
                    relay_case(moment, beside, BenchChain(endpoint), proxy, place)
                outcome = "ok"
            except Violation as violation:
                outcome = str(violation)
            cells.setdefault(moment, {})[f"{database} {beside}"] = outcome
            print(f"{moment:28} {database:10} {beside:13} {outcome}", flush=True)
    bad = sum(outcome != "ok" for row in cells.values() for outcome in row.values())
    cases = sum(map(len, cells.values()))
    print(f"{cases} cases, {bad} lost or doubled something")
    report = ROOT / "reports" / "kill-matrix.json"
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(cells, indent=2) + "\n")
    return 1 if bad else 0


@contextmanager
def heritage_chain() -> Iterator[tuple[Devnet, Heritage]]:
    """A node of its own for each case: one that was rolled back too often forgot its contracts."""
    with running_anvil() as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        heritage = build_heritage(devnet)
        devnet.pass_time(60)
        yield devnet, heritage


if __name__ == "__main__":
    sys.exit(main())
