"""The Merkle-sum tree of cumulative payouts over millions of payees, level by level in arrays.

The same hashes, sums and proofs as `chain.ledger.sum_tree`, which says how the tree is made. A node
is a row of 64 bytes: its hash, and its sum as a big-endian word; two rows are what their parent
hashes. Padding is not stored: a level ends with one empty node where a pair would lack its second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.keccak import DIGEST_BYTES, Rows, keccak256_rows
from chain.columns.order import words_of
from chain.columns.standard_tree import standard_leaves
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, address_bytes, address_from_bytes
from chain.ledger.sum_tree import LEAVES_MAX, Payout, SumNode, SumPaths
from chain.ledger.words import WORD_BYTES, address_word, uint_word

ADDRESS_BYTES: Final = 20
_NODE_BYTES: Final = DIGEST_BYTES + WORD_BYTES
_LIMB_BITS: Final = 64
_LIMBS_MAX: Final = 4
_HALF: Final = np.uint64(2**32 - 1)
_HALF_BITS: Final = np.uint64(32)
# Leaves encoded at a time, so that their 96 bytes are never held for all.
_CHUNK: Final = 1 << 16

# Sums of one level, from the least significant word: as many as the whole total needs.
Limbs = list[NDArray[np.uint64]]


class ColumnarSumTree(SumPaths):
    """The tree over payees, `(count, 20)` bytes strictly ascending, and what each was promised,
    `(count, 32)` bytes of big-endian words.

    About 128 bytes are kept a payee. Raises Malformed for any other order, for the zero address and
    for a total beyond 256 bits.
    """

    def __init__(self, token: Address, payees: Rows, cumulative: Rows) -> None:
        _check_payees(payees, cumulative)
        self.token = token
        self.leaf_count = len(payees)
        self._payees = payees
        limbs = _limbs(cumulative)
        leaves = _empty_level(self.leaf_count)
        _hash_leaves(token, payees, cumulative, leaves)
        leaves[: self.leaf_count, DIGEST_BYTES:] = cumulative
        self._levels = [leaves]
        count, empty = self.leaf_count, np.zeros(_NODE_BYTES, np.uint8)
        while count > 1:
            below = self._levels[-1]
            below[count:] = empty
            pairs = below.reshape(-1, 2 * _NODE_BYTES)
            above = _empty_level(len(pairs))
            count, limbs = len(pairs), _pair_sums(limbs)
            keccak256_rows(pairs, out=above[:count, :DIGEST_BYTES])
            _write_sums(limbs, above[:count, DIGEST_BYTES:])
            self._levels.append(above)
            empty[:DIGEST_BYTES] = keccak256_rows(np.tile(empty, 2)[None, :])[0]

    @classmethod
    def of(cls, token: Address, payouts: Sequence[Payout]) -> ColumnarSumTree:
        """The tree over payouts given one by one. Raises Malformed as the class does."""
        payees = b"".join(address_bytes(payout.payee) for payout in payouts)
        amounts = b"".join(uint_word(payout.cumulative) for payout in payouts)
        return cls(
            token,
            np.frombuffer(payees, np.uint8).reshape(-1, ADDRESS_BYTES),
            np.frombuffer(amounts, np.uint8).reshape(-1, WORD_BYTES),
        )

    @property
    def leaves(self) -> Rows:
        """All leaf hashes, `(count, 32)` bytes ascending by payee: the standard tree's leaves."""
        return self._levels[0][: self.leaf_count, :DIGEST_BYTES]

    def payout(self, index: int) -> Payout:
        """Leaf `index`; raises ProofInvalid for no such leaf."""
        self._check_index(index)
        return Payout(address_from_bytes(self._payees[index].tobytes()), self._node(0, index).sum)

    def _node(self, level: int, position: int) -> SumNode:
        row = self._levels[level][position].tobytes()
        return SumNode(Digest(row[:DIGEST_BYTES]), int.from_bytes(row[DIGEST_BYTES:], "big"))


def _check_payees(payees: Rows, cumulative: Rows) -> None:
    count = len(payees)
    if payees.shape != (count, ADDRESS_BYTES) or cumulative.shape != (count, WORD_BYTES):
        raise Malformed("payouts", f"columns of {payees.shape} and {cumulative.shape}")
    if count > LEAVES_MAX:
        raise Malformed("payouts", f"{count} payees, at most {LEAVES_MAX}")
    # Padded in front, an address is three words, compared from the first that differs.
    words = words_of(np.pad(payees, ((1, 0), (4, 0))))
    now, before = words[1:], words[:-1]
    rises = now[:, 2] > before[:, 2]
    for k in (1, 0):
        rises = (now[:, k] > before[:, k]) | ((now[:, k] == before[:, k]) & rises)
    if not rises.all():
        first = payees[int(np.argmin(rises))].tobytes()
        raise Malformed(
            "payouts", f"payee {address_from_bytes(first)} is zero, twice there or out of order"
        )


def _limbs(amounts: Rows) -> Limbs:
    """As many words of each amount as the sum of all needs; no sum on the way is larger."""
    words = words_of(amounts)
    total = sum(
        (int((word >> _HALF_BITS).sum()) << 32) + int((word & _HALF).sum()) << _LIMB_BITS * power
        for power in range(_LIMBS_MAX)
        for word in [words[:, _LIMBS_MAX - 1 - power].astype(np.uint64)]
    )
    needed = max(1, -(-total.bit_length() // _LIMB_BITS))
    if needed > _LIMBS_MAX:
        raise Malformed("payouts", "their sum does not fit 256 bits")
    return [words[:, _LIMBS_MAX - 1 - power].astype(np.uint64) for power in range(needed)]


def _pair_sums(limbs: Limbs) -> Limbs:
    sums: Limbs = []
    carry = np.zeros((len(limbs[0]) + 1) // 2, np.uint64)
    for limb in limbs:
        total = limb[::2] + carry
        carry = (total < carry).astype(np.uint64)
        odd = limb[1::2]
        total[: len(odd)] += odd
        carry[: len(odd)] += total[: len(odd)] < odd
        sums.append(total)
    assert not carry.any()
    return sums


def _write_sums(limbs: Limbs, into: Rows) -> None:
    into[:] = 0
    for power, limb in enumerate(limbs):
        end = WORD_BYTES - 8 * power
        into[:, end - 8 : end] = limb.astype(">u8").view(np.uint8).reshape(-1, 8)


def _hash_leaves(token: Address, payees: Rows, cumulative: Rows, level: Rows) -> None:
    encoded = np.zeros((min(_CHUNK, len(payees)), 3 * WORD_BYTES), np.uint8)
    encoded[:, WORD_BYTES : 2 * WORD_BYTES] = np.frombuffer(address_word(token), np.uint8)
    for first in range(0, len(payees), _CHUNK):
        some = payees[first : first + _CHUNK]
        rows = encoded[: len(some)]
        rows[:, WORD_BYTES - ADDRESS_BYTES : WORD_BYTES] = some
        rows[:, 2 * WORD_BYTES :] = cumulative[first : first + _CHUNK]
        level[first : first + len(some), :DIGEST_BYTES] = standard_leaves(rows)


def _empty_level(count: int) -> Rows:
    """Room for a level's nodes, and for the empty one where their number is odd."""
    return np.empty((count if count < 2 else count + count % 2, _NODE_BYTES), np.uint8)
