"""The Merkle-sum tree of cumulative payouts: what the EpochDistributor pays by.

Leaf i = keccak256(keccak256(abi.encode(payee, token, cumulative))), its sum is `cumulative`; node =
keccak256(left, leftSum, right, rightSum), its sum is both sums. Leaves ascend by payee and are
padded to a power of two with (zero hash, zero). A leaf hashes 32 bytes and a node 128, so neither
can pass for the other; the root's sum is the whole total, so no leaf can promise unfunded money.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain.ledger.errors import Malformed, ProofInvalid
from chain.ledger.identifiers import (
    ZERO_ADDRESS,
    ZERO_DIGEST,
    Address,
    Digest,
    address_bytes,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.words import address_word, uint_word

LEAVES_MAX: Final = 2**32 - 1
_SUM_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Payout:
    """A payee and all that it was ever promised in one token, in base units."""

    payee: Address
    cumulative: int


@dataclass(frozen=True, slots=True)
class SumNode:
    """A node of the tree: a root, or a sibling on the way to it."""

    hash: Digest
    sum: int


EMPTY_NODE: Final = SumNode(ZERO_DIGEST, 0)


def leaf_hash(token: Address, payout: Payout) -> Digest:
    """OpenZeppelin's double hash of (payee, token, cumulative); the standard tree has the same."""
    encoded = address_word(payout.payee) + address_word(token) + uint_word(payout.cumulative)
    return Digest(keccak256(keccak256(encoded)))


class SumPaths(ABC):
    """What is proven of a tree, wherever its nodes are kept."""

    leaf_count: int
    """How many payees the tree pays."""

    @abstractmethod
    def payout(self, index: int) -> Payout:
        """Leaf `index`; raises ProofInvalid for no such leaf."""

    @abstractmethod
    def _node(self, level: int, position: int) -> SumNode:
        """A node of the tree, leaves being level 0; padding is the empty node."""

    @property
    def depth(self) -> int:
        """How many siblings prove a leaf."""
        return max(self.leaf_count - 1, 0).bit_length()

    @property
    def root(self) -> SumNode:
        """The hash that the report commits to, with the sum of all leaves."""
        return self._node(self.depth, 0) if self.leaf_count else EMPTY_NODE

    def proof(self, index: int) -> tuple[SumNode, ...]:
        """The siblings from leaf `index` up to the root; raises ProofInvalid for no such leaf."""
        self._check_index(index)
        return self._siblings(0, index)

    def range_proof(self, first: int, length: int) -> tuple[SumNode, ...]:
        """The siblings from the node over leaves `first` to `first + length - 1` up to the root.

        Raises ProofInvalid unless that range is one node: 2^k leaves, aligned, inside the tree.
        """
        level = range_level(first, length, self.leaf_count)
        return self._siblings(level, first >> level)

    def range_payouts(self, first: int, length: int) -> tuple[Payout | None, ...]:
        """The leaves of a range, with None for padding; raises ProofInvalid as `range_proof`."""
        range_level(first, length, self.leaf_count)
        return tuple(
            self.payout(index) if index < self.leaf_count else None
            for index in range(first, first + length)
        )

    def _siblings(self, level: int, position: int) -> tuple[SumNode, ...]:
        return tuple(
            self._node(above, (position >> (above - level)) ^ 1)
            for above in range(level, self.depth)
        )

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.leaf_count:
            raise ProofInvalid(f"leaf {index}", f"the tree has {self.leaf_count} leaves")


class SumTree(SumPaths):
    """The tree over payouts that strictly ascend by payee; raises Malformed for any other order.

    Without payouts there is only the empty node, which no contract accepts as a root.
    """

    def __init__(self, token: Address, payouts: Sequence[Payout]) -> None:
        _check_payouts(payouts)
        if sum(payout.cumulative for payout in payouts).bit_length() > _SUM_BITS:
            raise Malformed("payouts", "their sum does not fit 256 bits")
        self.token = token
        self.payouts = tuple(payouts)
        self.leaf_count = len(self.payouts)
        width = 1 << self.depth
        padding = width - len(self.payouts)
        hashes = [*_leaf_hashes(token, self.payouts), *[bytes(ZERO_DIGEST)] * padding]
        sums = [payout.cumulative for payout in self.payouts] + [0] * padding
        self._levels = [(hashes, sums)]
        while len(hashes) > 1:
            hashes, sums = _level_above(hashes, sums)
            self._levels.append((hashes, sums))

    def payout(self, index: int) -> Payout:
        """Leaf `index`; raises ProofInvalid for no such leaf."""
        self._check_index(index)
        return self.payouts[index]

    def _node(self, level: int, position: int) -> SumNode:
        hashes, sums = self._levels[level]
        return SumNode(Digest(hashes[position]), sums[position])


