"""What epochs hand on: each payee's exact entitlement so far, fractions of a unit included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chain.ledger.errors import Inconsistent, Malformed
from chain.ledger.identifiers import Address, address, address_bytes
from chain.ledger.rights import UNIT_NUMERATOR

CARRIED_TYPE: Final = "antiphon.carried/1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,99}")


@dataclass(frozen=True)
class Carried:
    """Cumulative entitlements since the first epoch.

    `numerators[token][payee]` counts `UNIT_NUMERATOR`ths of a base unit, `values[token]` whole base
    units of usage. Raises Inconsistent unless, per token, the one is exactly the sum of the other:
    an altered file is found here, before it can pay anybody.
    """

    numerators: Mapping[Address, Mapping[Address, int]] = field(default_factory=dict)
    values: Mapping[Address, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for token in {*self.numerators, *self.values}:
            entitled = sum(self.numerators.get(token, {}).values())
            due = UNIT_NUMERATOR * self.values.get(token, 0)
            if entitled != due:
                raise Inconsistent(f"carried entitlements in {token}", due, entitled)

    def of(self, token: Address) -> Mapping[Address, int]:
        """Each payee's entitlement in one token, in `UNIT_NUMERATOR`ths of a base unit."""
        return self.numerators.get(token, {})

    def value_of(self, token: Address) -> int:
        """All usage counted so far in one token, in base units."""
        return self.values.get(token, 0)

    def plus(self, token: Address, credited: Mapping[Address, int], value: int) -> Carried:
        """This and one more epoch: `credited` in numerators, `value` in base units."""
        merged = dict(self.of(token))
        for payee, numerator in credited.items():
            merged[payee] = merged.get(payee, 0) + numerator
        return Carried(
            {**self.numerators, token: merged},
            {**self.values, token: self.value_of(token) + value},
        )

    def to_plain(self) -> dict[str, Any]:
        """Text and lists only, in one order: for JSON and DAG-CBOR alike. Numbers as decimals."""
        return {
            "type": CARRIED_TYPE,
            "tokens": [
                {
                    "token": token,
                    "value": str(self.value_of(token)),
                    "payees": [
                        [payee, str(self.of(token)[payee])]
                        for payee in sorted(self.of(token), key=address_bytes)
                    ],
                }
                for token in sorted({*self.numerators, *self.values}, key=address_bytes)
            ],
        }

    @classmethod
    def from_plain(cls, plain: object) -> Carried:
        """Inverse of `to_plain`; raises Malformed or Inconsistent, never guesses."""
        if not isinstance(plain, dict) or plain.get("type") != CARRIED_TYPE:
            raise Malformed("carried entitlements", f"not of type {CARRIED_TYPE}")
        numerators: dict[Address, dict[Address, int]] = {}
        values: dict[Address, int] = {}
        try:
            for entry in plain["tokens"]:
                token = address(entry["token"])
                values[token] = _number(entry["value"])
                numerators[token] = {address(p): _number(n) for p, n in entry["payees"]}
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("carried entitlements", f"unreadable: {error!r}") from error
        carried = cls(numerators, values)
        if carried.to_plain() != plain:
            raise Malformed("carried entitlements", "doubled, out of order or with other fields")
        return carried


def _number(text: object) -> int:
    if not isinstance(text, str) or _NUMBER.fullmatch(text) is None:
        raise Malformed("carried entitlements", f"not a decimal number: {text!r}")
    return int(text)
