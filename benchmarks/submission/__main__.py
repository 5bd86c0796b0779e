"""A platform's file of plays handed in at one go: `antiphon usage submit`, a process of its own.

    python -m benchmarks.submission                   1,000,000 JSON lines
    python -m benchmarks.submission --rows 2e5

Of a thousand rows one names a licence nobody has, one is cut off, and one is its neighbour again.
The API is served by this process over a socket, its outbox SQLite with synchronous=FULL. The file
is handed in twice; the second time nothing may be new. Every row's outcome in the results file is
compared with what the row was made to be. Memory is the peak of the command's process.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from api.application import Application, Settings
from benchmarks.settlement.__main__ import serving
from chain.client.node import Node
from tests.devnet import ACCOUNTS, PLATFORM, Devnet, deploy_all, dev_signers, running_anvil
from tests.heritage import Heritage, build_heritage

ROWS: Final = 1_000_000
SPOILED_EVERY: Final = 1_000
UNKNOWN_LICENCE: Final = 4_294_967_295
MEGABYTE: Final = 1 << 10  # of kilobytes, in which the kernel tells


def rows_of(heritage: Heritage, now: int, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Lines, and what each is made to become."""
    chance = random.Random(seed)
    usual = {"licence": heritage.distribution, "generation": f"0x{heritage.generation_id:016x}"}
    last: dict[str, Any] = {}
    for number in range(count):
        row = {**usual, "line": f"play {number}", "occurredAt": now - chance.randrange(50)}
        line, outcome = row, "accepted"
        kind = number % SPOILED_EVERY
        if kind == SPOILED_EVERY // 2:
            line, outcome = {**row, "licence": UNKNOWN_LICENCE}, "refused"
        elif kind == SPOILED_EVERY - 2:
            line, outcome = last, "duplicate"
        text = json.dumps(line)
        if kind == SPOILED_EVERY - 1:
            text, outcome = text[:-9], "refused"
        last = row
        yield text, outcome


def submitted(file: Path, url: str) -> tuple[dict[str, Any], float, float]:
    """The command's own summary, its CPU seconds and wall seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    command = [sys.executable, "-m", "api.cli", "usage", "submit", str(file)]
    done = subprocess.run(
        [*command, "--key", f"dev:{PLATFORM}", "--api", url, "--json"],
        stdout=subprocess.PIPE,
        check=False,
    )
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), cpu, wall


def differing(file: Path, expected: list[str]) -> int:
    """Rows whose outcome in the results file is another than it was made to be."""
    with file.with_name(file.name + ".results.csv").open(newline="") as table:
        found = [row["outcome"] for row in csv.DictReader(table)]
    if len(found) != len(expected):
        raise SystemExit(f"{len(found)} rows of results for {len(expected)}")
    return sum(one != other for one, other in zip(found, expected, strict=True))


def measure(devnet: Devnet, folder: Path, endpoint: str, asked: argparse.Namespace) -> None:
    heritage = build_heritage(devnet)
    devnet.pass_time(60)
    file, expected = folder / "plays.jsonl", []
    with file.open("w") as text:
        for line, outcome in rows_of(
            heritage, devnet.node.head().timestamp, asked.rows, asked.seed
        ):
            text.write(line + "\n")
            expected.append(outcome)
    place = devnet.deployment.write(folder / "deployment.json")
    app = Application(Settings(folder / "state", endpoint, "http://127.0.0.1:9", place))
    print(
        f"{asked.rows:,} rows, {file.stat().st_size / 1e6:.0f} MB, seed {asked.seed}, "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| handed in | wall s | CPU s of the command | rows a CPU second | results |")
    print("|---|--:|--:|--:|---|")
    again = ["duplicate" if outcome == "accepted" else outcome for outcome in expected]
    with serving(app) as url:
        for name, made in (("first", expected), ("again", again)):
            summary, cpu, wall = submitted(file, url)
            wrong = differing(file, made)
            counts = {each: summary[each] for each in ("accepted", "duplicate", "refused")}
            if wrong or counts != {each: Counter(made)[each] for each in counts}:
                raise SystemExit(f"{wrong} rows became what they should not: {summary}")
            said = ", ".join(f"{count:,} {each}" for each, count in counts.items())
            print(f"| {name} | {wall:.1f} | {cpu:.1f} | {asked.rows / cpu:,.0f} | {said} |")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MEGABYTE
    print(f"\nPeak memory of the command: {peak:.0f} MB. No row became what it should not.")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submission", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=ROWS)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    with running_anvil() as endpoint, TemporaryDirectory() as scratch:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        measure(devnet, Path(scratch), endpoint, asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
