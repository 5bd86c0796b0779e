"""A long run in pieces: each is a run of every suite by a seed of its own, and is kept.

Pieces of one run speak of the same contracts and the same suites; when either changes, the run
begins anew. What is added up is what was run, and no piece counts twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

from tests.invariants.forge import Outcome, run_forge


def run_pieces(root: Path, seed: int, count: int, minutes: float, match: str) -> list[Outcome]:
    """The kept outcomes of `count` pieces from this seed on, and those there was time for.

    A piece that has begun is finished, and one at least is run where any is missing.
    """
    until = time.monotonic() + 60 * minutes
    pieces, has_run = [], False
    for piece in range(seed, seed + count):
        kept = _place(root, piece, match)
        if kept.is_file():
            pieces.append(_read(kept))
            continue
        if has_run and time.monotonic() > until:
            continue
        pieces.append(run_forge(root, "ci", piece, match))
        has_run = True
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(outcome) for outcome in pieces[-1]]))
        print(f"piece with seed {piece}: {len(pieces)} of {count}", flush=True)
    return added_up(pieces)


def added_up(pieces: list[list[Outcome]]) -> list[Outcome]:
    """One outcome for each property: calls of all pieces, and the first failure."""
    total: dict[tuple[str, str], Outcome] = {}
    for piece in pieces:
        for outcome in piece:
            place = outcome.suite, outcome.test
            before = total.get(place)
            total[place] = outcome if before is None else _sum(before, outcome)
    return [total[place] for place in sorted(total)]


def _sum(first: Outcome, second: Outcome) -> Outcome:
    return replace(
        first,
        passed=first.passed and second.passed,
        calls=first.calls + second.calls,
        reverts=first.reverts + second.reverts,
        acts=dict(Counter(first.acts) + Counter(second.acts)),
        reason=first.reason or second.reason,
    )


def _place(root: Path, seed: int, match: str) -> Path:
    digest = hashlib.sha256(match.encode())
    for folder in ("contracts", "tests/invariants"):
        for path in sorted((root / folder).rglob("*.sol")):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    digest.update((root / "foundry.toml").read_bytes())
    return root / "var" / "forge" / "pieces" / f"{digest.hexdigest()[:16]}-{seed}.json"


def _read(kept: Path) -> list[Outcome]:
    return [Outcome(**found) for found in json.loads(kept.read_text())]
