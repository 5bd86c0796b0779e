"""A long run of random schedules in pieces, each of its own seeds and kept; pieces are added up.

    python -m tests.faults.pieces relay --schedules 10000 --seed 1 --minutes 90
    python -m tests.faults.pieces index --schedules 10000 --seed 1
    python -m tests.faults.pieces

Begun again, it goes on where it was ended. A piece speaks of the program it ran; a program that
is changed is run anew. Without a kind it says what was run so far, of this program and of all.
Every second piece of the index is in PostgreSQL. Exits 1 when any schedule lost or doubled
something, naming its seed. Pieces are in var/faults.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from scripts.export_abi import ROOT
from tests.chain.indexer import fault_schedules as index_schedules
from tests.faults.__main__ import SCHEDULES_PER_NODE, run_lot
from tests.faults.schedule import Tally
from tests.postgres import running_postgres

FOLDER: Final = ROOT / "var" / "faults"
# What a schedule of either kind runs.
PROGRAM: Final = ("oracle", "chain/client", "chain/indexer", "chain/ledger", "contracts")
OURS: Final = ("tests/faults", "tests/chain/indexer/fault_schedules.py")


@dataclass(frozen=True)
class Piece:
    """Schedules of successive seeds, `program` being what they ran; `done` counts what befell."""

    kind: str
    program: str
    first_seed: int
    schedules: int
    violations: list[str]
    seconds: float
    done: dict[str, int]


def relay_piece(first_seed: int) -> Piece:
    """Kills, reorganisations and lies around the relay, by turns in SQLite and PostgreSQL."""
    begin, tally = time.monotonic(), Tally()
    seeds = list(range(first_seed, first_seed + SCHEDULES_PER_NODE))
    violations = run_lot(seeds, "both", tally)
    done = {f"killed at {moment}": times for moment, times in tally.killed_at.items()}
    done |= {**tally.faults, **tally.reached}
    return _piece("relay", first_seed, violations, begin, done)


def index_piece(first_seed: int) -> Piece:
    """Forks, kills and lies around the index."""
    begin, done, violations = time.monotonic(), Counter[str](), list[str]()
    in_file = first_seed // SCHEDULES_PER_NODE % 2 == 0
    end = first_seed + SCHEDULES_PER_NODE
    with nullcontext() if in_file else running_postgres() as server:
        while first_seed < end:
            seen: list[int] = []
            try:
                done += index_schedules.run_schedules(
                    first_seed, end - first_seed, seen.append, server
                )
            except AssertionError as error:
                violations.append(f"{error}: {error.__cause__!r}")
                seen.append(first_seed + len(seen))
            first_seed += len(seen)
    return _piece("index", end - SCHEDULES_PER_NODE, violations, begin, dict(done))


KINDS: Final[dict[str, Callable[[int], Piece]]] = {"relay": relay_piece, "index": index_piece}


def run_pieces(kind: str, schedules: int, seed: int, minutes: float | None) -> None:
    """Run what is missing of these seeds while there is time; a piece that began is finished."""
    until = None if minutes is None else time.monotonic() + 60 * minutes
    FOLDER.mkdir(parents=True, exist_ok=True)
    for first_seed in range(seed, seed + schedules, SCHEDULES_PER_NODE):
        if until is not None and time.monotonic() > until:
            break
        place = FOLDER / f"{kind}-{program()}-{first_seed}.json"
        if place.is_file():
            continue
        piece = KINDS[kind](first_seed)
        place.write_text(json.dumps(asdict(piece), indent=1) + "\n")
        print(f"{kind} from seed {first_seed}: {len(piece.violations)} violations", flush=True)


def kept(folder: Path = FOLDER) -> list[Piece]:
    """All pieces that were run, in any order."""
    return [Piece(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def summary(pieces: list[Piece], now: str) -> Iterator[str]:
    """A line for each kind, of the program as it is `now` and of all it was."""
    for kind in KINDS:
        for name, chosen in (
            ("this program", [p for p in pieces if p.kind == kind and p.program == now]),
            ("all programs", [p for p in pieces if p.kind == kind]),
        ):
            count = sum(piece.schedules for piece in chosen)
            bad = sum(len(piece.violations) for piece in chosen)
            hours = sum(piece.seconds for piece in chosen) / 3600
            yield f"{kind}, {name}: {count} schedules in {hours:.2f} h, {bad} violations"
    yield from (violation for piece in pieces for violation in piece.violations)


def program() -> str:
    """A name of the sources that a schedule runs."""
    digest = hashlib.sha256()
    for folder in PROGRAM:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in (".py", ".sol"):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for place in OURS:
        paths = sorted((ROOT / place).glob("*.py")) or [ROOT / place]
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _piece(
    kind: str, first_seed: int, violations: list[str], begin: float, done: dict[str, int]
) -> Piece:
    seconds = round(time.monotonic() - begin, 1)
    counts = dict(sorted(done.items()))
    return Piece(kind, program(), first_seed, SCHEDULES_PER_NODE, violations, seconds, counts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.pieces", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("kind", nargs="?", choices=tuple(KINDS))
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule")
    parser.add_argument("--minutes", type=float, help="begin no piece after these")
    asked = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["NO_PROXY"] = "127.0.0.1"
    if asked.kind is not None:
        run_pieces(asked.kind, asked.schedules, asked.seed, asked.minutes)
    pieces = kept()
    print("\n".join(summary(pieces, program())))
    return 1 if any(piece.violations for piece in pieces) else 0


if __name__ == "__main__":
    sys.exit(main())
