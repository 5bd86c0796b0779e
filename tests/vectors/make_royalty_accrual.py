"""Writes royalty_accrual.json: payments, settlements, splits, payouts, and who is owed what after.

    python tests/vectors/make_royalty_accrual.py

Entitlements are `fractions.Fraction` of base units here, never scaled integers, so that agreeing
with the contract means something: a payee is owed the whole units of its exact fraction, less what
it was paid.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from eth_utils import keccak, to_checksum_address

HERE = Path(__file__).resolve().parent
SHARE_SCALE = 1_000_000_000
BPS_WHOLE = 10_000
SEED = 20261121

PAYEES = sorted(
    (to_checksum_address(keccak(text=f"creator {i}")[12:]) for i in range(5)), key=str.lower
)

# work id -> its ancestor vector; works 1-3 are originals, 4 and 5 derivatives, 5 partly of 4.
VECTORS: dict[int, dict[int, int]] = {
    1: {},
    2: {},
    3: {},
    4: {1: 150_000_000, 2: 333_333_333},
    5: {1: 14_999_999, 2: 33_333_333, 3: 1, 4: 51_666_668},
}
Split = dict[str, int]


class Book:
    """The ledger in exact fractions of base units."""

    def __init__(self, vectors: dict[int, dict[int, int]]) -> None:
        self.vectors = vectors
        self.gross: dict[int, int] = defaultdict(int)
        self.settled: dict[int, int] = defaultdict(int)
        self.income: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.splits: dict[int, list[Split]] = {work: [] for work in vectors}
        self.paid: dict[tuple[int, int, str], int] = defaultdict(int)
        self.paid_in = 0
        self.paid_out = 0

    def credit(self, work: int, units: Fraction) -> None:
        self.income[work, max(len(self.splits[work]), 1)] += units

    def pay(self, work: int, amount: int) -> None:
        self.gross[work] += amount
        self.paid_in += amount
        if not self.vectors[work]:
            self.settled[work] += amount
            self.credit(work, Fraction(amount))

    def settle(self, work: int) -> int:
        amount = self.gross[work] - self.settled[work]
        self.settled[work] = self.gross[work]
        own = Fraction(amount)
        for ancestor, share in self.vectors[work].items():
            part = Fraction(amount * share, SHARE_SCALE)
            own -= part
            self.credit(ancestor, part)
        self.credit(work, own)
        return amount

    def due(self, work: int, version: int, payee: str) -> int:
        bps = self.splits[work][version - 1][payee]
        entitled = self.income[work, version] * Fraction(bps, BPS_WHOLE)
        return floor(entitled) - self.paid[work, version, payee]

    def pay_out(self, work: int, version: int, payee: str) -> int:
        amount = self.due(work, version, payee)
        self.paid[work, version, payee] += amount
        self.paid_out += amount
        return amount

    def state(self) -> dict[str, Any]:
        accrued = {w: sum(f for (x, _), f in self.income.items() if x == w) for w in self.vectors}
        return {
            "accrued": {str(w): str(Fraction(a) * SHARE_SCALE) for w, a in accrued.items()},
            "flow": {
                str(w): {"gross": str(self.gross[w]), "settled": str(self.settled[w])}
                for w in self.vectors
            },
            "shares": [
                {
                    "workId": work,
                    "version": version,
                    "payee": payee,
                    "due": str(self.due(work, version, payee)),
                    "paid": str(self.paid[work, version, payee]),
                }
                for work, splits in self.splits.items()
                for version, split in enumerate(splits, start=1)
                for payee in split
            ],
            "custody": {"paidIn": str(self.paid_in), "paidOut": str(self.paid_out)},
        }


def split_of(*bps: int) -> Split:
    """The first payees with these basis points, ascending; a zero leaves the payee out."""
    return {payee: part for payee, part in zip(PAYEES, bps, strict=False) if part}


def shares_of(split: Split) -> list[dict[str, Any]]:
    return [{"payee": payee, "bps": bps} for payee, bps in split.items()]


class Script:
    """Applies steps to the book and writes down each one with what it must give."""

    def __init__(self) -> None:
        self.book = Book(VECTORS)
        self.steps: list[dict[str, Any]] = []

    def _note(self, step: dict[str, Any]) -> None:
        self.steps.append({**step, "after": self.book.state()})

    def set_split(self, work: int, *bps: int) -> None:
        split = split_of(*bps)
        assert sum(split.values()) == BPS_WHOLE
        self.book.splits[work].append(split)
        version = len(self.book.splits[work])
        shares = shares_of(split)
        self._note({"do": "setSplit", "workId": work, "version": version, "shares": shares})

    def pay(self, work: int, amount: int) -> None:
        self.book.pay(work, amount)
        self._note({"do": "pay", "workId": work, "amount": str(amount)})

    def settle(self, work: int) -> None:
        amount = self.book.settle(work)
        self._note({"do": "settle", "workId": work, "amount": str(amount)})

    def claim(self, work: int, version: int, payee: str) -> None:
        amount = self.book.pay_out(work, version, payee)
        assert amount > 0
        step = {"workId": work, "version": version, "payee": payee, "amount": str(amount)}
        self._note({"do": "claim", **step})

    def push(self, work: int, version: int) -> None:
        paid = [
            {"payee": payee, "amount": str(self.book.pay_out(work, version, payee))}
            for payee in self.book.splits[work][version - 1]
        ]
        self._note({"do": "push", "workId": work, "version": version, "paid": paid})


def play() -> list[dict[str, Any]]:
    script = Script()
    dice = random.Random(SEED)
    script.pay(1, 100)  # before anybody is named: it waits for the first split
    script.set_split(1, 3_333, 3_333, 3_334)
    script.set_split(2, 1, 9_999)
    script.set_split(3, 10_000)
    script.set_split(4, 2_500, 0, 2_500, 5_000)
    script.set_split(5, 0, 0, 0, 1, 9_999)
    for _ in range(9):
        script.pay(4, dice.randrange(1, 12))
    script.settle(4)
    script.settle(4)  # again: nothing left to pass on
    script.push(1, 1)
    script.pay(5, 1)
    script.pay(5, 999_999_999_999)
    script.settle(5)
    script.claim(2, 1, PAYEES[1])
    script.set_split(1, 0, 5_000, 0, 0, 5_000)
    script.pay(1, 7)
    script.pay(4, 10**24 + 3)
    script.settle(4)
    script.push(1, 2)
    script.claim(1, 1, PAYEES[0])
    for work in VECTORS:
        for version in range(1, len(script.book.splits[work]) + 1):
            script.push(work, version)
    return script.steps


def vector_bytes(work: int) -> str:
    entries = sorted(VECTORS[work].items())
    return "0x" + b"".join(a.to_bytes(8, "big") + s.to_bytes(4, "big") for a, s in entries).hex()


def main() -> None:
    works = [
        {
            "workId": work,
            "kind": "DERIVATIVE" if vector else "RECORDING",
            "vector": [{"workId": a, "share": s} for a, s in sorted(vector.items())],
            "vectorBytes": vector_bytes(work),
        }
        for work, vector in VECTORS.items()
    ]
    found = {
        "shareScale": SHARE_SCALE,
        "bpsWhole": BPS_WHOLE,
        "seed": SEED,
        "works": works,
        "steps": play(),
    }
    (HERE / "royalty_accrual.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
