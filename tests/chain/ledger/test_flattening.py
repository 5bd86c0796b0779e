"""Ancestor vectors: by hand, against exact fractions, the shared vector and the limits."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from eth_abi.packed import encode_packed
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import BadLink, BadVector
from chain.ledger.identifiers import WorkId
from chain.ledger.vectors import (
    AncestorShare,
    AncestorVector,
    LicensedParent,
    depth_under,
    flatten,
)

SCALE = 10**9


def vector(*entries: tuple[int, int]) -> AncestorVector:
    return AncestorVector(tuple(AncestorShare(WorkId(work), share) for work, share in entries))


def parent(work: int, share: int, ancestors: AncestorVector | None = None) -> LicensedParent:
    return LicensedParent(WorkId(work), share, ancestors or AncestorVector())


# --- by hand -----------------------------------------------------------------------------------


def test_originals_get_exactly_what_was_licensed() -> None:
    assert flatten([parent(1, 150_000_000), parent(2, 333_333_333)]) == vector(
        (1, 150_000_000), (2, 333_333_333)
    )


def test_a_derivative_parent_passes_its_share_on() -> None:
    # 4 owes 15 % to 1 and a third to 2. A child at 10 % of 4 owes 1.5 %, 3.3333333 % (floored) and
    # leaves 4 the rest of the 10 %: 10 % - 1.5 % - 3.3333333 % = 5.1666667 %.
    of_four = vector((1, 150_000_000), (2, 333_333_333))

    assert flatten([parent(4, 100_000_000, of_four)]) == vector(
        (1, 15_000_000), (2, 33_333_333), (4, 51_666_667)
    )


def test_a_diamond_pays_the_common_root_over_both_arms() -> None:
    # 2 and 3 each owe 50 % to 1. A child at 20 % of each: 1 gets 10 % + 10 %, 2 and 3 keep 10 %.
    arm = vector((1, 500_000_000))

    child = flatten([parent(2, 200_000_000, arm), parent(3, 200_000_000, arm)])

    assert child == vector((1, 200_000_000), (2, 100_000_000), (3, 100_000_000))


def test_a_work_that_is_parent_and_grandparent_is_one_entry() -> None:
    # 1 directly at 10 %, and through 2 (50 % to 1) at 10 %: 10 % + 5 %.
    child = flatten([parent(1, 100_000_000), parent(2, 100_000_000, vector((1, 500_000_000)))])

    assert child == vector((1, 150_000_000), (2, 50_000_000))


def test_a_share_too_small_to_pass_on_stays_with_the_parent() -> None:
    child = flatten([parent(2, 1, vector((1, 500_000_000)))])

    assert child == vector((2, 1))


def test_bytes_are_eight_of_id_and_four_of_share() -> None:
    encoded = vector((1, 150_000_000), (2, 333_333_333)).encode()

    assert encoded.hex() == "000000000000000108f0d180000000000000000213de4355"
    assert encoded == encode_packed(
        ["uint64", "uint32", "uint64", "uint32"], [1, 150_000_000, 2, 333_333_333]
    )


def test_the_protected_are_marked_in_the_highest_bit() -> None:
    marked = AncestorVector((AncestorShare(WorkId(1), 7, is_protected=True),))

    assert marked.encode().hex() == "000000000000000180000007"
    assert AncestorVector.decode(marked.encode()) == marked


def test_the_contract_keeps_thirty_bytes_of_the_hash() -> None:
    assert vector((1, 7)).hash() == keccak(vector((1, 7)).encode())[:30]


def test_income_is_divided_without_rounding() -> None:
    parts = dict(vector((1, 1), (2, 333_333_333)).divide(WorkId(9), 7))

    assert parts == {1: 7, 2: 7 * 333_333_333, 9: 7 * (SCALE - 333_333_334)}


# --- over random graphs ------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[LicensedParent, ...]]:
    """Linked derivatives over three originals, each with the vectors its parents really have."""
    vectors = {WorkId(i): AncestorVector() for i in (1, 2, 3)}
    links = []
    for child in range(4, 4 + draw(st.integers(1, 8))):
        chosen = sorted(draw(st.sets(st.sampled_from(sorted(vectors)), min_size=1, max_size=4)))
        shares = draw(st.lists(st.integers(0, 125_000_000), min_size=4, max_size=4))
        parents = tuple(LicensedParent(p, shares[i], vectors[p]) for i, p in enumerate(chosen))
        vectors[WorkId(child)] = flatten(parents)
        links.append(parents)
    return links


def exact_shares(parents: tuple[LicensedParent, ...]) -> dict[WorkId, Fraction]:
    """The same division with fractions instead of floors."""
    shares: dict[WorkId, Fraction] = {}
    for p in parents:
        kept = Fraction(p.royalty_share)
        for entry in p.vector.entries:
            passed_on = Fraction(p.royalty_share * entry.share, SCALE)
            shares[entry.work_id] = shares.get(entry.work_id, Fraction(0)) + passed_on
            kept -= passed_on
        shares[p.work_id] = shares.get(p.work_id, Fraction(0)) + kept
    return shares


@given(graphs())
def test_vectors_sum_to_exactly_what_was_licensed(links: list[tuple[LicensedParent, ...]]) -> None:
    for parents in links:
        flat = flatten(parents)
        ids = [entry.work_id for entry in flat.entries]

        assert flat.stack == sum(p.royalty_share for p in parents)
        assert ids == sorted(set(ids))
        assert AncestorVector.decode(flat.encode()) == flat
        exact = exact_shares(parents)
        assert set(ids) <= set(exact)
        for work, share in exact.items():
            # At most one unit of share is floored away or gained per path.
            assert abs(flat.share_of(work) - share) < 4 * 32


@given(graphs(), st.integers(1, 2**128 - 1))
def test_income_is_passed_on_whole(links: list[tuple[LicensedParent, ...]], amount: int) -> None:
    parts = list(flatten(links[-1]).divide(WorkId(99), amount))

    assert sum(numerator for _, numerator in parts) == amount * SCALE
    assert all(numerator >= 0 for _, numerator in parts)


# --- limits ------------------------------------------------------------------------------------

HALF = 500_000_000
MANY = vector(*[(i, 16_000_000) for i in range(1, 32)])
GUARDED = AncestorVector(tuple(replace(entry, is_protected=True) for entry in MANY.entries))


@pytest.mark.parametrize(
    ("parents", "rule"),
    [
        ([], "BadParentCount"),
        ([parent(i, 1) for i in range(1, 18)], "BadParentCount"),
        ([parent(2, 1), parent(1, 1)], "ParentsOutOfOrder"),
        ([parent(1, 1), parent(1, 1)], "ParentsOutOfOrder"),
        ([parent(0, 1)], "ParentsOutOfOrder"),
        ([parent(1, 1, vector((1, 1)))], "ParentsOutOfOrder"),
        ([parent(1, 500_000_001)], "StackTooLarge"),
        ([parent(1, 250_000_001), parent(2, 250_000_000)], "StackTooLarge"),
        ([parent(1, -1)], "StackTooLarge"),
        ([parent(40, HALF // 2, GUARDED), parent(50, 1)], "TooManyAncestors"),
    ],
)
def test_parents_no_derivative_can_have_are_refused(
    parents: list[LicensedParent], rule: str
) -> None:
    with pytest.raises(BadLink) as refusal:
        flatten(parents)

    assert refusal.value.rule == rule


def test_the_largest_lineage_is_allowed() -> None:
    assert len(flatten([parent(40, HALF, MANY)]).entries) == 32
    assert len(flatten([parent(40, HALF, GUARDED)]).entries) == 32
    assert len(flatten([parent(i, 31_250_000) for i in range(1, 17)]).entries) == 16


def test_a_floor_that_takes_more_than_half_makes_no_derivative() -> None:
    floors = {entry.work_id: entry.share for entry in GUARDED.entries}

    assert flatten([parent(40, 1, GUARDED)], floors).stack == 31 * 16_000_000
    with pytest.raises(BadLink) as refusal:
        flatten([parent(40, 1, GUARDED), parent(50, 5_000_000)], floors)
    assert refusal.value.rule == "StackTooLarge"


def test_depth_counts_links_and_is_limited() -> None:
    def at_depth(depth: int) -> LicensedParent:
        return LicensedParent(WorkId(1), 1, AncestorVector(), depth)

    assert depth_under([at_depth(0)]) == 1
    assert depth_under([at_depth(3), at_depth(31)]) == 32
    with pytest.raises(BadLink) as refusal:
        depth_under([at_depth(32)])
    assert refusal.value.rule == "TooDeep"


@pytest.mark.parametrize(
    "entries",
    [
        [(1, 1), (1, 1)],
        [(2, 1), (1, 1)],
        [(0, 1)],
        [(2**64, 1)],
        [(1, -1)],
        [(1, 0)],
        [(1, 500_000_001)],
        [(i, 1) for i in range(1, 34)],
    ],
)
def test_entries_that_are_no_vector_are_refused(entries: list[tuple[int, int]]) -> None:
    with pytest.raises(BadVector):
        vector(*entries)


@pytest.mark.parametrize("size", [1, 11, 13, 33 * 12])
def test_bytes_that_are_no_vector_are_refused(size: int) -> None:
    with pytest.raises(BadVector):
        AncestorVector.decode(bytes([0, 0, 0, 0, 0, 0, 0, 1] * 60)[:size])


# --- the shared vector -------------------------------------------------------------------------

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "ancestor_vectors.json").read_text())
CASES: list[dict[str, Any]] = VECTOR["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_links_flatten_as_the_vector_says(case: dict[str, Any]) -> None:
    vectors: dict[int, AncestorVector] = {}
    depths: dict[int, int] = {}
    floors: dict[WorkId, int] = {}

    for link in case["links"]:
        parents = [
            LicensedParent(
                WorkId(p["work"]),
                p["share"],
                vectors.get(p["work"], AncestorVector()),
                depths.get(p["work"], 0),
            )
            for p in link["parents"]
        ]
        floors |= {WorkId(f["work"]): f["floor"] for f in link["floors"]}
        flat = flatten(parents, floors)

        assert [e.work_id for e in flat.entries if e.is_protected] == link["protected"]
        assert [[e.work_id, e.share] for e in flat.entries] == link["vector"]
        assert "0x" + flat.encode().hex() == link["encoded"]
        assert "0x" + flat.hash().hex() == link["hash"]
        assert AncestorVector.decode(bytes.fromhex(link["encoded"][2:])) == flat
        assert depth_under(parents) == link["depth"]
        vectors[link["child"]], depths[link["child"]] = flat, link["depth"]
