"""Codewords: which way each cell pair is pushed. Deterministic, secret, unforgeable.

A codeword is 125 pairs by 40 bands. In every pair, by a keyed shuffle of the bands, 8 chips are
*sync* chips, the same for all ids of an epoch key, and each of 32 *slots* has one chip. The 125
chips of a slot spell one of 256 keyed patterns: the slot's symbol (`symbols`). So any few seconds
hold evidence of the alignment and of every symbol.

    stream   = SHAKE-256(HMAC-SHA256(epoch key, "antiphon cell mark 2"))
    shuffles = 125 x 40 numbers of 64 bits; the bands of a pair in their ascending order:
               the first 8 are sync, the others slots 0..31
    sync     = 125 x 8 bits, then patterns = 32 x 256 x 125 bits, most significant bit first

HMAC: RFC 2104; SHAKE-256: FIPS 202. Bit 1 is +1, bit 0 is -1. Without the epoch key chips are
indistinguishable from coin tosses: nobody else can read a mark, place one, or aim a false one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.identity.symbols import ALPHABET, SLOTS, Symbols, symbols_of
from watermark.payload import GenerationId

KEY_BYTES: Final = 32
SYNC_PER_PAIR: Final = BANDS - SLOTS
_CONTEXT: Final = b"antiphon cell mark 2"


class EpochKeyUnusable(Exception):
    """The key file is absent, malformed, or readable by others; says what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True)
class EpochKey:
    """The secret from which all codewords of one epoch are drawn; its `key_id` may be public."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"an epoch key has {KEY_BYTES} bytes, not {len(self.secret)}")

    @property
    def key_id(self) -> str:
        """16 hexadecimal digits that name the key and reveal nothing of it."""
        return hashlib.sha256(b"antiphon key id" + self.secret).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path) -> EpochKey:
        """Read a key file. Raises EpochKeyUnusable when absent, malformed or open to others."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = path.read_text("ascii").strip()
        except FileNotFoundError:
            raise EpochKeyUnusable(path, "no such key file; create one or restore it") from None
        except (OSError, UnicodeDecodeError) as error:
            raise EpochKeyUnusable(path, f"cannot be read: {error}") from error
        if mode & 0o077:
            raise EpochKeyUnusable(path, f"mode {mode:04o} lets others read it; chmod 600 it")
        try:
            return cls(bytes.fromhex(text))
        except ValueError:
            raise EpochKeyUnusable(path, "expected 64 hexadecimal digits") from None

    @classmethod
    def load_or_create(cls, path: Path) -> EpochKey:
        """Read the key file, or write a fresh one with mode 0600 if there is none."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # fails, rather than replaces, when another process won
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return cls.load(path)


@dataclass(frozen=True)
class Codebook:
    """All that an epoch key says of its codewords; never leaves the process."""

    secret: bytes = field(repr=False)
    sync: Tensor = field(repr=False)  # (pair, band): -1, +1, and 0 where a slot has its chip
    slot_bands: Tensor = field(repr=False)  # (pair, slot): the band of the slot's chip
    patterns: Tensor = field(repr=False)  # (slot, symbol, pair): -1 or +1

    def codewords(self, symbols: Symbols) -> Tensor:
        """The chips that spell some symbols; (id, slot) -> (id, pair, band), float32."""
        wanted = torch.from_numpy(symbols.astype(np.int64))
        chips = self.patterns[torch.arange(SLOTS), wanted]  # (id, slot, pair)
        words = self.sync.repeat(len(wanted), 1, 1)
        return words.scatter(2, self.slot_bands.expand(len(wanted), -1, -1), chips.transpose(1, 2))


@lru_cache(maxsize=8)
def codebook(key: EpochKey) -> Codebook:
    """Draw the sync chips, shuffles and patterns of an epoch key."""
    seed = hmac.digest(key.secret, _CONTEXT, "sha256")
    shuffle_bytes = CODEWORD_PAIRS * BANDS * 8
    sync_bits = CODEWORD_PAIRS * SYNC_PER_PAIR
    pattern_bits = SLOTS * ALPHABET * CODEWORD_PAIRS
    stream = hashlib.shake_256(seed).digest(shuffle_bytes + (sync_bits + pattern_bits) // 8)
    numbers = np.frombuffer(stream[:shuffle_bytes], ">u8").reshape(CODEWORD_PAIRS, BANDS)
    bands = torch.from_numpy(np.argsort(numbers, axis=1, kind="stable"))
    bits = np.unpackbits(np.frombuffer(stream[shuffle_bytes:], np.uint8))
    chips = torch.from_numpy(bits.astype(np.float32) * 2.0 - 1.0)
    sync = torch.zeros(CODEWORD_PAIRS, BANDS).scatter(
        1, bands[:, :SYNC_PER_PAIR], chips[:sync_bits].reshape(CODEWORD_PAIRS, SYNC_PER_PAIR)
    )
    patterns = chips[sync_bits:].reshape(SLOTS, ALPHABET, CODEWORD_PAIRS)
    return Codebook(key.secret, sync, bands[:, SYNC_PER_PAIR:].contiguous(), patterns)


def codewords(key: EpochKey, ids: Sequence[GenerationId]) -> Tensor:
    """The chips of some ids, each -1 or +1; (id, pair, band), float32."""
    values = np.array([one.value for one in ids], np.uint64)
    return codebook(key).codewords(symbols_of(key.secret, values))
