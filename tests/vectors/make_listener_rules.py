"""Writes listener_rules.json: pools by who heard what, and income running down to ancestors.

    python tests/vectors/make_listener_rules.py

Independent of the code: fractions throughout, gamma by reading off the line of contributions
between two breakpoints instead of by sorting listeners out, and every result held once more against
exact shares: nobody may be a whole unit off for each division it took part in.
"""

from __future__ import annotations

import json
import random
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 20261121
LISTENER_CASES = 40
WATERFALL_CASES = 40
SCALE = 10**9

Plays = dict[int, int]
Crowd = list[tuple[int, int, Plays]]


def in_turn(pool: int, weights: list[int], turn: int) -> list[int]:
    """Whole units between the cumulative parts, from the place that the turn names."""
    whole, size = sum(weights), len(weights)
    if not whole:
        return [0] * size
    places = [(turn + step) % size for step in range(size)]
    found, before, mark = [0] * size, 0, Fraction(0)
    for place in places:
        mark += Fraction(pool * weights[place], whole)
        found[place] = floor(mark) - before
        before = floor(mark)
    return found


def gamma_of(pool: int, crowd: Crowd) -> Fraction | None:
    """Where the line of what all give, as gamma grows, crosses the pool; None if it never does."""
    heard = [(fee, sum(plays.values())) for _, fee, plays in crowd if sum(plays.values())]

    def given(gamma: Fraction) -> Fraction:
        return sum((min(gamma * count, Fraction(fee)) for fee, count in heard), Fraction(0))

    corners = sorted({Fraction(0)} | {Fraction(fee, count) for fee, count in heard})
    for low, high in pairwise(corners):
        if given(low) <= pool <= given(high):
            if given(high) == given(low):
                return low
            return low + (high - low) * (pool - given(low)) / (given(high) - given(low))
    if heard and pool == given(corners[-1]):
        return corners[-1]
    return None


def parts_of(pool: int, crowd: Crowd, mode: str, turn: int) -> tuple[list[int], Fraction | None]:
    if mode != "scaled":
        return in_turn(pool, [fee for _, fee, _ in crowd], turn), None
    gamma = gamma_of(pool, crowd)
    counts = [sum(plays.values()) for _, _, plays in crowd]
    if gamma is None:
        return [fee if count else 0 for (_, fee, _), count in zip(crowd, counts, strict=True)], None
    full = [bool(c) and gamma * c > fee for (_, fee, _), c in zip(crowd, counts, strict=True)]
    rest = [k for k, count in enumerate(counts) if count and not full[k]]
    owed = pool - sum(fee for (_, fee, _), is_full in zip(crowd, full, strict=True) if is_full)
    shared = dict(zip(rest, in_turn(owed, [counts[k] for k in rest], turn), strict=True))
    return [fee if full[k] else shared.get(k, 0) for k, (_, fee, _) in enumerate(crowd)], gamma


def by_listening(pool: int, crowd: Crowd, mode: str, turn: int) -> dict[str, Any]:
    crowd = sorted(crowd)
    parts, gamma = parts_of(pool, crowd, mode, turn)
    amounts: dict[int, int] = {}
    exact: dict[int, Fraction] = {}
    silent: dict[int, int] = {}
    for (name, _, plays), part in zip(crowd, parts, strict=True):
        ids = sorted(plays)
        if not sum(plays.values()):
            silent[name] = part
        weights = [plays[i] if mode != "shapley" else int(plays[i] > 0) for i in ids]
        for i, weight, unit in zip(ids, weights, in_turn(part, weights, turn ^ name), strict=True):
            amounts[i] = amounts.get(i, 0) + unit
            exact[i] = exact.get(i, Fraction(0))
            if weight:
                exact[i] += Fraction(part * weight, sum(weights))
    for i, amount in amounts.items():
        assert abs(amount - exact[i]) <= len(crowd)
    uncovered = pool - sum(parts)
    assert sum(amounts.values()) + sum(silent.values()) + uncovered == pool
    return {
        "amounts": {str(i): str(amounts[i]) for i in sorted(amounts)},
        "silent": {f"0x{name:064x}": str(part) for name, part in silent.items()},
        "uncovered": str(uncovered),
        "gamma": None if gamma is None else str(gamma),
    }


