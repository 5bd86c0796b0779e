from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from watermark.identity.symbols import (
    ALPHABET,
    INPUTS,
    SLOTS,
    STATES,
    crc_32,
    id_of_token,
    next_states,
    symbols_of,
    transitions,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cell_mark.json").read_text()
)
SECRET = bytes.fromhex(VECTORS["secret"])
CASES = VECTORS["ids"]


def _ids(*values: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return np.array(values, np.uint64)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_an_id_sends_the_symbols_computed_without_our_code(case: dict[str, str]) -> None:
    assert symbols_of(SECRET, _ids(int(case["id"], 16))).tobytes().hex() == case["symbols"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_token_gives_back_its_id(case: dict[str, str]) -> None:
    token = int(case["token"], 16)

    assert id_of_token(SECRET, token >> 48, token & (2**48 - 1)) == int(case["id"], 16)


@pytest.mark.parametrize("bit", range(0, 96, 5))
def test_a_token_with_one_wrong_bit_gives_no_id(bit: int) -> None:
    token = int(CASES[2]["token"], 16) ^ 1 << bit

    assert id_of_token(SECRET, token >> 48, token & (2**48 - 1)) is None


def test_a_token_means_nothing_under_another_key() -> None:
    token = int(CASES[2]["token"], 16)

    assert id_of_token(bytes(32), token >> 48, token & (2**48 - 1)) is None


def test_the_crc_is_that_of_zlib() -> None:
    ids = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)

    expected = [zlib.crc32(int(one).to_bytes(8, "big")) for one in ids]

    assert crc_32(ids).tolist() == expected


def test_ids_together_send_what_each_sends_alone() -> None:
    ids = _ids(*(int(case["id"], 16) for case in CASES))

    together = symbols_of(SECRET, ids)

    assert [row.tobytes().hex() for row in together] == [case["symbols"] for case in CASES]
    assert symbols_of(SECRET, _ids()).shape == (0, SLOTS)


def test_symbols_of_successive_ids_look_drawn_by_lot() -> None:
    symbols = symbols_of(SECRET, np.arange(100_000, dtype=np.uint64))

    expected = len(symbols) / ALPHABET
    for slot in range(SLOTS):
        seen = np.bincount(symbols[:, slot], minlength=ALPHABET)
        chi_square = float(((seen - expected) ** 2 / expected).sum())
        assert abs(chi_square - 255) < 5 * (2 * 255) ** 0.5
    shared = (symbols[1:] == symbols[:-1]).sum(1)
    assert float(shared.mean()) == pytest.approx(SLOTS / ALPHABET, rel=0.05)
    assert int(shared.max()) <= 5  # six and more of 32 befall 10^5 pairs once in 3,000 draws


def test_symbols_under_another_key_are_unrelated() -> None:
    ids = np.arange(100_000, dtype=np.uint64)

    shared = (symbols_of(SECRET, ids) == symbols_of(bytes(32), ids)).mean(0)

    assert np.abs(shared * ALPHABET - 1).max() < 0.3  # six deviations


def test_the_code_runs_through_states_that_remember_four_triples() -> None:
    """Walking the trellis with an id's triples sends its symbols and ends where it began."""
    sent, following = transitions(), next_states()
    assert sent.shape == following.shape == (STATES, INPUTS)
    for case in CASES:
        bits = f"{int(case['token'], 16):096b}"
        triples = [int(bits[3 * step :][:3], 2) for step in range(SLOTS)]
        start = int("".join(f"{triple:03b}" for triple in triples[-4:]), 2)

        state, symbols = start, []
        for triple in triples:
            symbols.append(int(sent[state, triple]))
            state = int(following[state, triple])

        assert bytes(symbols).hex() == case["symbols"]
        assert state == start
