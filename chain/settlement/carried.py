"""What epochs hand on: each payee's exact entitlement so far, fractions of a unit included, and how
much of it is kept back because a share is frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from chain.ledger.errors import Inconsistent, Malformed
from chain.ledger.identifiers import Address, WorkId, address, address_bytes
from chain.ledger.rights import UNIT_NUMERATOR

CARRIED_TYPE: Final = "antiphon.carried/2"
# A share of a work's income, by the work and the payee.
Frozen = tuple[WorkId, Address]
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,99}")


@dataclass(frozen=True)
class Carried:
    """Cumulative entitlements since the first epoch.

    `numerators[token][payee]` counts `UNIT_NUMERATOR`ths of a base unit, `values[token]` whole base
    units of usage; `kept_back[token][work, payee]` is the part of the payee's numerator that a
    frozen share holds up. Raises Inconsistent unless, per token, entitlements are exactly the sum
    of the values, and nobody has more kept back than it is entitled to: an altered file is found
    here, before it can pay anybody.
    """

    numerators: Mapping[Address, Mapping[Address, int]] = field(default_factory=dict)
    values: Mapping[Address, int] = field(default_factory=dict)
    kept_back: Mapping[Address, Mapping[Frozen, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for token in {*self.numerators, *self.values, *self.kept_back}:
            entitled = sum(self.numerators.get(token, {}).values())
            due = UNIT_NUMERATOR * self.values.get(token, 0)
            if entitled != due:
                raise Inconsistent(f"carried entitlements in {token}", due, entitled)
            for payee, payable in self.payable(token).items():
                if payable < 0:
                    raise Inconsistent(f"what is kept back from {payee} in {token}", 0, payable)

    def of(self, token: Address) -> Mapping[Address, int]:
        """Each payee's entitlement in one token, in `UNIT_NUMERATOR`ths of a base unit."""
        return self.numerators.get(token, {})

    def value_of(self, token: Address) -> int:
        """All usage counted so far in one token, in base units."""
        return self.values.get(token, 0)

    def payable(self, token: Address) -> dict[Address, int]:
        """Each payee's entitlement less what is kept back of it, as `of`."""
        free = dict(self.of(token))
        for (_, payee), numerator in self.kept_back.get(token, {}).items():
            free[payee] = free.get(payee, 0) - numerator
        return free

    def plus(
        self,
        token: Address,
        credited: Mapping[Frozen, int],
        value: int,
        frozen: AbstractSet[Frozen] = frozenset(),
    ) -> Carried:
        """This and one more epoch: `credited` in numerators per work and payee, `value` in base
        units. What shares in `frozen` earn is kept back; what was kept back of others is let go."""
        merged = dict(self.of(token))
        before = self.kept_back.get(token, {})
        kept = {share: numerator for share, numerator in before.items() if share in frozen}
        for share, numerator in credited.items():
            payee = share[1]
            merged[payee] = merged.get(payee, 0) + numerator
            if share in frozen:
                kept[share] = kept.get(share, 0) + numerator
        return Carried(
            {**self.numerators, token: merged},
            {**self.values, token: self.value_of(token) + value},
            {**self.kept_back, token: kept},
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
                    "keptBack": [
                        [str(work), payee, str(numerator)]
                        for (work, payee), numerator in sorted(
                            self.kept_back.get(token, {}).items(),
                            key=lambda item: (item[0][0], address_bytes(item[0][1])),
                        )
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
        kept: dict[Address, dict[Frozen, int]] = {}
        try:
            for entry in plain["tokens"]:
                token = address(entry["token"])
                values[token] = _number(entry["value"])
                numerators[token] = {address(p): _number(n) for p, n in entry["payees"]}
                kept[token] = {
                    (WorkId(_number(work)), address(p)): _number(n)
                    for work, p, n in entry["keptBack"]
                }
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("carried entitlements", f"unreadable: {error!r}") from error
        carried = cls(numerators, values, kept)
        if carried.to_plain() != plain:
            raise Malformed("carried entitlements", "doubled, out of order or with other fields")
        return carried


def _number(text: object) -> int:
    if not isinstance(text, str) or _NUMBER.fullmatch(text) is None:
        raise Malformed("carried entitlements", f"not a decimal number: {text!r}")
    return int(text)
