"""Rows of 32 bytes are found where they stand, whatever they share with their neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.columns.keccak import Rows
from chain.columns.order import ascending, found_in, places_in, words_of

# Few first words, so that many rows tie in them; the edges of what eight bytes hold among them.
first_words = st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1])
rows = st.lists(st.tuples(first_words, st.integers(0, 7)), max_size=40)


def _rows(drawn: list[tuple[int, int]]) -> Rows:
    octets = b"".join(first.to_bytes(8) + bytes(23) + bytes([last]) for first, last in drawn)
    return np.frombuffer(octets, np.uint8).reshape(-1, 32)


@given(held=rows, wanted=rows)
def test_a_row_is_found_at_its_place_and_no_other(
    held: list[tuple[int, int]], wanted: list[tuple[int, int]]
) -> None:
    ordered = sorted(set(held))
    expected = [ordered.index(one) if one in ordered else -1 for one in wanted]
    columns = _rows(ordered)

    assert places_in(columns, _rows(wanted)).tolist() == expected
    first = words_of(columns)[:, 0].astype(np.uint64)
    assert places_in(columns, _rows(wanted), first).tolist() == expected


@pytest.mark.parametrize("count", [1, 2, 3, 1023, 1024, 1025])
def test_every_row_of_a_column_is_found_in_it(count: int) -> None:
    drawn = np.random.default_rng(count).integers(0, 256, (count, 32), np.uint8)
    ordered = drawn[ascending(drawn)]

    assert places_in(ordered, drawn).tolist() == np.argsort(ascending(drawn)).tolist()
    assert not found_in(ordered, drawn ^ 1).any()
