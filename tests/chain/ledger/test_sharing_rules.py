"""Sharing rules: exact to the unit, fair to within one, the same as the vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, EpochNumber, digest_from_hex
from chain.ledger.sharing import (
    Announcement,
    SharingRule,
    community_root,
    floor_pro_rata,
    pro_rata,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sharing_rules.json").read_text())
CASES: list[dict[str, Any]] = VECTORS["cases"]
HASHES = st.binary(min_size=32, max_size=32).map(Digest)
POOLS = st.integers(0, 2**112)
WEIGHTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**112)), max_size=12)
GROUPS = st.lists(WEIGHTS, max_size=5)
FLOORS = st.integers(0, 10_000)
NO_TURN = Digest(bytes(32))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_vector_is_divided_as_it_says(number: int) -> None:
    case = CASES[number]
    pool, phi, turn = int(case["pool"]), case["phiBps"], digest_from_hex(case["epochHash"])
    groups = [[int(weight) for weight in group] for group in case["groups"]]
    row = [weight for group in groups for weight in group]

    for found, (amounts, left_over) in (
        (pro_rata(pool, row, turn), case["proRata"]),
        (floor_pro_rata(pool, row, phi, turn), case["floorProRata"]),
    ):
        assert [str(amount) for amount in found.amounts] == amounts
        assert str(found.left_over) == left_over
    rooted = community_root(pool, groups, turn)
    amounts, left_over = case["communityRoot"]
    assert [[str(amount) for amount in group] for group in rooted.amounts] == amounts
    assert str(rooted.left_over) == left_over


@given(POOLS, WEIGHTS, HASHES)
def test_in_proportion_nothing_is_lost_and_nobody_is_a_unit_off(
    pool: int, weights: list[int], turn: Digest
) -> None:
    found = pro_rata(pool, weights, turn)

    assert sum(found.amounts) + found.left_over == pool
    whole = sum(weights)
    assert found.left_over == (0 if whole else pool)
    for amount, weight in zip(found.amounts, weights, strict=True):
        exact = Fraction(pool * weight, whole) if whole else Fraction(0)
        assert amount >= 0
        assert abs(amount - exact) < 1


@given(POOLS, WEIGHTS, FLOORS, HASHES)
def test_a_floor_is_everybodys_and_nothing_is_lost(
    pool: int, weights: list[int], phi: int, turn: Digest
) -> None:
    found = floor_pro_rata(pool, weights, phi, turn)

    assert sum(found.amounts) + found.left_over == pool
    assert found.left_over == (0 if weights else pool)
    if sum(weights):
        for amount in found.amounts:
            assert amount >= pool * phi // 10_000 // len(weights)


@given(POOLS, st.integers(1, 9), FLOORS, HASHES)
def test_without_any_weight_a_floored_pool_is_divided_equally(
    pool: int, payees: int, phi: int, turn: Digest
) -> None:
    amounts = floor_pro_rata(pool, [0] * payees, phi, turn).amounts

    assert sum(amounts) == pool
    assert max(amounts) - min(amounts) <= 1


@given(POOLS, GROUPS, HASHES)
def test_between_communities_nothing_is_lost(
    pool: int, groups: list[list[int]], turn: Digest
) -> None:
    found = community_root(pool, groups, turn)

    assert sum(map(sum, found.amounts)) + found.left_over == pool
    assert found.left_over == (0 if any(map(sum, groups)) else pool)
    for amounts, weights in zip(found.amounts, groups, strict=True):
        for amount, weight in zip(amounts, weights, strict=True):
            assert weight or not amount


@given(POOLS, st.lists(st.integers(0, 2**40), min_size=1, max_size=12), FLOORS, HASHES)
def test_a_heavier_payee_never_gets_less_than_a_lighter_one(
    pool: int, weights: list[int], phi: int, turn: Digest
) -> None:
    rows = list(zip(weights, pro_rata(pool, weights, turn).amounts, strict=True))
    floored = list(zip(weights, floor_pro_rata(pool, weights, phi, turn).amounts, strict=True))
    rooted = community_root(pool, [[weight] for weight in weights], turn).amounts
    grouped = list(zip(weights, (row[0] for row in rooted), strict=True))

    # A unit for each division: a floor is two.
    for found, units in ((rows, 1), (floored, 2), (grouped, 1)):
        for (lighter, less), (heavier, more) in pairwise(sorted(found)):
            assert lighter == heavier or more >= less - units


@given(
    st.integers(10**6, 2**112),
    st.lists(st.integers(0, 2**40), min_size=1, max_size=12).filter(any),
    FLOORS,
    HASHES,
)
def test_a_floor_lowers_gini_by_exactly_its_part(
    pool: int, weights: list[int], phi: int, turn: Digest
) -> None:
    amounts = floor_pro_rata(pool, weights, phi, turn).amounts

    found, before = gini(amounts), gini(weights)
    # Three units a payee at most: two divisions and the floor's own; n payees move gini so far.
    allowed = Fraction(6 * len(weights), pool)
    assert abs(found - before * Fraction(10_000 - phi, 10_000)) <= allowed


def gini(amounts: Sequence[int]) -> Fraction:
    """Half the mean difference of all pairs, over the mean; not as the metrics compute it."""
    differences = sum(abs(a - b) for a in amounts for b in amounts)
    return Fraction(differences, 2 * len(amounts) * sum(amounts))


def test_a_group_four_times_as_heavy_gets_twice_as_much() -> None:
    assert community_root(900, [[1, 3], [1]], NO_TURN).amounts == ((150, 450), (300,))


def test_the_epochs_hash_moves_the_last_unit_around() -> None:
    turns = [Digest(turn.to_bytes(32, "big")) for turn in range(3)]

    assert [pro_rata(10, [1, 1, 1], turn).amounts for turn in turns] == [
        (3, 3, 4),
        (4, 3, 3),
        (3, 4, 3),
    ]


def test_a_rule_without_floor_has_none_and_a_floor_is_part_of_the_whole() -> None:
    for rule, phi in (
        (SharingRule.PRO_RATA, 1),
        (SharingRule.COMMUNITY_ROOT, 1),
        (SharingRule.FLOOR_PRO_RATA, 0),
        (SharingRule.FLOOR_PRO_RATA, 10_001),
    ):
        with pytest.raises(Malformed, match="floor"):
            Announcement(rule, phi, 1, EpochNumber(3))
    with pytest.raises(Malformed, match="floor"):
        floor_pro_rata(1, [1], 10_001, NO_TURN)


def test_numbers_no_contract_takes_are_refused() -> None:
    with pytest.raises(Malformed, match="pool"):
        pro_rata(-1, [1], NO_TURN)
    with pytest.raises(Malformed, match="weight"):
        pro_rata(1, [2**256], NO_TURN)
    with pytest.raises(Malformed, match="sum of weights"):
        pro_rata(1, [2**255, 2**255], NO_TURN)
    with pytest.raises(Malformed, match="group 1"):
        community_root(1, [[1], [2**192]], NO_TURN)
    with pytest.raises(Malformed, match="epoch hash"):
        pro_rata(1, [1], Digest(b"short"))
