"""Keccak-256 as the EVM computes it, many messages at once. Python's standard library has only
SHA3-256, which pads differently.

Python's integers have any length, so lane k of a thousand states is one integer with 64 bits for
each state: one XOR then is a thousand. Source: FIPS 202, section 3, with Keccak's own padding (01).
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from functools import cache

RATE = 136  # bytes of a message that one permutation takes in
LANES_IN = RATE // 8
TOGETHER = 512  # states at once: their lanes stay in a processor's near memory
WORD = (1 << 64) - 1

ROTATIONS = [[0] * 5 for _ in range(5)]
x, y = 1, 0
for t in range(24):
    ROTATIONS[x][y] = (t + 1) * (t + 2) // 2 % 64
    x, y = y, (2 * x + 3 * y) % 5


def _round_constants() -> list[int]:
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << (1 << j) - 1
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


ROUND_CONSTANTS = _round_constants()


@cache
def _ones(states: int) -> int:
    """A one at the foot of every state's lane; times a word, that word in every lane."""
    return ((1 << 64 * states) - 1) // WORD


@cache
def _masks(states: int) -> list[tuple[int, int]]:
    """For a rotation by r: the bits that a shift to the left keeps, and those that come round."""
    ones = _ones(states)
    return [(ones * (WORD >> r << r), ones * ((1 << r) - 1)) for r in range(64)]


def _permute(a: list[int], states: int) -> list[int]:
    """Keccak-f[1600]; lane (x, y) is `a[x + 5 * y]`."""
    masks, ones = _masks(states), _ones(states)
    for constant in ROUND_CONSTANTS:
        c = [a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20] for i in range(5)]
        high, low = masks[1]
        d = [
            c[(i + 4) % 5] ^ (c[(i + 1) % 5] << 1 & high | c[(i + 1) % 5] >> 63 & low)
            for i in range(5)
        ]
        b = [0] * 25
        for i in range(5):
            for j in range(5):
                lane, r = a[i + 5 * j] ^ d[i], ROTATIONS[i][j]
                high, low = masks[r]
                b[j + 5 * ((2 * i + 3 * j) % 5)] = lane << r & high | lane >> (64 - r) & low
        a = [
            b[k] ^ ((b[k + 1 - 5 * (k % 5 == 4)] & b[n]) ^ b[n])
            for k in range(25)
            for n in [k + 2 - 5 * (k % 5 >= 3)]
        ]
        a[0] ^= constant * ones
    return a


def _lanes(blocks: Sequence[bytes], count: int) -> list[int]:
    words = array("Q", b"".join(blocks))
    if sys.byteorder == "big":
        words.byteswap()
    lanes = []
    for k in range(count):
        lane = words[k::count]
        if sys.byteorder == "big":
            lane.byteswap()
        lanes.append(int.from_bytes(lane.tobytes(), "little"))
    return lanes


def keccak256_many(messages: Sequence[bytes]) -> list[bytes]:
    """The hash of every message, in their order."""
    digests = [b""] * len(messages)
    # Longest first: those that are through fall off the end.
    ordered = sorted(range(len(messages)), key=lambda i: -(len(messages[i]) // RATE))
    for first in range(0, len(ordered), TOGETHER):
        _hash_together(messages, ordered[first : first + TOGETHER], digests)
    return digests


def _hash_together(messages: Sequence[bytes], places: list[int], digests: list[bytes]) -> None:
    state, step = [0] * 25, 0
    while places:
        states = len(places)
        blocks = [_block(messages[place], step) for place in places]
        for k, lane in enumerate(_lanes(blocks, LANES_IN)):
            state[k] ^= lane
        state = _permute(state, states)
        step += 1
        left = sum(1 for place in places if len(messages[place]) // RATE >= step)
        heads = [lane.to_bytes(8 * states, "little") for lane in state[:4]]
        for at in range(left, states):
            digests[places[at]] = b"".join(head[8 * at : 8 * at + 8] for head in heads)
        places = places[:left]
        state = [lane & (1 << 64 * left) - 1 for lane in state]


def _block(message: bytes, step: int) -> bytes:
    """One block of a message, the last one padded: 01, zeros, and a one at the end."""
    part = message[RATE * step : RATE * (step + 1)]
    if len(part) == RATE:
        return part
    padded = bytearray(part.ljust(RATE, b"\0"))
    padded[len(part)] ^= 0x01
    padded[-1] ^= 0x80
    return bytes(padded)


def keccak256(message: bytes) -> bytes:
    """The hash of one message."""
    return keccak256_many([message])[0]
