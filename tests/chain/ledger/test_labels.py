"""Labels of a consent: a byte each, ascending, and nothing else is read as labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import Malformed
from chain.ledger.labels import Label, decode_labels, encode_labels


@given(st.sets(st.sampled_from(Label)))
def test_labels_survive_the_way_to_the_chain_and_back(labels: set[Label]) -> None:
    word = encode_labels(labels)

    assert len(word) == 32
    assert decode_labels(word) == tuple(sorted(labels))


def test_labels_named_twice_are_there_once() -> None:
    once = encode_labels([Label.TK_SEASONAL])

    assert encode_labels([Label.TK_SEASONAL, Label.TK_SEASONAL]) == once


def test_all_labels_fit_into_one_word() -> None:
    assert len(Label) <= 32


@pytest.mark.parametrize(
    "word",
    [
        b"",
        bytes(31),
        bytes([2, 1]) + bytes(30),
        bytes([1, 1]) + bytes(30),
        bytes([0, 1]) + bytes(30),
        bytes([63]) + bytes(31),
        b"\xff" * 32,
    ],
)
def test_what_is_no_list_of_labels_is_refused(word: bytes) -> None:
    with pytest.raises(Malformed):
        decode_labels(word)