def a_crowd(draw: random.Random) -> Crowd:
    width = draw.choice([3, 20, 96])
    return [
        (
            draw.getrandbits(256),
            draw.choice([0, 1, draw.getrandbits(width)]),
            {
                draw.randint(1, 9): draw.choice([0, 1, draw.getrandbits(draw.choice([4, 40]))])
                for _ in range(draw.randint(0, 5))
            },
        )
        for _ in range(draw.randint(0, 7))
    ]


def listening_case(draw: random.Random) -> dict[str, Any]:
    crowd, turn = a_crowd(draw), draw.getrandbits(256)
    fees = sum(fee for _, fee, _ in crowd)
    pool = draw.choice([0, 1, fees, fees * 65 // 100, 2 * fees + 1, draw.getrandbits(96)])
    return {
        "pool": str(pool),
        "epochHash": f"0x{turn:064x}",
        "listeners": [
            {
                "name": f"0x{name:064x}",
                "fee": str(fee),
                "plays": {str(i): str(count) for i, count in plays.items()},
            }
            for name, fee, plays in crowd
        ],
        "modes": {
            mode: by_listening(pool, crowd, mode, turn)
            for mode in ("user-centric", "shapley", "scaled")
        },
    }


Descents = dict[int, tuple[int, dict[int, int]]]


def run_down(amount: int, work: int, descents: Descents, turn: int) -> dict[str, Any]:
    """Newest first: whatever reaches a work has reached it by then."""
    here: dict[int, int] = {work: amount}
    kept: dict[int, int] = {}
    left_over = 0
    for child in range(work, 0, -1):
        if child not in here:
            continue
        passed_on, parents = descents.get(child, (0, {}))
        down = floor(Fraction(here[child] * passed_on, SCALE))
        kept[child] = here[child] - down
        ids = sorted(parents)
        units = in_turn(down, [parents[i] for i in ids], turn) if ids else []
        left_over += down - sum(units)
        for i, part in zip(ids, units, strict=True):
            here[i] = here.get(i, 0) + part
    assert sum(kept.values()) + left_over == amount
    exact = along_paths(Fraction(amount), work, descents)
    divisions = 3 * len(here)
    assert all(abs(kept.get(i, 0) - exact.get(i, Fraction(0))) <= divisions for i in kept)
    return {"kept": {str(i): str(kept[i]) for i in sorted(kept)}, "leftOver": str(left_over)}


def along_paths(amount: Fraction, work: int, descents: Descents) -> dict[int, Fraction]:
    """Never rounded, path by path: slow, and nothing like the code."""
    if work not in descents:
        return {work: amount}
    passed_on, parents = descents[work]
    down = amount * Fraction(passed_on, SCALE)
    found = {work: amount - down}
    whole = sum(parents.values())
    for parent, weight in parents.items():
        if whole:
            for i, part in along_paths(down * Fraction(weight, whole), parent, descents).items():
                found[i] = found.get(i, Fraction(0)) + part
    return found


def waterfall_case(draw: random.Random) -> dict[str, Any]:
    works = draw.randint(1, 9)
    descents: Descents = {}
    for child in range(2, works + 1):
        if draw.random() < 0.7:
            older = draw.sample(range(1, child), k=min(child - 1, draw.randint(1, 4)))
            weights = {i: draw.choice([0, 1, draw.getrandbits(30)]) for i in older}
            descents[child] = (draw.choice([0, 1, SCALE, draw.randint(0, SCALE)]), weights)
    amount = draw.choice([0, 1, 999, draw.getrandbits(40), 2**96])
    turn = draw.getrandbits(256)
    return {
        "amount": str(amount),
        "work": works,
        "epochHash": f"0x{turn:064x}",
        "descents": {
            str(child): {"passedOn": passed, "parents": {str(i): w for i, w in parents.items()}}
            for child, (passed, parents) in descents.items()
        },
        **run_down(amount, works, descents, turn),
    }


def main() -> None:
    draw = random.Random(SEED)
    document = {
        "seed": SEED,
        "listening": [listening_case(draw) for _ in range(LISTENER_CASES)],
        "waterfall": [waterfall_case(draw) for _ in range(WATERFALL_CASES)],
    }
    (HERE / "listener_rules.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
