"""Our standard tree is OpenZeppelin's: @openzeppelin/merkle-tree 1.0.8 printed what is expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import ProofInvalid
from chain.ledger.identifiers import ZERO_DIGEST, Digest
from chain.ledger.standard_tree import StandardTree, standard_leaf, verify_standard

VALUES = [bytes([byte]) * 32 for byte in (0x11, 0x22, 0x33, 0x44, 0x55)]
ROOT = "84ff965e6ec40e39acda61b51d85b149ba962e2106f5e4f7a364a8f5c82c5fec"
PROOF_OF_22 = [
    "099651d0127b2f8d36b8609e4f500f9d361617d4f09087572dd541b44da00ad6",
    "f71106156f6c6fb1e886f1022b84b417bc07ade1ba787da2e849607e605475b7",
    "c38f25536e9b6b742ef2a8038c646765ca83d2d0994ad2cb135676e2fa821bbc",
]
PROOF_OF_33 = [
    "9bab1a8c534953eb922e7172a40e12ce2179d2b18c0e51dc12e030cc0e474645",
    "c38f25536e9b6b742ef2a8038c646765ca83d2d0994ad2cb135676e2fa821bbc",
]
ROOT_OF_ONE = "ddf01ddd376b0754614e249410f966d61b6560ef80e7495eaa08341d4e534a2e"
LEAVES = st.lists(st.binary(min_size=32, max_size=32).map(Digest), min_size=1, max_size=70)


def test_root_and_proofs_are_openzeppelins() -> None:
    tree = StandardTree(standard_leaf(value) for value in VALUES)

    assert tree.root.hex() == ROOT
    assert [node.hex() for node in tree.proof(standard_leaf(VALUES[1]))] == PROOF_OF_22
    assert [node.hex() for node in tree.proof(standard_leaf(VALUES[2]))] == PROOF_OF_33


def test_one_leaf_is_its_own_root() -> None:
    tree = StandardTree([standard_leaf(VALUES[0])])

    assert tree.root.hex() == ROOT_OF_ONE
    assert tree.proof(standard_leaf(VALUES[0])) == ()


def test_no_leaves_have_the_zero_root() -> None:
    assert StandardTree([]).root == ZERO_DIGEST


@given(LEAVES, st.randoms(use_true_random=False))
def test_every_leaf_is_proven_whatever_the_order(leaves: list[Digest], random: object) -> None:
    tree = StandardTree(leaves)
    shuffled = list(leaves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert tree.root == StandardTree(shuffled).root
    for leaf in leaves:
        verify_standard(tree.root, leaf, tree.proof(leaf))


@given(LEAVES, st.binary(min_size=32, max_size=32).map(Digest))
def test_a_leaf_that_is_not_there_is_not_proven(leaves: list[Digest], stranger: Digest) -> None:
    tree = StandardTree(leaves)
    if stranger in leaves:
        return

    with pytest.raises(ProofInvalid, match="not in the tree"):
        tree.proof(stranger)
    with pytest.raises(ProofInvalid, match="another root"):
        verify_standard(tree.root, stranger, tree.proof(leaves[0]))
