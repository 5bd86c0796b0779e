"""Sorting and finding rows of 32 bytes, by their first eight and, where those tie, by all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chain.columns.keccak import DIGEST_BYTES, Rows

Index = NDArray[np.intp]
Flags = NDArray[np.bool_]
Column = NDArray[np.uint64]


def words_of(rows: Rows) -> NDArray[np.uint64]:
    """The rows as big-endian words of eight bytes, `(count, length / 8)`; a view."""
    return np.ascontiguousarray(rows).view(np.dtype(">u8"))


def ascending(rows: Rows) -> Index:
    """Where each row of the sorted order stands in `rows`, `(count, 32)`."""
    assert rows.shape[1] == DIGEST_BYTES
    words = words_of(rows)
    first = words[:, 0].astype(np.uint64)
    order = np.argsort(first)
    first = first[order]
    ties = first[1:] == first[:-1]
    if ties.any():
        among_ties = np.zeros(len(rows), np.bool_)
        among_ties[1:] |= ties
        among_ties[:-1] |= ties
        places = np.flatnonzero(among_ties)
        tied = order[places]
        # Sorted by all words, tied rows fall into the same places, each run into its own.
        order[places] = tied[np.lexsort([words[tied, k] for k in (3, 2, 1, 0)])]
    return order


def repeats(ordered: Rows) -> Flags:
    """Which rows of an ascending `(count, 32)` array equal the one before them."""
    again = np.zeros(len(ordered), np.bool_)
    if len(ordered) > 1:
        words = words_of(ordered)
        again[1:] = (words[1:] == words[:-1]).all(axis=1)
    return again


def found_in(ordered: Rows, wanted: Rows) -> Flags:
    """Which of the wanted rows are in an ascending array of rows; both `(count, 32)`."""
    return places_in(ordered, wanted) >= 0


def places_in(ordered: Rows, wanted: Rows, first: Column | None = None) -> Index:
    """Where each wanted row stands in an ascending array of rows, -1 where it does not; both
    `(count, 32)`. `first` may give the array's first words as numbers, which is faster still.

    Wanted rows may be in any order; ascending ones are found faster. The array is looked into and
    not copied, so that it may be far larger than what is wanted.
    """
    found = np.full(len(wanted), -1, np.intp)
    if not len(ordered) or not len(wanted):
        return found
    held, sought = words_of(ordered), words_of(wanted)
    sought_first = sought[:, 0].astype(np.uint64)
    if first is None:
        first = held[:, 0]
        begins = _begins(first, sought_first)
    else:
        begins = np.searchsorted(first, sought_first, side="left")
    # A row is looked for among all that share its first word: nearly always one at most.
    open_rows = np.flatnonzero(begins < len(ordered))
    place = begins[open_rows]
    while len(open_rows):
        match = (held[place] == sought[open_rows]).all(axis=1)
        found[open_rows[match]] = place[match]
        place = place + 1
        going = ~match & (place < len(ordered))
        going[going] = first[place[going]] == sought[open_rows[going], 0]
        open_rows, place = open_rows[going], place[going]
    return found


def _begins(held: Column, sought: Column) -> Index:
    """Where each sought number would go into ascending ones, before its equals.

    As `np.searchsorted`, which copies numbers that lie apart, as the first words of rows do.
    """
    low = np.zeros(len(sought), np.intp)
    high = np.full(len(sought), len(held), np.intp)
    for _ in range(len(held).bit_length()):
        middle = (low + high) >> 1
        later = (held[np.minimum(middle, len(held) - 1)] < sought) & (low < high)
        np.copyto(low, middle + 1, where=later)
        np.copyto(high, middle, where=~later)
    return low
