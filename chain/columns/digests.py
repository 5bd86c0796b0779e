"""Digests as rows of bytes, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chain.columns.keccak import DIGEST_BYTES, Rows
from chain.ledger.identifiers import Digest


def rows_of(digests: Iterable[Digest]) -> Rows:
    """`(count, 32)` bytes, in the order given."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)


def digests_of(rows: Rows) -> list[Digest]:
    """Inverse of `rows_of`."""
    data = rows.tobytes()
    return [Digest(data[at : at + DIGEST_BYTES]) for at in range(0, len(data), DIGEST_BYTES)]
