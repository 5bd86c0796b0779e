"""Money is whole base units of one token. Decimal points exist only where people read or type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from chain.ledger.errors import CurrencyMismatch, Malformed
from chain.ledger.identifiers import Address, checked_uint

DECIMALS_MAX: Final = 36
_AMOUNT_TEXT: Final = re.compile(r"([0-9]{1,60})(?:\.([0-9]{1,36}))?")


@dataclass(frozen=True)
class Currency:
    """A token that payments are made in; one coin is 10^decimals base units."""

    token: Address
    symbol: str
    decimals: int

    def __post_init__(self) -> None:
        if not 0 <= self.decimals <= DECIMALS_MAX:
            raise Malformed("decimals", f"{self.decimals} is outside 0 to {DECIMALS_MAX}")

    @property
    def coin_units(self) -> int:
        """Base units in one coin."""
        return int(10**self.decimals)

    def text(self, units: int) -> str:
        """Write base units as people read them: every digit, nothing rounded, e.g. `12.500000`."""
        sign, whole_units = ("-", -units) if units < 0 else ("", units)
        coins, rest = divmod(whole_units, self.coin_units)
        return f"{sign}{coins}" + (f".{rest:0{self.decimals}d}" if self.decimals else "")

    def units(self, text: str) -> int:
        """Read an amount that a person typed; raises Malformed rather than round a digit away."""
        match = _AMOUNT_TEXT.fullmatch(text.strip())
        if match is None:
            raise Malformed("amount", f"digits and one point are needed, not {text[:40]!r}")
        coins, rest = match.group(1), match.group(2) or ""
        if len(rest.rstrip("0")) > self.decimals:
            raise Malformed("amount", f"{self.symbol} has {self.decimals} decimals: {text[:40]!r}")
        fraction = int(rest[: self.decimals].ljust(self.decimals, "0") or "0")
        return int(coins) * self.coin_units + fraction


@dataclass(frozen=True)
class TokenAmount:
    """So many base units of one currency; never negative."""

    units: int
    currency: Currency

    def __post_init__(self) -> None:
        checked_uint(self.units, 256, "amount")

    def __add__(self, other: TokenAmount) -> TokenAmount:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency.symbol, other.currency.symbol)
        return TokenAmount(self.units + other.units, self.currency)

    def __str__(self) -> str:
        return f"{self.currency.text(self.units)} {self.currency.symbol}"
