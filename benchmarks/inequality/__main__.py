"""Gini, Theil and Jain of many payees, beside PySAL's `inequality` in the same run.

    python -m benchmarks.inequality                     # ten million payees, 5 repetitions each
    python -m benchmarks.inequality --payees 1e8 --repeats 2

Each side is a process of its own that loads the same amounts, measures once unrecorded, and then
takes its turn: one, the next, one, the next, so that whatever else the machine does falls on both.
PySAL gets floats, because of whole numbers it makes sums of 64 bits that overflow; what it answers
then is shown, too. Ours gets whole numbers and answers with every measure it has, Gini and Jain as
exact fractions. Amounts: log-normal (sigma 1.8), a fiftieth of the payees unpaid.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

_PEER_PYTHON: Final = Path(__file__).resolve().parents[2] / ".tools/inequality/bin/python"
_HEAD: Final = (
    "| who | CPU s, median (least) | wall s, median (least) "
    "| × faster, CPU: median pair (lowest to highest) | memory beyond the amounts, MB | Gini |\n"
    "|---|--:|--:|--:|--:|--:|"
)


class Side:
    """One process that measures the same amounts whenever it is asked."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.runs: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        # Once unrecorded: imports, first touch of memory, checks of the compiled pass.
        self.extra = self._ask()

    def run(self) -> None:
        self.runs.append(self._ask())

    def _ask(self) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def row(self, peer: Side) -> str:
        cpu, wall = ([run[key] for run in self.runs] for key in ("cpu", "wall"))
        both = zip(peer.runs, self.runs, strict=True)
        pairs = [theirs["cpu"] / ours["cpu"] for theirs, ours in both]
        ratio = f"{median(pairs):.1f} ({min(pairs):.1f} to {max(pairs):.1f})"
        cells = [
            self.name,
            f"{median(cpu):.3f} ({min(cpu):.3f})",
            f"{median(wall):.3f} ({min(wall):.3f})",
            "" if self is peer else ratio,
            f"{max(run['extra_bytes'] for run in self.runs) / 1e6:,.0f}",
            f"{self.runs[0]['gini']:.17g}",
        ]
        return "| " + " | ".join(cells) + " |"


def main(argv: list[str] | None = None) -> int:
    """Measure in turns and print the table; 1 when the two sides disagree."""
    asked = _arguments(argv)
    folder = Path(__file__).parent
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "amounts.npy"
        np.save(file, amounts(asked.payees, asked.seed))
        ours = [sys.executable, "-m", "benchmarks.inequality.ours", str(file)]
        sides = [
            Side("PySAL inequality", [str(asked.peer), str(folder / "pysal.py"), str(file)]),
            Side("ours, compiled", [*ours, "compiled"]),
            Side("ours, numpy alone", [*ours, "numpy"]),
        ]
        for _ in range(asked.repeats):
            for side in sides:
                side.run()
        for side in sides:
            side.end()
    print(f"n = {asked.payees:,} payees, seed {asked.seed}, {asked.repeats} runs each in turns\n")
    print(_HEAD)
    for side in sides:
        print(side.row(sides[0]))
    peer, exact = sides[0].runs[0], sides[1].runs[0]
    for name in ("gini", "theil", "jain"):
        print(f"{name}: PySAL's differs from ours by {abs(peer[name] - exact[name]):.1e}")
    print(f"Theil's own proven error: {exact['theil_error']:.1e}")
    overflowed = sides[0].extra["gini_of_integers"]
    print(f"PySAL's Gini of the same amounts as whole numbers: {overflowed}")
    agree = all(abs(peer[name] - exact[name]) < 1e-9 for name in ("gini", "theil", "jain"))
    same = all(side.runs[0]["gini_exact"] == exact["gini_exact"] for side in sides[1:])
    return 0 if agree and same else 1


def amounts(payees: int, seed: int) -> np.ndarray[Any, Any]:
    """Micro-units, log-normal, every fiftieth payee or so unpaid."""
    random = np.random.default_rng(seed)
    made = random.lognormal(18, 1.8, payees).astype(np.int64)
    made[random.random(payees) < 0.02] = 0
    return made


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inequality", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--payees", type=_count, default=10**7, help="such as 1e7")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", type=Path, default=_PEER_PYTHON, help="a Python with PySAL's")
    asked = parser.parse_args(argv)
    if not asked.peer.exists():
        parser.error(f"{asked.peer} is not there. Next: make bench-inequality")
    return asked


def _count(text: str) -> int:
    count = int(float(text))
    if not 1 <= count <= 10**9:
        raise argparse.ArgumentTypeError(f"{text} payees, not 1 to 10^9")
    return count


if __name__ == "__main__":
    sys.exit(main())
