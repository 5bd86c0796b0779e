"""Keccak-256 of many messages of one length at a time: rows of bytes in, rows of digests out.

Two ways: the compiled lanes of `keccak_lanes.c`, and one by one with `chain.ledger.keccak`. The
first is used only after it agreed with the second on every length at which blocks begin or end,
anew in every process; where it is not used, the log says why.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chain.columns.native import KECCAK_LANES, NotBuilt
from chain.ledger.keccak import keccak256

Rows = NDArray[np.uint8]

DIGEST_BYTES: Final = 32
_PAIR_BYTES: Final = 2 * DIGEST_BYTES
# Around the 8-byte words and 136-byte blocks of the hash, and every length that is used here.
_PROBED_LENGTHS: Final = (0, 1, 7, 8, 9, 32, 64, 73, 96, 128, 135, 136, 137, 271, 272, 273)
_LANES_MAX: Final = 8

_log = logging.getLogger(__name__)


class BatchKeccak(NamedTuple):
    """One way to hash rows. `rows` and `pairs` take C-contiguous input and write to the second
    array, whose rows may lie apart; `name` is for people."""

    name: str
    rows: Callable[[Rows, Rows], None]
    pairs: Callable[[Rows, Rows], None]


def _rows_one_by_one(messages: Rows, digests: Rows) -> None:
    for index, message in enumerate(messages):
        digests[index] = np.frombuffer(keccak256(message.tobytes()), np.uint8)


def _pairs_one_by_one(pairs: Rows, digests: Rows) -> None:
    for index, pair in enumerate(pairs):
        left, right = pair[:DIGEST_BYTES].tobytes(), pair[DIGEST_BYTES:].tobytes()
        node = keccak256(left + right if left < right else right + left)
        digests[index] = np.frombuffer(node, np.uint8)


ONE_BY_ONE: Final = BatchKeccak("one by one", _rows_one_by_one, _pairs_one_by_one)


def compiled(library: ctypes.CDLL, lanes: int) -> BatchKeccak:
    """The compiled hash at a width that the processor has."""

    def rows(messages: Rows, digests: Rows) -> None:
        count, length = messages.shape
        library.antiphon_keccak256(
            lanes,
            messages.ctypes.data,
            length,
            length,
            digests.ctypes.data,
            digests.strides[0],
            count,
        )

    def pairs(pairs: Rows, digests: Rows) -> None:
        library.antiphon_keccak256_pairs(lanes, pairs.ctypes.data, digests.ctypes.data, len(pairs))

    return BatchKeccak(f"compiled, {lanes} lanes", rows, pairs)


def _differ(
    one: Callable[[Rows, Rows], None], other: Callable[[Rows, Rows], None], given: Rows
) -> bool:
    ours, theirs = (np.zeros((len(given), DIGEST_BYTES), np.uint8) for _ in range(2))
    one(given, ours)
    other(given, theirs)
    return bool((ours != theirs).any())


def disagreement(candidate: BatchKeccak) -> str:
    """Where a candidate differs from hashing one by one; empty when it does not."""
    random = np.random.default_rng(0)
    count = 2 * _LANES_MAX + 1
    for length in _PROBED_LENGTHS:
        messages = random.integers(0, 256, (count, length), dtype=np.uint8)
        if _differ(candidate.rows, ONE_BY_ONE.rows, messages):
            return f"messages of {length} bytes"
    pairs = random.integers(0, 256, (count, _PAIR_BYTES), dtype=np.uint8)
    # Equal up to the last byte, and equal throughout.
    pairs[0, :DIGEST_BYTES] = pairs[0, DIGEST_BYTES:]
    pairs[1, : DIGEST_BYTES - 1] = pairs[1, DIGEST_BYTES:-1]
    return "pairs" if _differ(candidate.pairs, ONE_BY_ONE.pairs, pairs) else ""


def choose(find: Callable[[], BatchKeccak]) -> BatchKeccak:
    """What `find` gives, if it is to be had and right; else one by one, and the log says why."""
    try:
        candidate = find()
    except NotBuilt as reason:
        _log.warning("hashing one by one: %s", reason)
        return ONE_BY_ONE
    wrong = disagreement(candidate)
    if wrong:
        _log.error("hashing one by one: %s is wrong about %s", candidate.name, wrong)
        return ONE_BY_ONE
    return candidate


def _find() -> BatchKeccak:
    library = KECCAK_LANES.load()
    return compiled(library, library.antiphon_lanes())


BATCH: Final = choose(_find)


def keccak256_rows(messages: Rows, out: Rows | None = None) -> Rows:
    """Hash each row of `(count, length)` bytes; gives `(count, 32)` bytes, `out` if it is given.

    `out` may have rows that lie apart (a slice of columns), each contiguous in itself.
    Raises ValueError for arrays of another kind.
    """
    if messages.ndim != 2 or messages.dtype != np.uint8:
        raise ValueError(f"messages are rows of bytes, not {messages.dtype} {messages.shape}")
    digests = np.empty((len(messages), DIGEST_BYTES), np.uint8) if out is None else out
    _check_out(digests, len(messages))
    if len(messages):
        BATCH.rows(np.ascontiguousarray(messages), digests)
    return digests


def keccak256_pairs(pairs: Rows, out: Rows) -> None:
    """Hash each row of two digests, the smaller one first, into the rows of `out`.

    Raises ValueError for arrays of another kind; `out` must be contiguous.
    """
    if pairs.ndim != 2 or pairs.shape[1] != _PAIR_BYTES or pairs.dtype != np.uint8:
        raise ValueError(f"pairs are rows of 64 bytes, not {pairs.dtype} {pairs.shape}")
    _check_out(out, len(pairs))
    if not out.flags.c_contiguous:
        raise ValueError("pairs are hashed into contiguous rows")
    if len(pairs):
        BATCH.pairs(np.ascontiguousarray(pairs), out)


def _check_out(out: Rows, count: int) -> None:
    apart = count > 0 and out.strides[1] != 1
    if out.shape != (count, DIGEST_BYTES) or out.dtype != np.uint8 or apart:
        raise ValueError(f"{count} digests do not fit {out.dtype} {out.shape}")
    if not out.flags.writeable:
        raise ValueError("digests cannot be written to a read-only array")
