"""Codewords: which way each cell pair of an id is pushed. Deterministic, secret, unforgeable.

    seed     = HMAC-SHA256(epoch key, "antiphon cell mark 1" || id as 8 bytes, big endian)
    codeword = first 5000 bits of SHAKE-256(seed), most significant bit of each byte first,
               in the order pair 0 band 0, pair 0 band 1, ...; bit 1 is +1, bit 0 is -1

HMAC: RFC 2104; SHAKE-256: FIPS 202. Without the epoch key a codeword is indistinguishable from
coin tosses, so nobody else can read a mark, place one, or aim a false one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.payload import GenerationId

KEY_BYTES = 32
_CONTEXT = b"antiphon cell mark 1"
_CODEWORD_BYTES = CODEWORD_PAIRS * BANDS // 8


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


def codewords(key: EpochKey, ids: Sequence[GenerationId]) -> Tensor:
    """The chips of some ids, each -1 or +1; (id, pair, band), float32."""
    packed = np.frombuffer(
        b"".join(_expand(key.secret, generation_id) for generation_id in ids), dtype=np.uint8
    )
    bits = np.unpackbits(packed).reshape(len(ids), CODEWORD_PAIRS, BANDS)
    return torch.from_numpy(bits.astype(np.float32) * 2.0 - 1.0)


def _expand(secret: bytes, generation_id: GenerationId) -> bytes:
    seed = hmac.digest(secret, _CONTEXT + generation_id.to_bytes(), "sha256")
    return hashlib.shake_256(seed).digest(_CODEWORD_BYTES)
