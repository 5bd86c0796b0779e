"""Writes sharing_rules.json: pools divided by each rule, apart from our own code.

    python tests/vectors/make_sharing_rules.py

Every division is done with fractions: a payee gets the whole units between two cumulative parts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal, getcontext
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 7
CASES = 60
getcontext().prec = 120


def in_turn(pool: int, weights: list[int], seed: int) -> tuple[list[int], int]:
    """Units between the cumulative parts, from the payee that the seed names."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights), pool
    turn = seed % len(weights)
    order = [*range(turn, len(weights)), *range(turn)]
    marks = [
        Fraction(pool * sum(weights[k] for k in order[: i + 1]), whole) for i in range(len(order))
    ]
    units = [floor(mark) for mark in marks]
    found = [0] * len(weights)
    for place, payee in enumerate(order):
        found[payee] = units[place] - (units[place - 1] if place else 0)
    return found, 0


def floored(pool: int, weights: list[int], phi: int, seed: int) -> tuple[list[int], int]:
    part = floor(Fraction(pool * phi, 10_000)) if any(weights) else pool
    equal, nobody = in_turn(part, [1] * len(weights), seed)
    rest, nothing = in_turn(pool - part, weights, seed)
    return [a + b for a, b in zip(equal, rest, strict=True)], nobody + nothing


def rooted(pool: int, groups: list[list[int]], seed: int) -> tuple[list[list[int]], int]:
    roots = [
        int((Decimal(sum(group)) * 2**64).sqrt().to_integral_value("ROUND_FLOOR"))
        for group in groups
    ]
    pools, nobody = in_turn(pool, roots, seed)
    return [
        in_turn(part, group, seed)[0] for part, group in zip(pools, groups, strict=True)
    ], nobody


def text(value: Any) -> Any:
    return [text(one) for one in value] if isinstance(value, list) else str(value)


def groups_of(draw: random.Random) -> list[list[int]]:
    width = draw.choice([1, 8, 40, 112])
    return [
        [draw.choice([0, 1, draw.getrandbits(width)]) for _ in range(draw.randint(0, 5))]
        for _ in range(draw.randint(0, 4))
    ]


def edges() -> Iterator[tuple[int, int, int, list[list[int]]]]:
    """What is easily forgotten: pool, floor, turn and groups of each."""
    for pool in (0, 1, 2, 2**96 - 1, 2**96):
        for groups in (
            [[0]],
            [[0, 0], [0]],
            [[1]],
            [[2**96 - 1, 1], [2**96]],
            [[5, 5, 5]],
            [[1, 0, 2**96]],
            [[], [7], []],
        ):
            yield pool, 3_000, 2**256 - 1, groups


def drawn() -> Iterator[tuple[int, int, int, list[list[int]]]]:
    draw = random.Random(SEED)
    for _ in range(CASES):
        pool = draw.choice([0, 1, 7, draw.getrandbits(40), draw.getrandbits(112), 2**112])
        phi, seed = draw.choice([0, 1, 3_333, 10_000]), draw.getrandbits(256)
        yield pool, phi, seed, groups_of(draw)


def case_of(pool: int, phi: int, seed: int, groups: list[list[int]]) -> dict[str, Any]:
    row = [weight for group in groups for weight in group]
    return {
        "pool": str(pool),
        "phiBps": phi,
        "epochHash": f"0x{seed:064x}",
        "groups": text(groups),
        "proRata": text(list(in_turn(pool, row, seed))),
        "floorProRata": text(list(floored(pool, row, phi, seed))),
        "communityRoot": text(list(rooted(pool, groups, seed))),
    }


def main() -> None:
    document = {"seed": SEED, "cases": [case_of(*given) for given in (*drawn(), *edges())]}
    (HERE / "sharing_rules.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
