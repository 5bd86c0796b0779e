"""How long a bundle takes to write and to check, with both verifiers.

    python -m benchmarks.audit [--events 10000] [--write]

One ledger of every kind of event on a real node (tests/chain/audit/audit_world.py), its first epoch
with so many plays in signed segments; and again with so many generations, each with a signed log of
its own. Seconds of the clock, and of the processor: other work on the machine slows the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.written_parts import rewritten
from chain.client.node import Node
from chain.client.signer import dev_signers
from tests.chain.audit.audit_world import build_audit_world
from tests.chain.audit.checking import JAVASCRIPT, PYTHON
from tests.devnet import ACCOUNTS, Devnet, deploy_all, running_anvil

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "AUDIT_BUNDLE.md"
COMMAND = "make bench-audit"


class Timing(NamedTuple):
    """One verifier on one bundle."""

    checks: int
    wall: float
    processor: float


def check(engine: tuple[str, ...], path: Path) -> Timing:
    """Run a verifier; fails when a check does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run([*engine, str(path), "--json"], capture_output=True, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(json.loads(done.stdout)["passed"], wall, used)


def measure(plays: int, logs: int) -> list[str]:
    """A row of the table, as cells."""
    with running_anvil() as endpoint, tempfile.TemporaryDirectory() as folder:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        world = build_audit_world(devnet, Path(folder), plays, logs)
        start = time.perf_counter()
        bundle = world.export()
        seconds = time.perf_counter() - start
        path = Path(folder) / "bundle.zip"
        path.write_bytes(bundle.content)
        python, javascript = check(PYTHON, path), check(JAVASCRIPT, path)
    assert python.checks == javascript.checks
    what = f"{plays:,} plays" if not logs else f"{logs:,} generations, a signed log each"
    return [
        what,
        f"{len(bundle.content) / 1e6:.1f} MB",
        f"{seconds:.1f}",
        f"{python.checks:,}",
        *(f"{engine.wall:.1f} ({engine.processor:.1f})" for engine in (python, javascript)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--write", action="store_true", help=f"into {DOCUMENT.name}")
    given = parser.parse_args()
    rows = [
        ["events", "bundle", "export, s", "checks", "Python, s (processor)", "JavaScript, s"],
        ["---"] * 6,
        measure(given.events, 0),
        measure(40, given.events),
    ]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    load = os.getloadavg()[0]
    table += f"\n\nOne run each, two cores shared with other work (load {load:.0f})."
    if given.write:
        DOCUMENT.write_text(rewritten(DOCUMENT.read_text(), COMMAND, table.splitlines()))
    else:
        print(table)


if __name__ == "__main__":
    main()