def verify_leaf(
    root: SumNode,
    token: Address,
    leaf_count: int,
    index: int,
    payout: Payout,
    proof: Sequence[SumNode],
) -> None:
    """Check that the tree promises `payout` at `index`; raises ProofInvalid when it does not."""
    what = f"leaf {index}"
    if not 0 <= index < leaf_count:
        raise ProofInvalid(what, f"the tree has {leaf_count} leaves")
    if len(proof) != (leaf_count - 1).bit_length():
        raise ProofInvalid(what, f"{len(proof)} siblings for a tree of {leaf_count} leaves")
    leaf = SumNode(leaf_hash(token, payout), payout.cumulative)
    if _climb(leaf, index, proof) != root:
        raise ProofInvalid(what, "it leads to another root")


def verify_range(
    root: SumNode,
    token: Address,
    leaf_count: int,
    first: int,
    payouts: Sequence[Payout | None],
    proof: Sequence[SumNode],
) -> None:
    """Check a whole aligned range of leaves, None for padding; raises ProofInvalid."""
    what = f"leaves {first} to {first + len(payouts) - 1}"
    level = range_level(first, len(payouts), leaf_count)
    if len(proof) != (leaf_count - 1).bit_length() - level:
        raise ProofInvalid(what, f"{len(proof)} siblings for a tree of {leaf_count} leaves")
    for offset, payout in enumerate(payouts):
        if (payout is None) != (first + offset >= leaf_count):
            raise ProofInvalid(what, f"leaf {first + offset} is padding on one side only")
    hashes = [bytes(ZERO_DIGEST if p is None else leaf_hash(token, p)) for p in payouts]
    sums = [0 if p is None else p.cumulative for p in payouts]
    while len(hashes) > 1:
        hashes, sums = _level_above(hashes, sums)
    if _climb(SumNode(Digest(hashes[0]), sums[0]), first >> level, proof) != root:
        raise ProofInvalid(what, "they lead to another root")


def _check_payouts(payouts: Sequence[Payout]) -> None:
    if len(payouts) > LEAVES_MAX:
        raise Malformed("payouts", f"{len(payouts)} payees, at most {LEAVES_MAX}")
    before = address_bytes(ZERO_ADDRESS)
    for payout in payouts:
        payee = address_bytes(payout.payee)
        if payee <= before:
            raise Malformed("payouts", f"payee {payout.payee} is zero, twice there or out of order")
        checked_uint(payout.cumulative, _SUM_BITS, "cumulative payout")
        before = payee


def _leaf_hashes(token: Address, payouts: Sequence[Payout]) -> list[bytes]:
    # The same as `leaf_hash`, with the token encoded once: trees have many leaves.
    middle = address_word(token)
    return [
        keccak256(keccak256(address_word(p.payee) + middle + uint_word(p.cumulative)))
        for p in payouts
    ]


def _level_above(hashes: list[bytes], sums: list[int]) -> tuple[list[bytes], list[int]]:
    words = [uint_word(total) for total in sums]
    above = [
        keccak256(hashes[at] + words[at] + hashes[at + 1] + words[at + 1])
        for at in range(0, len(hashes), 2)
    ]
    return above, [sums[at] + sums[at + 1] for at in range(0, len(sums), 2)]


def range_level(first: int, length: int, leaf_count: int) -> int:
    """The level of the node over a range; raises ProofInvalid when the range is no node."""
    what = f"leaves {first} to {first + length - 1}"
    if length < 1 or length & (length - 1):
        raise ProofInvalid(what, f"{length} leaves are no power of two")
    if not 0 <= first < leaf_count or first % length or length > 1 << (leaf_count - 1).bit_length():
        raise ProofInvalid(what, f"not an aligned range of a tree of {leaf_count} leaves")
    return length.bit_length() - 1


def _climb(node: SumNode, position: int, siblings: Sequence[SumNode]) -> SumNode:
    for sibling in siblings:
        left, right = (node, sibling) if position & 1 == 0 else (sibling, node)
        total = left.sum + right.sum
        # Sums that wrapped around in 256 bits would let one leaf claim more than the whole tree.
        if total.bit_length() > _SUM_BITS:
            raise ProofInvalid("a path", "its sum does not fit 256 bits")
        node = SumNode(
            Digest(keccak256(left.hash + uint_word(left.sum) + right.hash + uint_word(right.sum))),
            total,
        )
        position >>= 1
    return node
