"""What an id sends: 32 symbols of 8 bits, one per slot of the codeword.

    block   = id (64 bits) || CRC-32 of its 8 bytes (32 bits)
    token   = keyed permutation of the block: four Feistel rounds over 48-bit halves
              (Luby and Rackoff 1988), each round AES-128 under its own key
    symbols = token through a tail-biting convolutional code: 3 bits in, one of 256 out, per slot

One codeword serves both readers. Who has the registry adds up 32 table entries per issued id;
who has only the key decodes the symbols (`open_mode`) and checks the CRC. Without the key the
symbols of an id are unknown, so nobody can assemble a chosen id out of pieces of other copies.
"""

from __future__ import annotations

import functools
import hmac
from typing import Final

import numpy as np
import numpy.typing as npt
from Crypto.Cipher import AES

SLOTS: Final = 32
ALPHABET: Final = 256
BITS_PER_STEP: Final = 3
MEMORY_STEPS: Final = 4
STATES: Final = 1 << (BITS_PER_STEP * MEMORY_STEPS)
INPUTS: Final = 1 << BITS_PER_STEP
# Column i is the output when bit i of the 15-bit window (newest triple lowest) is set. Chosen from
# 60 random matrices for the smallest union bound: no two paths differ in fewer than 5 symbols,
# and 7, 52 and 429 paths per step differ from a given one in 5, 6 and 7.
_GENERATOR: Final = (130, 176, 202, 58, 24, 15, 148, 68, 51, 188, 207, 244, 125, 134, 253)
_ROUNDS: Final = 4
_HALF_BITS: Final = 48
_HALF_MASK: Final = np.uint64((1 << _HALF_BITS) - 1)

Symbols = npt.NDArray[np.uint8]  # (id, slot)
Ids = npt.NDArray[np.uint64]
Blocks = tuple[Ids, Ids]  # upper and lower 48 bits


def symbols_of(secret: bytes, ids: Ids) -> Symbols:
    """The symbols of some ids under an epoch key's secret; (id, slot)."""
    upper, lower = _with_crc(ids)
    for key in round_keys(secret):
        upper, lower = lower, upper ^ _round(key, lower)
    return _encoded(upper, lower)


def id_of_token(secret: bytes, upper: int, lower: int) -> int | None:
    """The id whose token this is, or None when the CRC disagrees."""
    left, right = np.array([upper], np.uint64), np.array([lower], np.uint64)
    for key in reversed(round_keys(secret)):
        left, right = right ^ _round(key, left), left
    block = (int(left[0]) << _HALF_BITS) | int(right[0])
    found = block >> 32
    whole = _with_crc(np.array([found], np.uint64))
    return found if (int(whole[0][0]), int(whole[1][0])) == (int(left[0]), int(right[0])) else None


def transitions() -> npt.NDArray[np.uint8]:
    """The symbol sent in each state for each input; (state, input). Next state: `next_states`."""
    window = np.arange(STATES * INPUTS, dtype=np.uint32)
    return _symbol_of_window()[window].reshape(STATES, INPUTS)


def next_states() -> npt.NDArray[np.int64]:
    """(state, input) -> state: the newest four triples, newest lowest."""
    state = np.arange(STATES)[:, None]
    return (state * INPUTS + np.arange(INPUTS)) % STATES


def round_keys(secret: bytes) -> list[bytes]:
    """One AES-128 key per round, by HMAC-SHA256 from the epoch key."""
    return [
        hmac.digest(secret, b"antiphon symbol round %d" % number, "sha256")[:16]
        for number in range(_ROUNDS)
    ]


def crc_32(ids: Ids) -> npt.NDArray[np.uint32]:
    """CRC-32 (ISO 3309, as zlib) of the 8 big-endian bytes of each id."""
    crc = np.full(ids.shape, 0xFFFFFFFF, np.uint32)
    for place in range(8):
        octet = ((ids >> np.uint64(56 - 8 * place)) & np.uint64(0xFF)).astype(np.uint32)
        crc = (crc >> np.uint32(8)) ^ _CRC_TABLE[(crc ^ octet) & np.uint32(0xFF)]
    return crc ^ np.uint32(0xFFFFFFFF)


def _crc_table() -> npt.NDArray[np.uint32]:
    entry = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        entry = (entry >> np.uint32(1)) ^ (np.uint32(0xEDB88320) * (entry & np.uint32(1)))
    return entry


_CRC_TABLE: Final = _crc_table()


def _with_crc(ids: Ids) -> Blocks:
    lower = ((ids & np.uint64(0xFFFF)) << np.uint64(32)) | crc_32(ids).astype(np.uint64)
    return ids >> np.uint64(16), lower


def _round(key: bytes, half: Ids) -> Ids:
    blocks = np.zeros((len(half), 2), ">u8")
    blocks[:, 0] = half
    scrambled = AES.new(key, AES.MODE_ECB).encrypt(blocks.tobytes())
    return np.frombuffer(scrambled, ">u8")[::2].astype(np.uint64) & _HALF_MASK


def _encoded(upper: Ids, lower: Ids) -> Symbols:
    """Tail-biting: before the first step the register holds the last triples."""
    triples = np.empty((SLOTS, len(upper)), np.uint16)
    for half, first in ((upper, 0), (lower, SLOTS // 2)):
        for step in range(SLOTS // 2):
            shift = np.uint64(_HALF_BITS - BITS_PER_STEP * (step + 1))
            triples[first + step] = (half >> shift) & np.uint64(INPUTS - 1)
    table = _symbol_of_window()
    symbols = np.empty((len(upper), SLOTS), np.uint8)
    for slot in range(SLOTS):
        window = np.zeros(len(upper), np.uint16)
        for back in range(MEMORY_STEPS + 1):
            window |= triples[slot - back] << np.uint16(BITS_PER_STEP * back)
        symbols[:, slot] = table[window]
    return symbols


@functools.cache
def _symbol_of_window() -> npt.NDArray[np.uint8]:
    window = np.arange(STATES * INPUTS, dtype=np.uint32)
    table = np.zeros(len(window), np.uint8)
    for bit, column in enumerate(_GENERATOR):
        table ^= np.where((window >> np.uint32(bit)) & 1, column, 0).astype(np.uint8)
    return table
