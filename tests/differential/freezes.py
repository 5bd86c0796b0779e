"""What a share's cases and freezes must come to: lists of cases, without eras or slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from eth_abi.abi import encode

from chain.client.dispute_court import CaseStatus
from chain.ledger.identifiers import Address, WorkId
from chain.ledger.keccak import keccak256

DAY: Final = 24 * 60 * 60
ANSWER, RULING, UPHELD, RESPITE = 14 * DAY, 30 * DAY, 90 * DAY, 7 * DAY
PAYEES_TURN: Final = ANSWER // 3
Share = tuple[WorkId, Address]
Matter = tuple[Address, WorkId, Address, bytes]


@dataclass
class Case:
    """`matter` is disputer, work, payee and evidence; `splits`, how many there were at first."""

    matter: Matter
    opened_at: int
    bond: int
    arbiter: Address
    splits: int
    status: CaseStatus = CaseStatus.OPEN
    defender: Address | None = None

    @property
    def case_id(self) -> bytes:
        return bytes(keccak256(encode(["address", "uint64", "address", "bytes32"], self.matter)))

    @property
    def is_pending(self) -> bool:
        return self.status in (CaseStatus.OPEN, CaseStatus.ANSWERED)

    @property
    def answer_ends(self) -> int:
        return self.opened_at + ANSWER

    @property
    def over(self) -> int:
        return self.answer_ends + RULING

    def limits(self) -> tuple[int, ...]:
        """When something about it changes by itself."""
        payees = self.opened_at + PAYEES_TURN
        return payees, self.answer_ends, self.over, self.opened_at + UPHELD

    def outcome(self, status: CaseStatus, treasury: Address) -> list[tuple[Address, int]]:
        """Who is owed what of the bonds, in the order in which it is told."""
        disputer, _, payee, _ = self.matter
        pot = self.bond * (2 if self.defender else 1)
        fee = self.bond // 2
        if status is CaseStatus.UPHELD:
            if not self.defender:
                return [(disputer, self.bond)]
            return [(disputer, pot - fee), (treasury, fee)]
        if status is CaseStatus.DISMISSED:
            return [(self.defender or payee, pot - fee), (treasury, fee)]
        back = [(self.defender, self.bond)] if self.defender else []
        return [(disputer, self.bond - fee), (treasury, fee), *back]


@dataclass
class Freeze:
    start: int
    end: int
    cases: list[Case] = field(default_factory=list)


@dataclass
class History:
    """A share's freezes, and where the stretch of them began that the last one belongs to."""

    freezes: list[Freeze] = field(default_factory=list)
    stretch: int = 0

    @property
    def end(self) -> int:
        return self.freezes[-1].end if self.freezes else 0

    def stretch_of(self, now: int) -> int:
        """Where the stretch begins to which a case that is opened now belongs."""
        return now if not self.freezes or self.end + RESPITE <= now else self.stretch

    def current(self, now: int) -> Freeze | None:
        return self.freezes[-1] if self.freezes and now < self.end else None

    def begin(self, case: Case, now: int) -> None:
        self.stretch = self.stretch_of(now)
        freeze = self.current(now)
        if freeze is None:
            freeze = Freeze(now, now)
            self.freezes.append(freeze)
        freeze.cases.append(case)
        freeze.end = max(freeze.end, min(now + ANSWER + RULING, self.stretch + UPHELD))

    def follow(self, case: Case, now: int) -> None:
        """The case was ruled on, or is over."""
        freeze = self.current(now)
        if freeze is None or case not in freeze.cases:
            return
        if case.status is CaseStatus.UPHELD:
            freeze.end = max(freeze.end, min(case.opened_at + UPHELD, self.stretch + UPHELD))
        else:
            freeze.cases.remove(case)
            freeze.end = freeze.end if freeze.cases else now

    def frozen_at(self, time: int) -> bool:
        """As far as the last two freezes tell."""
        return any(f.start <= time < f.end for f in self.freezes[-2:])

    def turns(self) -> list[int]:
        """Times around which the answer of `frozen_at` changes."""
        return [t for f in self.freezes[-3:] for t in (f.start - 1, f.start, f.end - 1, f.end)]
