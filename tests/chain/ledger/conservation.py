"""Divides pools, so many allocations of them, and looks for units lost, created or misplaced.

    python -m tests.chain.ledger.conservation --allocations 10000000 --seed 1

An allocation is what one payee gets in one division. Every division is held against whole numbers:
all parts and what is for nobody sum to the pool, nobody gets less than nothing, and nobody is a
unit off its exact part for each division it takes part in. Ends with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chain.ledger.identifiers import Digest, WorkId
from chain.ledger.rights import SHARE_SCALE
from chain.ledger.sharing import (
    Descent,
    Listener,
    ListenerMode,
    community_root,
    floor_pro_rata,
    listener_centric,
    pro_rata,
    waterfall,
)

PAYEES_MAX = 400
WIDTHS = (1, 7, 40, 96, 112)


@dataclass
class Count:
    """What one rule did so far. `difference` in base units, `misplaced` amounts."""

    rule: str
    divisions: int = 0
    allocations: int = 0
    difference: int = 0
    misplaced: int = 0

    def whole(self, pool: int, amounts: Sequence[int], for_nobody: int) -> None:
        self.divisions += 1
        self.allocations += len(amounts)
        self.difference += abs(pool - sum(amounts) - for_nobody)
        self.misplaced += sum(1 for amount in amounts if amount < 0)

    def exact(self, amounts: Sequence[int], parts: Sequence[int], scale: int, units: int) -> None:
        """`parts` are exact, as numerators of `scale`; nobody may be `units` off."""
        off = max(
            (abs(a * scale - part) for a, part in zip(amounts, parts, strict=True)), default=0
        )
        self.misplaced += off >= units * scale


def weights_of(draw: random.Random, count: int) -> list[int]:
    width = draw.choice(WIDTHS)
    zeros = draw.choice((0.0, 0.0, 0.2, 1.0))
    return [0 if draw.random() < zeros else draw.getrandbits(width) for _ in range(count)]


def in_proportion(draw: random.Random, count: Count, pool: int, turn: Digest) -> None:
    weights = weights_of(draw, draw.randint(1, PAYEES_MAX))
    found, whole = pro_rata(pool, weights, turn), sum(weights)
    count.whole(pool, found.amounts, found.left_over)
    if whole:
        count.exact(found.amounts, [pool * weight for weight in weights], whole, 1)


def with_a_floor(draw: random.Random, count: Count, pool: int, turn: Digest) -> None:
    weights, phi = weights_of(draw, draw.randint(1, PAYEES_MAX)), draw.randint(0, 10_000)
    found, whole, n = floor_pro_rata(pool, weights, phi, turn), sum(weights), len(weights)
    count.whole(pool, found.amounts, found.left_over)
    if whole:
        floor = pool * phi // 10_000
        parts = [floor * whole + (pool - floor) * weight * n for weight in weights]
        count.exact(found.amounts, parts, whole * n, 2)


def by_roots(draw: random.Random, count: Count, pool: int, turn: Digest) -> None:
    groups = [weights_of(draw, draw.randint(0, 40)) for _ in range(draw.randint(0, 12))]
    found = community_root(pool, groups, turn)
    count.whole(pool, [a for row in found.amounts for a in row], found.left_over)
    for row, weights in zip(found.amounts, groups, strict=True):
        if sum(weights):
            count.exact(row, [sum(row) * weight for weight in weights], sum(weights), 1)


def by_listening(draw: random.Random, count: Count, pool: int, turn: Digest) -> None:
    crowd = [
        Listener(
            Digest(draw.randbytes(32)),
            draw.getrandbits(40),
            {draw.randint(1, 40): draw.getrandbits(10) for _ in range(draw.randint(0, 20))},
        )
        for _ in range(draw.randint(0, 40))
    ]
    mode = draw.choice(tuple(ListenerMode))
    found = listener_centric(pool, crowd, mode, turn)
    parts = (*found.silent.values(), found.uncovered)
    count.whole(pool, list(found.amounts.values()), sum(parts))
    count.misplaced += sum(1 for part in parts if part < 0)
    # Each listener's part is divided once for each id that it heard.
    count.allocations += sum(len(each.plays) for each in crowd) - len(found.amounts)


def run_down(draw: random.Random, count: Count, pool: int, turn: Digest) -> None:
    works = draw.randint(1, 33)
    descents = {
        WorkId(child): Descent(
            draw.randint(0, SHARE_SCALE),
            {
                WorkId(parent): draw.getrandbits(30)
                for parent in draw.sample(range(1, child), min(child - 1, draw.randint(1, 16)))
            },
        )
        for child in range(2, works + 1)
        if draw.random() < 0.8
    }
    found = waterfall(pool, WorkId(works), descents, turn)
    count.whole(pool, list(found.kept.values()), found.left_over)


RULES: dict[str, Callable[[random.Random, Count, int, Digest], None]] = {
    "pro-rata": in_proportion,
    "floor": with_a_floor,
    "community root": by_roots,
    "listener-centric": by_listening,
    "derivative waterfall": run_down,
}


def conserve(allocations: int, seed: int) -> list[Count]:
    """Divide until every rule made its part of the allocations."""
    counts = []
    for rule, divide in RULES.items():
        draw, count = random.Random(f"{seed} {rule}"), Count(rule)
        while count.allocations < -(-allocations // len(RULES)):
            pool = draw.choice((0, 1, draw.getrandbits(20), draw.getrandbits(96), 2**96))
            divide(draw, count, pool, Digest(draw.randbytes(32)))
        counts.append(count)
    return counts


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--allocations", type=lambda text: int(float(text)), default=10**7)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    began = time.monotonic()
    counts = conserve(given.allocations, given.seed)
    say(f"{'rule':22}{'divisions':>12}{'allocations':>14}{'difference':>12}{'misplaced':>11}")
    for each in counts:
        say(
            f"{each.rule:22}{each.divisions:>12,}{each.allocations:>14,}"
            f"{each.difference:>12}{each.misplaced:>11}"
        )
    total = sum(each.allocations for each in counts)
    difference = sum(each.difference for each in counts)
    misplaced = sum(each.misplaced for each in counts)
    say(
        f"seed {given.seed}: {total:,} allocations, {difference} units of difference, {misplaced} "
        f"amounts further off than rounding allows, {time.monotonic() - began:.0f} s"
    )
    if difference or misplaced:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
