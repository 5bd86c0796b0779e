"""The payout tree agrees with tests/vectors/sum_tree.json, and proves exactly what it holds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import Malformed, ProofInvalid
from chain.ledger.identifiers import (
    ZERO_ADDRESS,
    ZERO_DIGEST,
    Address,
    Digest,
    address,
    address_from_bytes,
    digest_from_hex,
)
from chain.ledger.standard_tree import StandardTree
from chain.ledger.sum_tree import (
    Payout,
    SumNode,
    SumTree,
    leaf_hash,
    verify_leaf,
    verify_range,
)

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "sum_tree.json").read_text())
CASES: list[dict[str, Any]] = VECTOR["cases"]
TOKEN = address("0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0")
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])


def account(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


def payouts_of(case: dict[str, Any]) -> list[Payout]:
    return [Payout(address(p["payee"]), int(p["cumulative"])) for p in case["payouts"]]


def node(entry: dict[str, Any]) -> SumNode:
    return SumNode(digest_from_hex(entry["hash"]), int(entry["sum"]))


@st.composite
def payout_lists(draw: st.DrawFn) -> list[Payout]:
    payees = sorted(draw(st.sets(st.integers(1, 2**160 - 1), min_size=1, max_size=40)))
    return [Payout(account(payee), draw(st.integers(0, 2**128))) for payee in payees]


@by_name
def test_leaves_root_and_total_are_those_of_the_vector(case: dict[str, Any]) -> None:
    payouts = payouts_of(case)
    tree = SumTree(address(case["token"]), payouts)

    leaves = ["0x" + leaf_hash(tree.token, payout).hex() for payout in payouts]
    assert case["leaves"] == leaves
    assert (case["sumRoot"], int(case["total"])) == ("0x" + tree.root.hash.hex(), tree.root.sum)
    assert (case["leafCount"], case["depth"]) == (tree.leaf_count, tree.depth)
    standard = StandardTree(leaf_hash(tree.token, payout) for payout in payouts)
    assert case["leafRoot"] == "0x" + standard.root.hex()


@by_name
def test_proofs_are_those_of_the_vector(case: dict[str, Any]) -> None:
    tree = SumTree(address(case["token"]), payouts_of(case))

    for index, proof in enumerate(case["proofs"]):
        assert tuple(node(entry) for entry in proof) == tree.proof(index)
    for entry in case["ranges"]:
        upper = tuple(node(sibling) for sibling in entry["upper"])
        assert upper == tree.range_proof(entry["firstIndex"], entry["length"])


@given(payout_lists())
def test_every_leaf_and_every_aligned_range_is_proven(payouts: list[Payout]) -> None:
    tree = SumTree(TOKEN, payouts)

    assert sum(payout.cumulative for payout in payouts) == tree.root.sum
    for index, payout in enumerate(payouts):
        verify_leaf(tree.root, TOKEN, tree.leaf_count, index, payout, tree.proof(index))
    for level in range(tree.depth + 1):
        for first in range(0, tree.leaf_count, 1 << level):
            part, proof = tree.range_payouts(first, 1 << level), tree.range_proof(first, 1 << level)
            verify_range(tree.root, TOKEN, tree.leaf_count, first, part, proof)


@given(payout_lists(), st.data())
def test_a_changed_leaf_is_proven_nowhere(payouts: list[Payout], data: st.DataObject) -> None:
    tree = SumTree(TOKEN, payouts)
    index = data.draw(st.integers(0, len(payouts) - 1))
    forged = Payout(payouts[index].payee, payouts[index].cumulative + 1)

    with pytest.raises(ProofInvalid, match="another root"):
        verify_leaf(tree.root, TOKEN, tree.leaf_count, index, forged, tree.proof(index))
    for other in range(tree.leaf_count):
        if other != index:
            with pytest.raises(ProofInvalid):
                verify_leaf(
                    tree.root, TOKEN, tree.leaf_count, other, payouts[index], tree.proof(other)
                )


FIVE = [Payout(account(i), 10 * i) for i in range(1, 6)]


def test_a_sibling_whose_sum_was_changed_leads_elsewhere() -> None:
    tree = SumTree(TOKEN, FIVE)
    honest = tree.proof(0)
    forged = (SumNode(honest[0].hash, honest[0].sum - 1), *honest[1:])

    with pytest.raises(ProofInvalid, match="another root"):
        verify_leaf(tree.root, TOKEN, 5, 0, FIVE[0], forged)


def test_sums_that_wrap_around_prove_nothing() -> None:
    huge = (SumNode(ZERO_DIGEST, 2**256 - 1), SumNode(ZERO_DIGEST, 0), SumNode(ZERO_DIGEST, 0))

    with pytest.raises(ProofInvalid, match="256 bits"):
        verify_leaf(SumTree(TOKEN, FIVE).root, TOKEN, 5, 0, FIVE[0], huge)


def test_a_path_of_another_length_proves_nothing() -> None:
    tree = SumTree(TOKEN, FIVE)

    with pytest.raises(ProofInvalid, match="2 siblings for a tree of 5"):
        verify_leaf(tree.root, TOKEN, 5, 0, FIVE[0], tree.proof(0)[1:])
    with pytest.raises(ProofInvalid, match="3 siblings for a tree of 5"):
        verify_range(tree.root, TOKEN, 5, 0, FIVE[:2], tree.proof(0))


@pytest.mark.parametrize("index", [-1, 5])
def test_a_leaf_outside_the_tree_has_no_proof(index: int) -> None:
    tree = SumTree(TOKEN, FIVE)

    with pytest.raises(ProofInvalid, match="5 leaves"):
        tree.proof(index)
    with pytest.raises(ProofInvalid, match="5 leaves"):
        verify_leaf(tree.root, TOKEN, 5, index, FIVE[0], tree.proof(0))


@pytest.mark.parametrize(("first", "length"), [(0, 0), (0, 3), (1, 2), (8, 1), (0, 16), (-2, 2)])
def test_a_range_that_is_no_node_has_no_proof(first: int, length: int) -> None:
    with pytest.raises(ProofInvalid):
        SumTree(TOKEN, FIVE).range_proof(first, length)


def test_padding_may_not_stand_in_for_a_leaf() -> None:
    tree = SumTree(TOKEN, FIVE)
    proof = tree.range_proof(4, 2)

    for part in ([None, None], [FIVE[4], Payout(ZERO_ADDRESS, 0)]):
        with pytest.raises(ProofInvalid, match="padding on one side only"):
            verify_range(tree.root, TOKEN, 5, 4, part, proof)


@pytest.mark.parametrize("payees", [[1, 1], [2, 1], [0]])
def test_payees_out_of_order_make_no_tree(payees: list[int]) -> None:
    with pytest.raises(Malformed, match="twice there or out of order"):
        SumTree(TOKEN, [Payout(account(payee), 1) for payee in payees])


def test_totals_beyond_256_bits_make_no_tree() -> None:
    with pytest.raises(Malformed, match="256 bits"):
        SumTree(TOKEN, [Payout(account(i), 2**255) for i in (1, 2)])


def test_no_payees_make_the_empty_root() -> None:
    assert SumNode(Digest(bytes(32)), 0) == SumTree(TOKEN, []).root


def test_a_hundred_thousand_payees_take_seconds_at_most() -> None:
    payouts = [Payout(account(i), i) for i in range(1, 100_001)]
    started = time.process_time()

    tree = SumTree(TOKEN, payouts)
    StandardTree(leaf_hash(TOKEN, payout) for payout in payouts)

    assert time.process_time() - started < 8
    assert tree.root.sum == 100_000 * 100_001 // 2
