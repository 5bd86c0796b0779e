"""Writes ancestor_vectors.json: derivatives, their licensed parents, and what they owe to whom.

    python tests/vectors/make_ancestor_vectors.py

Independent of both implementations: shares are `fractions.Fraction` of the whole here, floored to
the scale only where the definition says so. Each result without floors and folding is checked twice
more: against the exact, never floored shares along all paths, and, where a case names them, against
numbers worked by hand. Works count from 1, originals and derivatives in one row, in the order they
are registered; floors are declared just before the link that they are listed under.
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
ENTRIES_MAX = 32

Parents = dict[int, int]


@dataclass
class Case:
    """Some works, the derivatives among them, and hand-worked vectors of some of these.

    `floors` are declared before the link of the child that they are listed under.
    """

    name: str
    works: int
    links: dict[int, Parents]
    by_hand: dict[int, dict[int, int]] = field(default_factory=dict)
    floors: dict[int, dict[int, int]] = field(default_factory=dict)


@dataclass
class Ancestry:
    """What is known of one work: floored shares, exact shares, distance from the originals.

    `exact` is None as soon as a floor or folding had a say; `protected` are those it marks.
    """

    owed: dict[int, Fraction] = field(default_factory=dict)
    exact: dict[int, Fraction] | None = field(default_factory=dict)
    depth: int = 0
    protected: set[int] = field(default_factory=set)


def to_scale(share: Fraction) -> Fraction:
    return Fraction(floor(share * SCALE), SCALE)


def ancestry_of(
    parents: Parents, known: dict[int, Ancestry], floors: dict[int, Fraction]
) -> Ancestry:
    result = Ancestry(depth=1 + max(known[parent].depth for parent in parents))
    came_through: dict[int, list[int]] = {}
    for parent, licensed in parents.items():
        whole = Fraction(licensed, SCALE)
        passed_on = {work: to_scale(whole * share) for work, share in known[parent].owed.items()}
        for work, share in passed_on.items():
            result.owed[work] = result.owed.get(work, Fraction(0)) + share
            came_through.setdefault(work, []).append(parent)
        kept = whole - sum(passed_on.values(), Fraction(0))
        result.owed[parent] = result.owed.get(parent, Fraction(0)) + kept
        result.protected |= known[parent].protected | ({parent} & floors.keys())
    result.exact = exact_shares(parents, known)
    if lift(result, parents, known, came_through, floors):
        result.exact = None
    if fold(result, parents, came_through):
        result.exact = None
    result.owed = {work: share for work, share in result.owed.items() if share}
    result.protected &= result.owed.keys()
    return result


def exact_shares(parents: Parents, known: dict[int, Ancestry]) -> dict[int, Fraction] | None:
    found: dict[int, Fraction] = {}
    for parent, licensed in parents.items():
        before = known[parent].exact
        if before is None:
            return None
        whole = Fraction(licensed, SCALE)
        ideal = {work: whole * share for work, share in before.items()}
        ideal[parent] = whole - sum(ideal.values(), Fraction(0))
        for work, share in ideal.items():
            found[work] = found.get(work, Fraction(0)) + share
    return found


def lift(
    result: Ancestry,
    parents: Parents,
    known: dict[int, Ancestry],
    came_through: dict[int, list[int]],
    floors: dict[int, Fraction],
) -> bool:
    """Nobody in protection thins out below its floor; whether anybody had to be lifted."""
    lifted = False
    for root in sorted(floors):
        lines = [p for p in parents if root in known[p].protected]
        if not lines:
            continue
        least = min(floors[root], max(known[p].owed[root] for p in lines))
        if result.owed[root] < least:
            payer = min(came_through[root])
            missing = least - result.owed[root]
            result.owed[payer] = max(result.owed[payer] - missing, Fraction(0))
            result.owed[root] = least
            lifted = True
    return lifted


def fold(result: Ancestry, parents: Parents, came_through: dict[int, list[int]]) -> bool:
    """No more than 32 are owed anything; whether anybody had to be folded."""
    folded = False
    while sum(map(bool, result.owed.values())) > ENTRIES_MAX:
        free = result.owed.keys() - parents.keys() - result.protected
        youngest_first = sorted((work for work in free if result.owed[work]), reverse=True)
        least = min(youngest_first, key=lambda work: result.owed[work])
        result.owed[min(came_through[least])] += result.owed.pop(least)
        folded = True
    return folded


def check(case: Case, child: int, ancestry: Ancestry) -> None:
    licensed = sum(case.links[child].values())
    if ancestry.exact is not None:
        assert sum(ancestry.owed.values(), Fraction(0)) * SCALE == licensed
        # Every floor loses less than one part of the scale, and a chain of d links floors d times.
        entries = sum(len(parents) for parents in case.links.values()) * len(ancestry.exact)
        for work, share in ancestry.exact.items():
            owed = ancestry.owed.get(work, Fraction(0))
            assert abs(owed - share) * SCALE < entries + 1, (case.name, child, work)
    assert sum(ancestry.owed.values(), Fraction(0)) * SCALE >= licensed
    assert len(ancestry.owed) <= ENTRIES_MAX
    if child in case.by_hand:
        found = {w: int(s * SCALE) for w, s in ancestry.owed.items()}
        assert found == case.by_hand[child], (case.name, child, found)


def link_record(
    child: int, parents: Parents, ancestry: Ancestry, floors: dict[int, int]
) -> dict[str, Any]:
    vector = [[work, int(ancestry.owed[work] * SCALE)] for work in sorted(ancestry.owed)]
    encoded = b"".join(
        w.to_bytes(8, "big") + (s + 2**31 * (w in ancestry.protected)).to_bytes(4, "big")
        for w, s in vector
    )
    return {
        "floors": [{"work": work, "floor": least} for work, least in sorted(floors.items())],
        "child": child,
        "parents": [{"work": work, "share": share} for work, share in sorted(parents.items())],
        "depth": ancestry.depth,
        "vector": vector,
        "protected": sorted(ancestry.protected),
        "encoded": "0x" + encoded.hex(),
        "hash": "0x" + keccak(encoded)[:30].hex(),
    }


def case_record(case: Case) -> dict[str, Any]:
    known = {work: Ancestry() for work in range(1, case.works + 1) if work not in case.links}
    floors: dict[int, Fraction] = {}
    links = []
    for child, parents in sorted(case.links.items()):
        declared = case.floors.get(child, {})
        floors |= {work: Fraction(least, SCALE) for work, least in declared.items()}
        known[child] = ancestry_of(parents, known, floors)
        check(case, child, known[child])
        links.append(link_record(child, parents, known[child], declared))
    return {"name": case.name, "works": case.works, "links": links}


def random_case(seed: int) -> Case:
    """Fourteen works, half of them derivatives of one to four earlier ones."""
    rng = random.Random(seed)
    links: dict[int, Parents] = {}
    for child in range(8, 15):
        chosen = sorted(rng.sample(range(1, child), rng.randint(1, 4)))
        links[child] = {parent: rng.randint(0, HALF // len(chosen)) for parent in chosen}
    return Case(f"random, seed {seed}", 14, links)


def crowded_case(seed: int) -> Case:
    """Sixty works of which many are protected, lowered or folded on the way."""
    rng = random.Random(seed)
    roots, works = 30, 60
    links: dict[int, Parents] = {}
    floors: dict[int, dict[int, int]] = {}
    declared: dict[int, int] = {}
    for child in range(roots + 1, works + 1):
        newest = range(max(1, child - 20), child)
        chosen = sorted(rng.sample(newest, rng.randint(2, 6)))
        links[child] = {parent: rng.randint(0, HALF // 2 // len(chosen)) for parent in chosen}
        root = rng.randint(1, roots)
        if rng.random() < 0.4 and declared.get(root, HALF) > 1:
            declared[root] = rng.randint(1, min(declared.get(root, HALF) - 1, SCALE // 100))
            floors[child] = {root: declared[root]}
    return Case(f"crowded, seed {seed}", works, links, floors=floors)


def floored_cases() -> list[Case]:
    """2 owes a tenth to 1, under whose share there is a floor of 5 %."""
    percent = SCALE // 100
    first, at_five = {2: {1: 10 * percent}}, {2: {1: 5 * percent}}
    return [
        # A fifth of a tenth would be 2 %; 3 % more come from 2. The next child is not thinned out.
        Case(
            "a floor holds, generation after generation",
            4,
            first | {3: {2: 20 * percent}, 4: {3: 20 * percent}},
            {
                3: {1: 5 * percent, 2: 15 * percent},
                # Of 3's twenty: 1 % to 1, which lacks 4; 3 % to 2; and 16 % to 3, which pay them.
                4: {1: 5 * percent, 2: 3 * percent, 3: 12 * percent},
            },
            at_five,
        ),
        Case(
            "what the parent has not, the child gives",
            3,
            first | {3: {2: 2 * percent}},
            {3: {1: 5 * percent}},
            at_five,
        ),
        Case(
            "a floor asks for no more than the parent owes",
            3,
            {2: {1: 3 * percent}, 3: {2: 20 * percent}},
            {3: {1: 3 * percent, 2: 17 * percent}},
            at_five,
        ),
        Case(
            "a floor does not reach into older lines",
            5,
            first | {4: {1: 10 * percent, 2: 20 * percent}, 5: {4: 10 * percent}},
            # 2 was linked before. 4 has 1 for a parent, so what comes from 4 is in protection.
            {
                4: {1: 12 * percent, 2: 18 * percent},
                5: {1: 5 * percent, 2: 18_000_000, 4: 32_000_000},
            },
            {4: {1: 5 * percent}},
        ),
        Case(
            "a floor is reached over two paths",
            4,
            first | {3: {1: 10 * percent}, 4: {2: 20 * percent, 3: 20 * percent}},
            {4: {1: 5 * percent, 2: 17 * percent, 3: 18 * percent}},
            at_five,
        ),
        Case(
            "a root that is parent and grandparent",
            4,
            first | {3: {1: percent, 2: percent}},
            # A direct licence of 1 %, and a tenth of 1 % through 2; 3.9 % are missing, 2 has 0.9.
            {3: {1: 5 * percent}},
            at_five,
        ),
        Case(
            "a lowered floor",
            4,
            first | {3: {2: 20 * percent}, 4: {3: 20 * percent}},
            {4: {1: 2 * percent, 2: 3 * percent, 3: 15 * percent}},
            at_five | {4: {1: 2 * percent}},
        ),
    ]


def folded_cases() -> list[Case]:
    """33 and 34 owe to sixteen originals each, 35 to both of them: 34 ancestors."""
    lines = {33: {i: 1_000_000 + i for i in range(1, 17)}}
    lines[34] = {i: 1_000_000 + i for i in range(17, 33)}
    lines[35] = {33: 200_000_000, 34: 200_000_000}
    # A fifth of each share, floored; 33 and 34 keep the rest, and what is folded into them.
    fifths = {i: (1_000_000 + i) // 5 for i in range(1, 33)}
    kept = {33: 200_000_000 - sum(fifths[i] for i in range(1, 17))}
    kept[34] = 200_000_000 - sum(fifths[i] for i in range(17, 33))

    # 1 to 4 have the smallest fifth, 200,000; the youngest of them go first.
    two = {i: s for i, s in fifths.items() if i not in (3, 4)}
    two |= {33: kept[33] + fifths[3] + fifths[4], 34: kept[34]}
    spared = {i: s for i, s in fifths.items() if i not in (1, 2)}
    spared |= {33: kept[33] + fifths[1] + fifths[2], 34: kept[34]}
    return [
        Case("the smallest and youngest are folded", 35, lines, {35: two}),
        Case("who is protected is not folded", 35, lines, {35: spared}, {33: {3: 1, 4: 1}}),
    ]


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
            {4: {1: 111_111_110, 3: 222_222_223}},
        ),
        Case(
            "the smallest share there is",
            3,
            {2: {1: HALF}, 3: {2: 1}},
            {3: {2: 1}},
        ),
        Case("a share of nothing", 3, {3: {1: 0, 2: tenth}}, {3: {2: 100_000_000}}),
        Case("nothing owed to anybody", 2, {2: {1: 0}}, {2: {}}),
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
        *floored_cases(),
        *folded_cases(),
        *(random_case(SEED + i) for i in range(4)),
        *(crowded_case(SEED + i) for i in range(2)),
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
