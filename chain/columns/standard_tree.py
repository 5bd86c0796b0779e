"""OpenZeppelin's StandardMerkleTree over millions of leaves, in one array of digests.

The same layout, root and proofs as `chain.ledger.standard_tree`, which says how it is made.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from chain.columns.keccak import DIGEST_BYTES, Rows, keccak256_pairs, keccak256_rows
from chain.columns.order import ascending
from chain.ledger.errors import ProofInvalid
from chain.ledger.identifiers import ZERO_DIGEST, Digest

_PAIR_BYTES: Final = 2 * DIGEST_BYTES
_SHOWN_BYTES: Final = 8


def standard_leaves(encoded: Rows) -> Rows:
    """The leaf of each row's ABI encoding: hashed twice. `(count, length)` to `(count, 32)`."""
    leaves = keccak256_rows(encoded)
    return keccak256_rows(leaves, out=leaves)


class ColumnarStandardTree:
    """The tree over leaf hashes, `(count, 32)` bytes in any order; its root is zero without any.

    64 bytes are kept a leaf. Raises ValueError for rows of another length.
    """

    def __init__(self, leaves: Rows) -> None:
        if leaves.ndim != 2 or leaves.shape[1] != DIGEST_BYTES:
            raise ValueError(f"leaves are rows of 32 bytes, not {leaves.shape}")
        self.leaf_count = len(leaves)
        inner = max(self.leaf_count - 1, 0)
        tree = np.empty((inner + self.leaf_count, DIGEST_BYTES), np.uint8)
        # "clip" writes straight to `out`; the order has no place outside.
        np.take(leaves, ascending(leaves)[::-1], axis=0, out=tree[inner:], mode="clip")
        for depth in range(inner.bit_length() - 1, -1, -1):
            first, end = (1 << depth) - 1, min((1 << depth + 1) - 1, inner)
            children = tree[2 * first + 1 : 2 * end + 1]
            keccak256_pairs(children.reshape(-1, _PAIR_BYTES), out=tree[first:end])
        self._tree = tree

    @property
    def root(self) -> Digest:
        """The root; zero when the tree has no leaves."""
        return Digest(self._tree[0].tobytes()) if self.leaf_count else ZERO_DIGEST

    def proof(self, leaf: Digest) -> tuple[Digest, ...]:
        """The siblings from `leaf` to the root; raises ProofInvalid when it is not in the tree."""
        node = self._find(leaf)
        siblings = []
        while node:
            siblings.append(self._at(node - 1 if node % 2 == 0 else node + 1))
            node = (node - 1) // 2
        return tuple(siblings)

    def _find(self, leaf: Digest) -> int:
        # Leaves descend from the middle of the array to its end.
        low, high = self.leaf_count - 1, 2 * self.leaf_count - 1
        while low < high:
            middle = (low + high) // 2
            found = self._at(middle)
            if found == leaf:
                return middle
            low, high = (middle + 1, high) if found > leaf else (low, middle)
        raise ProofInvalid(f"leaf {leaf[:_SHOWN_BYTES].hex()}…", "it is not in the tree")

    def _at(self, node: int) -> Digest:
        return Digest(self._tree[node].tobytes())
