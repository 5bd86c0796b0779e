"""Floors under the share of roots, and what happens to the smallest of too many ancestors."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chain.ledger.errors import BadLink
from chain.ledger.identifiers import WorkId
from chain.ledger.vectors import AncestorVector, LicensedParent, flatten
from tests.contracts.refusals import refused
from tests.contracts.rights import by
from tests.contracts.royalty_ledger.stage import DERIVATIVE, RECORDING, double, refusal_of

PERCENT = 10_000_000
HALF = 500_000_000
MOST_ANCESTORS = 32


@pytest.fixture
def around(deployer: Any) -> Any:
    """Register and licences that allow everything: a licence's number is its share."""
    return double("Surroundings").deploy(by(deployer))


@pytest.fixture
def graph(DerivativeGraph: Any, around: Any, deployer: Any) -> Any:
    return DerivativeGraph.deploy(around, around, around, by(deployer))


class Lineage:
    """A graph whose works are all the platform's, beside what the model says of it."""

    def __init__(self, graph: Any, around: Any, owner: Any) -> None:
        self.graph, self.around, self.owner = graph, around, owner
        self.vectors: dict[int, AncestorVector] = {}
        self.floors: dict[WorkId, int] = {}
        self.works = 0

    def register(self, kind: int) -> int:
        self.works += 1
        self.around.register(self.works, self.owner, kind, by(self.owner))
        return self.works

    def roots(self, count: int) -> list[int]:
        return [self.register(RECORDING) for _ in range(count)]

    def declare(self, root: int, floor: int) -> None:
        self.graph.declareFloor(root, floor, by(self.owner))
        self.floors[WorkId(root)] = floor

    def link(self, parents: dict[int, int]) -> AncestorVector:
        """Links a new derivative; contract and model agree on its vector or on the refusal."""
        child = self.register(DERIVATIVE)
        known = {parent: self.vectors.get(parent, AncestorVector()) for parent in parents}
        licensed = [LicensedParent(WorkId(p), share, known[p]) for p, share in parents.items()]
        encoded = [known[parent].encode() for parent in parents]
        arguments = (child, child.to_bytes(32, "big"), list(parents.items()), encoded)
        try:
            expected = flatten(licensed, self.floors)
        except BadLink as refusal:
            assert refusal_of(self.graph.link, *arguments, sender=self.owner)[0] == refusal.rule
            raise
        tx = self.graph.link(*arguments, by(self.owner))
        found = bytes(tx.events["DerivativeLinked"]["vector"])
        assert found == expected.encode()
        assert self.graph.vectorHashOf(child) == "0x" + expected.hash().hex()
        self.vectors[child] = expected
        return expected


@pytest.fixture
def lineage(graph: Any, around: Any, platform: Any) -> Lineage:
    return Lineage(graph, around, platform)


def test_a_floor_is_told_and_only_lowered(lineage, platform):
    (root,) = lineage.roots(1)

    tx = lineage.graph.declareFloor(root, 5 * PERCENT, by(platform))
    lineage.graph.declareFloor(root, 1, by(platform))

    assert dict(tx.events["FloorDeclared"]) == {"root": root, "floor": 5 * PERCENT}
    assert lineage.graph.floorOf(root) == 1
    for floor in (1, 2, 0):
        with refused("BadFloor", root, 1, floor):
            lineage.graph.declareFloor(root, floor, by(platform))


def test_a_floor_is_at_most_what_ancestors_may_have(lineage, platform):
    (root,) = lineage.roots(1)

    with refused("BadFloor", root, 0, HALF + 1):
        lineage.graph.declareFloor(root, HALF + 1, by(platform))
    lineage.graph.declareFloor(root, HALF, by(platform))


def test_only_who_decides_for_a_root_puts_a_floor_under_it(lineage, stranger, platform):
    (root,) = lineage.roots(1)
    derivative = lineage.register(DERIVATIVE)

    with refused("NotController", root, stranger):
        lineage.graph.declareFloor(root, 1, by(stranger))
    with refused("NotARoot", derivative):
        lineage.graph.declareFloor(derivative, 1, by(platform))
    with refused("WorkUnknown", 99):
        lineage.graph.declareFloor(99, 1, by(platform))


def test_no_generation_thins_a_root_out_below_its_floor(lineage):
    (root,) = lineage.roots(1)
    lineage.declare(root, 5 * PERCENT)
    vector = lineage.link({root: 10 * PERCENT})

    for _ in range(6):
        vector = lineage.link({lineage.works: 10 * PERCENT})
        assert vector.share_of(WorkId(root)) == 5 * PERCENT


def test_floors_that_take_more_than_half_make_no_derivative(lineage):
    roots = lineage.roots(2)
    middles = []
    for root in roots:
        lineage.declare(root, 30 * PERCENT)
        lineage.link({root: HALF})
        middles.append(lineage.works)

    with pytest.raises(BadLink, match="StackTooLarge"):
        lineage.link(dict.fromkeys(middles, PERCENT))


def test_of_too_many_the_smallest_are_folded(lineage):
    roots = lineage.roots(MOST_ANCESTORS)
    first = lineage.link({root: PERCENT + root for root in roots[:16]})
    second = lineage.link({root: PERCENT + root for root in roots[16:]})

    both = lineage.link({33: 20 * PERCENT, 34: 20 * PERCENT})

    assert len(first.entries) == len(second.entries) == 16
    assert len(both.entries) == MOST_ANCESTORS
    assert both.stack == 40 * PERCENT


def test_the_protected_are_folded_by_nobody(lineage):
    roots = lineage.roots(MOST_ANCESTORS)
    for root in roots:
        lineage.declare(root, 1)
    lineage.link(dict.fromkeys(roots[:16], PERCENT))
    lineage.link(dict.fromkeys(roots[16:], PERCENT))

    with pytest.raises(BadLink, match="TooManyAncestors"):
        lineage.link({33: 20 * PERCENT, 34: 20 * PERCENT})


@pytest.mark.parametrize("seed", range(12))
def test_random_lineages_are_those_of_the_model(lineage, seed):
    """Sixteen parents, floors and folding, and links that are refused, over 12 x 24 links."""
    dice = random.Random(seed)
    roots = lineage.roots(24)
    for _ in range(24):
        if dice.random() < 0.5:
            root = dice.choice(roots)
            before = lineage.floors.get(WorkId(root), 1 + dice.randint(1, 4 * PERCENT))
            if before > 1:
                lineage.declare(root, dice.randint(1, before - 1))
        known = sorted({*roots, *lineage.vectors})[-40:]
        chosen = sorted(dice.sample(known, dice.randint(1, 16)))
        share = HALF // len(chosen)
        try:
            lineage.link({parent: dice.randint(0, share) for parent in chosen})
        except BadLink as refusal:
            assert refusal.rule in ("StackTooLarge", "TooManyAncestors")
