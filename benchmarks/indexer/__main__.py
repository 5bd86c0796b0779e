"""How many logs a second go from a node into SQL, beside web3.py reading the same logs.

    python -m benchmarks.indexer                  50,000 payouts on a node of its own, into SQLite
    python -m benchmarks.indexer --logs 100000    another number
    python -m benchmarks.indexer --postgres URL   and into PostgreSQL
    python -m benchmarks.indexer --json           the same for machines

The chain is made for the run: real blocks of a real node, whose logs an emitter writes (every one
an EpochDistributor.PaidOut). web3.py gets and decodes them with `get_logs` and keeps nothing; the
indexer gets them, decodes, keeps raw logs, rows and cursor. Seconds are of this process: CPU and
wall; the node is another process. Each is the best of several runs, which take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, text
from web3 import Web3

from chain.client.deployment import Deployment
from chain.client.interfaces import ABI_FOLDER
from chain.client.node import Node
from chain.indexer.chain_reading import ChainReader
from chain.indexer.cursor import rebuild
from chain.indexer.database import open_database
from chain.indexer.event_table import event_abi
from chain.indexer.follow import Follower
from chain.indexer.projecting import Projector
from tests.devnet import running_anvil
from tests.emitter import NODE_OPTIONS, Emission, Emitter, emission_of

LOGS = 50_000
LOGS_PER_BLOCK = 100
SHOWN_TO_WEB3 = 6_000
REPEATS = 7
SEED = 1
CONTRACT, EVENT = "EpochDistributor", "PaidOut"


@dataclass(frozen=True)
class Measured:
    """What took so long, for how many logs."""

    what: str
    logs: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def per_cpu_second(self) -> float:
        return self.logs / self.cpu_seconds


def payout(chance: random.Random) -> Emission:
    """A payout of some token to one of ten thousand payees."""
    values = {
        "token": "0x" + "5f" * 20,
        "payee": "0x" + chance.randrange(10_000).to_bytes(20, "big").hex(),
        "to": "0x" + chance.randrange(10_000).to_bytes(20, "big").hex(),
        "amount": chance.randrange(10**12),
        "claimed": chance.randrange(10**15),
    }
    return emission_of(CONTRACT, event_abi(CONTRACT, EVENT), lambda field: values[field.name])


def made_chain(node: Node, logs: int) -> Deployment:
    """A chain with so many payouts."""
    emitter, chance = Emitter(node), random.Random(SEED)
    deployment = emitter.deployment
    for start in range(0, logs, LOGS_PER_BLOCK):
        count = min(LOGS_PER_BLOCK, logs - start)
        emitter.emit([payout(chance) for _ in range(count)])
        emitter.mine()
    return deployment


def best(runs: dict[str, Callable[[], int]], repeats: int = REPEATS) -> list[Measured]:
    """Of each, the run that took the least CPU. They take turns, so that all of them meet what
    other work the machine has."""
    found: dict[str, list[Measured]] = {what: [] for what in runs}
    for _ in range(repeats):
        for what, run in runs.items():
            cpu, wall = time.process_time(), time.perf_counter()
            logs = run()
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            found[what].append(Measured(what, logs, *spent))
    return [min(turns, key=lambda turn: turn.cpu_seconds) for turns in found.values()]


def by_web3(endpoint: str, deployment: Deployment, logs: int) -> Callable[[], int]:
    abi = json.loads((ABI_FOLDER / f"{CONTRACT}.json").read_text())["abi"]
    web3 = Web3(Web3.HTTPProvider(endpoint))
    contract = web3.eth.contract(address=deployment.contracts[CONTRACT], abi=abi)
    last = deployment.block + -(-min(logs, SHOWN_TO_WEB3) // LOGS_PER_BLOCK)

    def run() -> int:
        event = getattr(contract.events, EVENT)()
        return len(event.get_logs(from_block=deployment.block, to_block=last))

    return run


def by_reading(node: Node, deployment: Deployment, *, project: bool) -> Callable[[], int]:
    """Getting the logs alone, or getting and decoding them, with nothing kept."""
    reader, projector = ChainReader(node, deployment), Projector(deployment)

    def run() -> int:
        head, cursor, count = node.head(), node.block(deployment.block - 1), 0
        while cursor.number < head.number:
            stretch = reader.solid(cursor, head.number)
            count += len(stretch.logs)
            if project:
                projector.project(stretch.logs)
            cursor = stretch.last
        return count

    return run


def by_following(
    node: Node, deployment: Deployment, new_engine: Callable[[], Engine], depth: int
) -> Callable[[], int]:
    def run() -> int:
        engine = new_engine()
        progress = Follower(node, deployment, engine, depth=depth).catch_up()
        engine.dispose()
        return progress.logs

    return run


def measure(logs: int, postgres: str | None) -> list[Measured]:
    with running_anvil(*NODE_OPTIONS) as endpoint, TemporaryDirectory() as folder:
        node = Node(endpoint)
        deployment = made_chain(node, logs)
        blocks = node.head().number
        numbers = iter(range(1_000))

        def sqlite() -> Engine:
            return open_database(f"sqlite:///{folder}/{next(numbers)}.sqlite")

        runs = {
            "web3.py get_logs, nothing kept": by_web3(endpoint, deployment, logs),
            "logs read": by_reading(node, deployment, project=False),
            "logs read and decoded": by_reading(node, deployment, project=True),
            "indexed into SQLite, by range": by_following(node, deployment, sqlite, 1),
            "indexed into SQLite, by hash": by_following(node, deployment, sqlite, blocks),
        }
        if postgres is not None:

            def emptied() -> Engine:
                engine = open_database(postgres)
                rebuild(engine)
                return engine

            run = by_following(node, deployment, emptied, 1)
            runs["indexed into PostgreSQL, by range"] = run
        return best(runs)


def machine() -> str:
    """What it ran on, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    sqlite = open_database("sqlite://")
    with sqlite.connect() as connection:
        version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
    processor = names[0] if names else platform.machine()
    return (
        f"{len(names)} x {processor}, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, SQLite {version}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.indexer", description=__doc__)
    parser.add_argument("--logs", type=int, default=LOGS)
    parser.add_argument("--postgres", help="address of a database that may be emptied")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(sys.argv[1:] if argv is None else argv)
    found = measure(asked.logs, asked.postgres)
    peer = found[0].per_cpu_second
    if asked.json:
        rows = [{**asdict(row), "timesWeb3": row.per_cpu_second / peer} for row in found]
        document: dict[str, Any] = {"machine": machine(), "seed": SEED, "rows": rows}
        print(json.dumps(document, indent=2))
        return 0
    print(f"{machine()}; seed {SEED}, best of {REPEATS}, target 20 x web3.py")
    print(f"{'':36} {'logs':>8} {'CPU s':>8} {'wall s':>8} {'logs/CPU s':>12} {'x web3':>8}")
    for row in found:
        print(
            f"{row.what:36} {row.logs:>8,} {row.cpu_seconds:>8.2f} {row.wall_seconds:>8.2f}"
            f" {row.per_cpu_second:>12,.0f} {row.per_cpu_second / peer:>8.1f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
