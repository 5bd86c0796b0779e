"""Floors under the share of roots, and what happens to the smallest of too many ancestors."""

from __future__ import annotations

import random

import pytest

from chain.ledger.errors import BadLink
from chain.ledger.identifiers import WorkId
from tests.contracts.derivative_graph.conftest import HALF, MOST_ANCESTORS, PERCENT
from tests.contracts.refusals import refused
from tests.contracts.rights import by
from tests.contracts.royalty_ledger.stage import DERIVATIVE

# What one transaction may use (EIP-7825).
MINEABLE = 2**24


def test_a_floor_is_told_and_only_lowered(lineage, platform):
    (root,) = lineage.roots(1)

    tx = lineage.graph.declareFloor(root, 5 * PERCENT, by(platform))
    lineage.graph.declareFloor(root, 1, by(platform))

    told = {"root": root, "floor": 5 * PERCENT, "bindsFrom": tx.timestamp}
    assert dict(tx.events["FloorDeclared"]) == told
    assert lineage.graph.floorOf(root) == (1, tx.timestamp)
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


@pytest.mark.parametrize("shares", [(PERCENT, 2 * PERCENT), (2 * PERCENT, PERCENT)])
def test_all_that_can_be_folded_is_folded_where_the_rest_just_fits(lineage, shares):
    roots = lineage.roots(MOST_ANCESTORS)
    small = dict(zip(roots[15:17], shares, strict=True))
    for root in roots:
        if root not in small:
            lineage.declare(root, 1)
    lineage.link({root: small.get(root, PERCENT) for root in roots[:16]})
    lineage.link({root: small.get(root, PERCENT) for root in roots[16:]})

    both = lineage.link({33: 20 * PERCENT, 34: 20 * PERCENT})

    assert len(both.entries) == MOST_ANCESTORS
    assert [both.share_of(WorkId(root)) for root in small] == [0, 0]


def test_the_widest_link_there_is_can_be_mined(lineage):
    """Sixteen parents of 32 ancestors each, all distinct: 496 of 528 works are folded."""
    roots = lineage.roots(480)
    middles = []
    for first in range(32):
        # Ids of different lines lie between each other, and shares are many.
        lineage.link({root: 20 * PERCENT // (4 + root % 17) for root in roots[first::32]})
        middles.append(lineage.works)
    tops = []
    for first in range(16):
        lineage.link({middles[first]: HALF // 2, middles[first + 16]: HALF // 2})
        assert len(lineage.vectors[lineage.works].entries) == MOST_ANCESTORS
        tops.append(lineage.works)

    vector = lineage.link(dict.fromkeys(tops, HALF // 16))

    assert len(vector.entries) == MOST_ANCESTORS
    assert lineage.gas_used < MINEABLE // 5


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
