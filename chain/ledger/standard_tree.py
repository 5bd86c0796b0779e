"""OpenZeppelin's StandardMerkleTree, so that off-the-shelf verifiers can check our roots.

Leaves are double hashes sorted by value; node = keccak256 of its two children, smaller first;
`tree[2n - 2 - i]` is leaf i and the parent of k is (k - 1) // 2.
Source: @openzeppelin/merkle-tree, `standard-v1`; OpenZeppelin Contracts, MerkleProof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from chain.ledger.errors import ProofInvalid
from chain.ledger.identifiers import ZERO_DIGEST, Digest
from chain.ledger.keccak import keccak256

_SHOWN_BYTES: Final = 8


def standard_leaf(encoded: bytes) -> Digest:
    """The leaf of an ABI-encoded value: hashed twice, so that no node can pass for a leaf."""
    return Digest(keccak256(keccak256(encoded)))


class StandardTree:
    """The tree over leaf hashes in any order; its root is zero when there are none.

    OpenZeppelin's own refuses an empty tree; ours must commit to epochs in which nothing happened.
    """

    def __init__(self, leaves: Iterable[Digest]) -> None:
        ordered: list[bytes] = sorted(leaves)
        self._first_leaf = max(len(ordered) - 1, 0)
        # Children before parents: the array is filled from its end.
        tree: list[bytes] = [b""] * self._first_leaf + ordered[::-1]
        for node in range(self._first_leaf - 1, -1, -1):
            left, right = tree[2 * node + 1], tree[2 * node + 2]
            tree[node] = keccak256(left + right if left < right else right + left)
        self._tree = tree

    @cached_property
    def _position(self) -> dict[Digest, int]:
        return {
            Digest(self._tree[i]): i for i in reversed(range(self._first_leaf, len(self._tree)))
        }

    @property
    def root(self) -> Digest:
        """The root; zero when the tree has no leaves."""
        return Digest(self._tree[0]) if self._tree else ZERO_DIGEST

    def proof(self, leaf: Digest) -> tuple[Digest, ...]:
        """The siblings from `leaf` to the root; raises ProofInvalid when it is not in the tree."""
        if leaf not in self._position:
            raise ProofInvalid(f"leaf {leaf[:_SHOWN_BYTES].hex()}…", "it is not in the tree")
        node, siblings = self._position[leaf], []
        while node:
            siblings.append(Digest(self._tree[node - 1 if node % 2 == 0 else node + 1]))
            node = (node - 1) // 2
        return tuple(siblings)


def verify_standard(root: Digest, leaf: Digest, proof: Sequence[Digest]) -> None:
    """Check that `leaf` is in the tree of `root`; raises ProofInvalid when it is not."""
    node: bytes = leaf
    for sibling in proof:
        node = keccak256(node + sibling if node < sibling else sibling + node)
    if node != root:
        raise ProofInvalid(f"leaf {leaf[:_SHOWN_BYTES].hex()}…", "it leads to another root")
