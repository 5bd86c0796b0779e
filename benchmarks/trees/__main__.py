"""Merkle trees of many leaves, beside @openzeppelin/merkle-tree in the same run.

    python -m benchmarks.trees                          # 20,000 and 100,000 leaves beside the peer
    python -m benchmarks.trees --leaves 1e6 --leaves 1e7 --peer-max 1e6   # it takes minutes

`usage` is the tree of event ids; `payouts` the Merkle-sum tree of all payees together with the
standard tree over the same leaves, of which the peer has only the second. Roots and proofs must be
the same, or the command fails. Times are of building alone; CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.trees.ours import ROW_BYTES

SIZES: Final = (20_000, 100_000)
PROOFS: Final = 100
_PEER: Final = Path(__file__).with_name("openzeppelin.js")
_HEAD: Final = (
    "| tree | leaves | @openzeppelin/merkle-tree, CPU s | ours, CPU s | ours, wall s "
    "| × faster (CPU) | ours, peak GB | same root | same proofs |\n"
    "|---|--:|--:|--:|--:|--:|--:|---|---|"
)


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    print(_HEAD)
    wrong = 0
    for kind in ("usage", "payouts"):
        for count in asked.leaves or SIZES:
            with tempfile.NamedTemporaryFile(suffix=".bin") as file:
                rows(kind, count, asked.seed).tofile(file.name)
                wrong += _compare(Path(file.name), kind, count, asked)
    if wrong:
        print(f"{wrong} trees differ from the peer's", file=sys.stderr)
    return 1 if wrong else 0


def rows(kind: str, count: int, seed: int) -> np.ndarray[Any, Any]:
    """Event ids, or payee, token and cumulative payout ascending by payee."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (count, ROW_BYTES[kind]), dtype=np.uint8)
    if kind == "payouts":
        # Ascending and distinct: the row's number stands in the last bytes of a sorted beginning.
        made[:, :8] = np.sort(made[:, :8].copy().view(">u8"), axis=0).view(np.uint8)
        made[:, 8:16] = np.arange(1, count + 1, dtype=">u8").view(np.uint8).reshape(-1, 8)
        made[:, 20:40] = 0x22
        # Below 2^80 base units, and a sum beyond 64 bits.
        made[:, 40:62] = 0
    return made


def _compare(file: Path, kind: str, count: int, asked: argparse.Namespace) -> bool:
    """Build both, print a row; whether they differ."""
    random = np.random.default_rng(asked.seed)
    proven = random.integers(0, count, PROOFS if count <= asked.peer_max else 10 * PROOFS)
    given = [str(file), kind, str(count), ",".join(map(str, proven))]
    ours = _answer([sys.executable, "-m", "benchmarks.trees.ours", *given])
    cells = [kind, f"{count:,}", "not run"]
    verdicts = ["not compared", f"{len(proven):,} verified"]
    ratio, differ = "", False
    if count <= asked.peer_max:
        peer = _answer(["node", f"--max-old-space-size={asked.peer_mb}", str(_PEER), *given])
        same = (ours["root"] == peer["root"], ours["proofs"] == peer["proofs"])
        cells[2] = f"{peer['cpu_seconds']:.2f}"
        ratio = f"{peer['cpu_seconds'] / ours['cpu_seconds']:,.0f}"
        verdicts = [str(same[0]).lower(), f"{str(same[1]).lower()}, n = {len(proven)}"]
        differ = not all(same)
    spent = [f"{ours['cpu_seconds']:.2f}", f"{ours['wall_seconds']:.2f}", ratio]
    row = [*cells, *spent, f"{ours['rss_bytes'] / 1e9:.2f}", *verdicts]
    print("| " + " | ".join(row) + f" | <!-- {ours['hash']}; "
          f"{ours['proofs_per_second']:,.0f} proofs/s, each verified -->", flush=True)  # fmt: skip
    return differ


def _answer(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--leaves", type=_count, action="append", help="sizes, such as 1e6")
    parser.add_argument(
        "--peer-max", type=_count, default=100_000, help="largest tree the peer builds, too"
    )
    parser.add_argument("--peer-mb", type=int, default=8192, help="heap that node may take")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(float(text))
    if not 1 <= count <= 10**8:
        raise argparse.ArgumentTypeError(f"{text} leaves, not 1 to 10^8")
    return count


if __name__ == "__main__":
    sys.exit(main())
