"""Reads an id without the registry: the likeliest path through the code, then its CRC.

Soft Viterbi decoding over all 256 symbols of every slot (Viterbi 1967), run around the tail-biting
circle three times, of which the middle turn is kept. The CRC-32 passes a wrong path once in 2^32;
a path is offered to it only if its z is over OPEN_Z_MIN.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.identity.symbols import (
    ALPHABET,
    BITS_PER_STEP,
    INPUTS,
    SLOTS,
    STATES,
    id_of_token,
    next_states,
    transitions,
)
from watermark.payload import GenerationId

OPEN_Z_MIN: Final = 12.0  # the best of 2^96 paths through noise alone reaches about 11.5
_TURNS: Final = 3
CRC_CHANCE: Final = 2.0**-32  # that the CRC passes a path through noise


def read_open(secret: bytes, scores: npt.NDArray[np.float32]) -> tuple[GenerationId, float] | None:
    """The id of one alignment and its z; `scores` (slot, symbol) are parts of z, unlimited."""
    assert scores.shape == (SLOTS, ALPHABET)
    upper, lower, z = likeliest_token(scores)
    if z < OPEN_Z_MIN:
        return None
    found = id_of_token(secret, upper, lower)
    return None if found is None else (GenerationId(found), z)


def likeliest_token(scores: npt.NDArray[np.float32]) -> tuple[int, int, float]:
    """The 96 bits of the best path, as two halves, and its score summed over the circle."""
    sent = transitions().ravel()
    came_from = np.argsort(next_states().ravel(), kind="stable")  # INPUTS branches into each state
    metric = np.zeros(STATES)
    choices = np.empty((_TURNS * SLOTS, STATES), np.int64)
    for step in range(_TURNS * SLOTS):
        branch = (metric[:, None] + scores[step % SLOTS][sent].reshape(STATES, INPUTS)).ravel()
        into = branch[came_from].reshape(STATES, INPUTS)
        best = into.argmax(1)
        choices[step] = came_from.reshape(STATES, INPUTS)[np.arange(STATES), best]
        metric = into[np.arange(STATES), best]
        metric -= metric.max()
    state = int(metric.argmax())
    triples = [0] * (_TURNS * SLOTS)
    symbols = [0] * (_TURNS * SLOTS)
    for step in range(_TURNS * SLOTS - 1, -1, -1):
        branch_index = int(choices[step, state])
        triples[step] = branch_index % INPUTS
        symbols[step] = int(sent[branch_index])
        state = branch_index // INPUTS
    middle = slice(SLOTS, 2 * SLOTS)
    bits = 0
    for triple in triples[middle]:
        bits = (bits << BITS_PER_STEP) | triple
    z = float(sum(scores[slot, symbol] for slot, symbol in enumerate(symbols[middle])))
    half = BITS_PER_STEP * SLOTS // 2
    return bits >> half, bits & ((1 << half) - 1), z
