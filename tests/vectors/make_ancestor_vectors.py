"""Writes ancestor_vectors.json: derivatives, their licensed parents, and what they owe to whom.

    python tests/vectors/make_ancestor_vectors.py

Independent of both implementations: shares are `fractions.Fraction` of the whole here, floored to
the scale only where the definition says so. Each result is checked twice more: against the exact,
never floored shares along all paths, and, where a case names them, against numbers worked by hand.
Works count from 1, originals and derivatives in one row, in the order they are registered.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from eth_utils import keccak

HERE = Path(__file__).resolve().parent
SCALE = 1_000_000_000
SEED = 20261121
HALF = 500_000_000

Parents = dict[int, int]


@dataclass
class Case:
    """Some works, the derivatives among them, and hand-worked vectors of some of these."""

    name: str
    works: int
    links: dict[int, Parents]
    by_hand: dict[int, dict[int, int]] = field(default_factory=dict)


@dataclass
class Ancestry:
    """What is known of one work: floored shares, exact shares, distance from the originals."""

    owed: dict[int, Fraction] = field(default_factory=dict)
    exact: dict[int, Fraction] = field(default_factory=dict)
    depth: int = 0


def to_scale(share: Fraction) -> Fraction:
    return Fraction(floor(share * SCALE), SCALE)


def ancestry_of(parents: Parents, known: dict[int, Ancestry]) -> Ancestry:
    result = Ancestry(depth=1 + max(known[parent].depth for parent in parents))
    for parent, licensed in parents.items():
        whole = Fraction(licensed, SCALE)
        passed_on = {work: to_scale(whole * share) for work, share in known[parent].owed.items()}
        for work, share in passed_on.items():
            result.owed[work] = result.owed.get(work, Fraction(0)) + share
        kept = whole - sum(passed_on.values(), Fraction(0))
        result.owed[parent] = result.owed.get(parent, Fraction(0)) + kept
        ideal = {work: whole * share for work, share in known[parent].exact.items()}
        ideal[parent] = whole - sum(ideal.values(), Fraction(0))
        for work, share in ideal.items():
            result.exact[work] = result.exact.get(work, Fraction(0)) + share
    return result


def check(case: Case, child: int, ancestry: Ancestry) -> None:
    licensed = sum(case.links[child].values())
    assert sum(ancestry.owed.values(), Fraction(0)) * SCALE == licensed
    assert ancestry.owed.keys() == ancestry.exact.keys()
    # Every floor loses less than one part of the scale, and a chain of d links floors d times.
    entries = sum(len(parents) for parents in case.links.values()) * len(ancestry.owed)
    for work, share in ancestry.owed.items():
        assert abs(share - ancestry.exact[work]) * SCALE < entries + 1, (case.name, child, work)
    if child in case.by_hand:
        assert {w: int(s * SCALE) for w, s in ancestry.owed.items()} == case.by_hand[child]


def link_record(child: int, parents: Parents, ancestry: Ancestry) -> dict[str, Any]:
    vector = [[work, int(ancestry.owed[work] * SCALE)] for work in sorted(ancestry.owed)]
    encoded = b"".join(w.to_bytes(8, "big") + s.to_bytes(4, "big") for w, s in vector)
    return {
        "child": child,
        "parents": [{"work": work, "share": share} for work, share in sorted(parents.items())],
        "depth": ancestry.depth,
        "vector": vector,
        "encoded": "0x" + encoded.hex(),
        "hash": "0x" + keccak(encoded).hex(),
    }


def case_record(case: Case) -> dict[str, Any]:
    known = {work: Ancestry() for work in range(1, case.works + 1) if work not in case.links}
    links = []
    for child, parents in sorted(case.links.items()):
        known[child] = ancestry_of(parents, known)
        check(case, child, known[child])
        links.append(link_record(child, parents, known[child]))
    return {"name": case.name, "works": case.works, "links": links}


def random_case(seed: int) -> Case:
    """Fourteen works, half of them derivatives of one to four earlier ones."""
    rng = random.Random(seed)
    links: dict[int, Parents] = {}
    for child in range(8, 15):
        chosen = sorted(rng.sample(range(1, child), rng.randint(1, 4)))
        links[child] = {parent: rng.randint(0, HALF // len(chosen)) for parent in chosen}
    return Case(f"random, seed {seed}", 14, links)


def cases() -> list[Case]:
    tenth, fifth, third = SCALE // 10, SCALE // 5, 333_333_333
    return [
        Case("one parent", 2, {2: {1: 150_000_000}}, {2: {1: 150_000_000}}),
        Case(
            "a chain of three",
            4,
            {2: {1: HALF}, 3: {2: fifth}, 4: {3: tenth}},
            # 3 owes 20 %, half of it to 1. 4 owes 10 %, a tenth of that to 1 and to 2 each.
            {
                3: {1: 100_000_000, 2: 100_000_000},
                4: {1: 10_000_000, 2: 10_000_000, 3: 80_000_000},
            },
        ),
        Case(
            "a diamond",
            4,
            {2: {1: HALF}, 3: {1: fifth}, 4: {2: fifth, 3: tenth}},
            # Through 2: half of 20 %. Through 3: a fifth of 10 %.
            {4: {1: 120_000_000, 2: 100_000_000, 3: 80_000_000}},
        ),
        Case(
            "a parent that is also a grandparent",
            3,
            {2: {1: HALF}, 3: {1: tenth, 2: fifth}},
            {3: {1: 200_000_000, 2: 100_000_000}},
        ),
        Case(
            "the deepest parent is not the last",
            4,
            {2: {1: HALF}, 4: {2: fifth, 3: tenth}},
            {4: {1: 100_000_000, 2: 100_000_000, 3: 100_000_000}},
        ),
        Case(
            "what is rounded off stays with the parent",
            4,
            {3: {1: third, 2: 1}, 4: {3: third}},
            # floor(333333333 * 333333333 / 1e9) = 111111110 (.888888889); floor(0.333333333) = 0.
            {4: {1: 111_111_110, 2: 0, 3: 222_222_223}},
        ),
        Case(
            "the smallest share there is",
            3,
            {2: {1: HALF}, 3: {2: 1}},
            {3: {1: 0, 2: 1}},
        ),
        Case("a share of nothing", 3, {3: {1: 0, 2: tenth}}, {3: {1: 0, 2: 100_000_000}}),
        Case(
            "sixteen parents that together take half",
            17,
            {17: dict.fromkeys(range(1, 17), 31_250_000)},
            {17: dict.fromkeys(range(1, 17), 31_250_000)},
        ),
        Case(
            "sixteen parents, thirty-two ancestors",
            33,
            {
                **{16 + i: {i: 100_000_000 + i} for i in range(1, 17)},
                33: {16 + i: 10_000_000 + 7 * i for i in range(1, 17)},
            },
        ),
        Case(
            "as deep as it goes",
            33,
            {child: {child - 1: HALF - child} for child in range(2, 34)},
        ),
        *(random_case(SEED + i) for i in range(4)),
    ]


def main() -> None:
    record = {
        "scale": SCALE,
        "seed": SEED,
        "madeBy": "tests/vectors/make_ancestor_vectors.py",
        "cases": [case_record(case) for case in cases()],
    }
    (HERE / "ancestor_vectors.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
