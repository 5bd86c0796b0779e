"""The columnar trees are the ledger's own: same roots, sums and proofs, ties and all."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chain.columns.keccak import Rows
from chain.columns.order import ascending, found_in, repeats
from chain.columns.standard_tree import ColumnarStandardTree, standard_leaves
from chain.columns.sum_tree import ColumnarSumTree
from chain.ledger.errors import Malformed, ProofInvalid
from chain.ledger.identifiers import Digest, address, address_from_bytes
from chain.ledger.standard_tree import StandardTree, standard_leaf
from chain.ledger.sum_tree import Payout, SumTree, verify_leaf, verify_range

# How long a case takes says nothing on a busy machine.
TOKEN = address("0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0")
# Few values, so that rows tie in their first eight bytes, in more, and throughout.
TIED_ROWS = st.integers(0, 70).flatmap(
    lambda n: arrays(np.uint8, (n, 32), elements=st.sampled_from([0, 1, 255]))
)


@st.composite
def payout_lists(draw: st.DrawFn) -> list[Payout]:
    payees = sorted(draw(st.sets(st.integers(1, 2**160 - 1), max_size=40)))
    bits = draw(st.sampled_from([8, 63, 64, 65, 127, 128, 200, 250]))
    return [
        Payout(address_from_bytes(payee.to_bytes(20, "big")), draw(st.integers(0, 2**bits - 1)))
        for payee in payees
    ]


def rows_of(digests: list[bytes]) -> Rows:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


@given(TIED_ROWS)
def test_rows_are_ordered_by_all_their_bytes(rows: Rows) -> None:
    assert sorted(row.tobytes() for row in rows) == [row.tobytes() for row in rows[ascending(rows)]]


@given(TIED_ROWS)
def test_a_row_that_comes_again_is_a_repeat(rows: Rows) -> None:
    ordered = sorted(row.tobytes() for row in rows)
    expected = [i > 0 and ordered[i] == ordered[i - 1] for i in range(len(ordered))]

    assert expected == list(repeats(rows_of(ordered)))


@given(TIED_ROWS, TIED_ROWS)
def test_a_row_is_found_exactly_if_it_is_there(held: Rows, wanted: Rows) -> None:
    there = {row.tobytes() for row in held}

    found = found_in(held[ascending(held)], wanted)

    assert [row.tobytes() in there for row in wanted] == list(found)


@given(TIED_ROWS, st.randoms(use_true_random=False))
def test_the_standard_tree_is_the_ledgers(rows: Rows, shuffle: random.Random) -> None:
    leaves = [Digest(row.tobytes()) for row in rows]
    expected = StandardTree(leaves)

    tree = ColumnarStandardTree(rows)

    assert expected.root == tree.root
    if len(set(leaves)) == len(leaves):
        assert [expected.proof(leaf) for leaf in leaves] == [tree.proof(leaf) for leaf in leaves]
    shuffle.shuffle(leaves)
    assert expected.root == ColumnarStandardTree(rows_of([bytes(leaf) for leaf in leaves])).root


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=9))
def test_leaves_are_hashed_twice(values: list[bytes]) -> None:
    leaves = standard_leaves(rows_of(values))

    assert [standard_leaf(value) for value in values] == [row.tobytes() for row in leaves]


def test_a_stranger_is_in_no_tree() -> None:
    tree = ColumnarStandardTree(rows_of([bytes([byte]) * 32 for byte in (1, 2, 3)]))

    for stranger in (b"\0" * 32, b"\2" * 31 + b"\3", b"\xff" * 32):
        with pytest.raises(ProofInvalid, match="not in the tree"):
            tree.proof(Digest(stranger))
    with pytest.raises(ProofInvalid, match="not in the tree"):
        ColumnarStandardTree(rows_of([])).proof(Digest(b"\1" * 32))
    with pytest.raises(ValueError, match="rows of 32 bytes"):
        ColumnarStandardTree(np.zeros((2, 31), np.uint8))


@given(payout_lists())
def test_the_sum_tree_is_the_ledgers(payouts: list[Payout]) -> None:
    expected = SumTree(TOKEN, payouts)

    tree = ColumnarSumTree.of(TOKEN, payouts)

    assert (expected.root, expected.depth) == (tree.root, tree.depth)
    for index, payout in enumerate(payouts):
        assert payout == tree.payout(index)
        assert expected.proof(index) == tree.proof(index)
        verify_leaf(tree.root, TOKEN, tree.leaf_count, index, payout, tree.proof(index))


@given(payout_lists(), st.integers(0, 6), st.integers(0, 63))
def test_ranges_of_the_sum_tree_are_the_ledgers(
    payouts: list[Payout], level: int, number: int
) -> None:
    expected, tree = SumTree(TOKEN, payouts), ColumnarSumTree.of(TOKEN, payouts)
    first, length = number << level, 1 << level
    try:
        proof = expected.range_proof(first, length)
    except ProofInvalid as error:
        with pytest.raises(ProofInvalid) as refused:
            tree.range_proof(first, length)
        assert str(error) == str(refused.value)
        return

    assert proof == tree.range_proof(first, length)
    inside = tree.range_payouts(first, length)
    assert expected.range_payouts(first, length) == inside
    verify_range(tree.root, TOKEN, tree.leaf_count, first, inside, proof)


def test_payees_out_of_order_twice_or_zero_are_refused() -> None:
    low, high = (address_from_bytes(bytes(19) + bytes([byte])) for byte in (1, 2))
    zero = address_from_bytes(bytes(20))

    for payees in ([high, low], [low, low], [zero, low]):
        with pytest.raises(Malformed, match="zero, twice there or out of order"):
            ColumnarSumTree.of(TOKEN, [Payout(payee, 1) for payee in payees])
    with pytest.raises(Malformed, match="columns of"):
        ColumnarSumTree(TOKEN, np.zeros((2, 20), np.uint8), np.zeros((1, 32), np.uint8))
    with pytest.raises(ProofInvalid, match="the tree has 1 leaves"):
        ColumnarSumTree.of(TOKEN, [Payout(low, 1)]).proof(1)


@pytest.mark.parametrize("tree", [SumTree, ColumnarSumTree.of])
def test_a_sum_that_does_not_fit_is_refused(tree: type[SumTree]) -> None:
    payouts = [Payout(address_from_bytes(byte.to_bytes(20, "big")), 2**254) for byte in range(1, 6)]

    assert tree(TOKEN, payouts[:3]).root.sum == 3 * 2**254
    with pytest.raises(Malformed, match="does not fit 256 bits"):
        tree(TOKEN, payouts)
