# ruff: noqa: ARG002  -- SQLAlchemy hands every column type the dialect
"""Column types for what the chain counts and names with.

SQLite's integers end at 2^63, so wider numbers are kept as big-endian bytes of fixed length: those
compare and sort as the numbers do. Accounts and digests are bytes too, half the size of text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from chain.ledger.identifiers import Address, address_bytes, address_from_bytes

UINT64_BYTES: Final = 8
UINT256_BYTES: Final = 32
ACCOUNT_CACHE_ENTRIES: Final = 65_536


class Uint64(TypeDecorator[int]):
    """An unsigned 64-bit number, as 8 bytes."""

    impl = LargeBinary(UINT64_BYTES)
    cache_ok = True
    width = UINT64_BYTES

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.to_bytes(self.width, "big")

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int.from_bytes(value, "big")


class Uint256(Uint64):
    """An unsigned number of up to 256 bits, as 32 bytes."""

    impl = LargeBinary(UINT256_BYTES)
    cache_ok = True
    width = UINT256_BYTES


class Account(TypeDecorator[Address]):
    """An account, as its 20 bytes."""

    impl = LargeBinary(20)
    cache_ok = True

    def process_bind_param(self, value: Address | None, dialect: Dialect) -> bytes | None:
        return None if value is None else address_bytes(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Address | None:
        return None if value is None else _spelled(bytes(value))


@lru_cache(maxsize=ACCOUNT_CACHE_ENTRIES)
def _spelled(raw: bytes) -> Address:
    return address_from_bytes(raw)
