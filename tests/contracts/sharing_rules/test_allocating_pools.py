"""The contract divides pools as the vectors and as its Python twin, to the unit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.ledger.identifiers import Digest
from chain.ledger.sharing import community_root, floor_pro_rata, pro_rata
from tests.contracts.refusals import refused

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sharing_rules.json").read_text())
CASES = VECTORS["cases"]
HASHES = st.binary(min_size=32, max_size=32).map(Digest)
POOLS = st.integers(0, 2**112)
GROUPS = st.lists(
    st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**112)), max_size=6), max_size=4
)


def in_text(answer):
    amounts, left_over = answer
    return [list(map(_text, amounts)), str(left_over)]


def _text(value):
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else str(value)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_vector_is_divided_as_it_says(rules, number):
    case = CASES[number]
    pool, turn = int(case["pool"]), case["epochHash"]
    groups = [[int(weight) for weight in group] for group in case["groups"]]
    row = [weight for group in groups for weight in group]

    assert in_text(rules.proRata(pool, row, turn)) == case["proRata"]
    assert in_text(rules.floorProRata(pool, row, case["phiBps"], turn)) == case["floorProRata"]
    assert in_text(rules.communityRoot(pool, groups, turn)) == case["communityRoot"]


@settings(max_examples=60)
@given(POOLS, GROUPS, st.integers(0, 10_000), HASHES)
def test_the_contract_and_its_twin_agree(rules, pool, groups, phi, turn):
    row = [weight for group in groups for weight in group]

    for answer, twin in (
        (rules.proRata(pool, row, turn), pro_rata(pool, row, turn)),
        (rules.floorProRata(pool, row, phi, turn), floor_pro_rata(pool, row, phi, turn)),
        (rules.communityRoot(pool, groups, turn), community_root(pool, groups, turn)),
    ):
        assert tuple(answer[0]) == twin.amounts
        assert answer[1] == twin.left_over


def test_pools_and_weights_up_to_the_words_end_are_divided(rules):
    most = 2**256 - 1

    assert rules.proRata(most, [most], b"\0" * 32) == ((most,), 0)
    amounts, left_over = rules.communityRoot(most, [[2**192 - 1], [2**192 - 1]], b"\0" * 32)
    assert sum(map(sum, amounts)) == most
    assert left_over == 0


def test_a_group_too_heavy_for_its_root_is_refused(rules):
    with refused("GroupTooHeavy", 1):
        rules.communityRoot(1, [[1], [2**192]], b"\0" * 32)


def test_a_floor_above_the_whole_is_refused(rules):
    with refused("BadFloor", 1, 10_001):
        rules.floorProRata(1, [1], 10_001, b"\0" * 32)
