"""What the identity mark carries: a 64-bit generation id. Standard library only."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

GENERATION_ID_BITS = 64
_HEX_DIGITS = GENERATION_ID_BITS // 4
_PRINTED = re.compile(r"0x[0-9a-fA-F]{16}\Z")


class GenerationIdInvalid(ValueError):
    """Raised when a text or a number is not a 64-bit generation id."""

    def __init__(self, offered: object) -> None:
        self.offered = offered
        super().__init__(
            f"{str(offered)[:40]!r} is not a generation id; "
            "write 0x and 16 hexadecimal digits, for example 0x00f3a91c55d2e870"
        )


@dataclass(frozen=True, order=True, slots=True)
class GenerationId:
    """Names one generation of one platform; prints as `0x` and 16 hexadecimal digits."""

    value: int

    def __post_init__(self) -> None:
        """Raises GenerationIdInvalid unless 0 <= value < 2**64."""
        whole_number = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not whole_number or not 0 <= self.value < 1 << GENERATION_ID_BITS:
            raise GenerationIdInvalid(self.value)

    @classmethod
    def fresh(cls) -> GenerationId:
        """Draw an id from the operating system's random source."""
        return cls(secrets.randbits(GENERATION_ID_BITS))

    @classmethod
    def parse(cls, text: str) -> GenerationId:
        """Read the printed form. Raises GenerationIdInvalid for anything else."""
        if not isinstance(text, str) or not _PRINTED.match(text):
            raise GenerationIdInvalid(text)
        return cls(int(text, 16))

    @classmethod
    def from_bytes(cls, octets: bytes) -> GenerationId:
        """Read 8 bytes, most significant first. Raises GenerationIdInvalid for another length."""
        if len(octets) * 8 != GENERATION_ID_BITS:
            raise GenerationIdInvalid(octets.hex())
        return cls(int.from_bytes(octets, "big"))

    def to_bytes(self) -> bytes:
        """The id as 8 bytes, most significant first."""
        return self.value.to_bytes(GENERATION_ID_BITS // 8, "big")

    def __str__(self) -> str:
        return f"0x{self.value:0{_HEX_DIGITS}x}"
