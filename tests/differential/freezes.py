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

    def outcome(
        self, status: CaseStatus, treasury: Address, is_ruled: bool
    ) -> list[tuple[Address, int]]:
        """Who is owed what of the bonds, in the order in which it is told: a sum for each."""
        disputer, _, payee, _ = self.matter
        fee = self.bond // 2
        back = [(self.defender, self.bond)] if self.defender else []
        if status is CaseStatus.DISMISSED:
            return _sums((payee, self.bond - fee), (treasury, fee), *back)
        if status is CaseStatus.LAPSED:
            return _sums((disputer, self.bond - fee), (treasury, fee), *back)
        # Upheld: the payee's own bond is lost either way, a friend's by a ruling.
        if self.defender == payee or (self.defender and is_ruled):
            return [(disputer, 2 * self.bond - fee), (treasury, fee)]
        return _sums((disputer, self.bond), *back)


def _sums(*parts: tuple[Address, int]) -> list[tuple[Address, int]]:
    sums: dict[Address, int] = {}
    for account, amount in parts:
        sums[account] = sums.get(account, 0) + amount
    return list(sums.items())


@dataclass
class Freeze:
    start: int
    end: int
    cases: list[Case] = field(default_factory=list)


@dataclass
class History:
    """A share's freezes, of which any row may freeze 90 days more than is free between them.

    For that, what is free counts 90 for seven, and what was frozen before its owner last `agreed`
    to be is in no row.
    """

    freezes: list[Freeze] = field(default_factory=list)
    agreed: int = 0

    @property
    def end(self) -> int:
        return self.freezes[-1].end if self.freezes else 0

    def is_spent(self, now: int) -> bool:
        """Whether the share was frozen for 90 days, and has not been free for seven since."""
        return bool(self.freezes) and self.end <= now < self.end + RESPITE and not self._left()

    def current(self, now: int) -> Freeze | None:
        return self.freezes[-1] if self.freezes and now < self.end else None

    def begin(self, case: Case, now: int) -> None:
        freeze = self.current(now)
        if freeze is None:
            freeze = Freeze(now, now)
            self.freezes.append(freeze)
        freeze.cases.append(case)
        self._prolong(now + ANSWER + RULING)

    def follow(self, case: Case, now: int, is_agreed: bool) -> None:
        """The case was ruled on, or is over."""
        freeze = self.current(now)
        if freeze is None or case not in freeze.cases:
            return
        if case.status is CaseStatus.UPHELD:
            self.agreed = now if is_agreed else self.agreed
            self._prolong(case.opened_at + UPHELD)
        else:
            freeze.cases.remove(case)
            freeze.end = freeze.end if freeze.cases else now

    def frozen_at(self, time: int) -> bool:
        """As far as the last two freezes tell."""
        return any(f.start < time < f.end for f in self.freezes[-2:])

    def turns(self) -> list[int]:
        """Times around which the answer of `frozen_at` changes."""
        return [
            t
            for f in self.freezes[-3:]
            for t in (f.start, f.start + 1, f.end - 1, f.end, f.end + 1)
        ]

    def _prolong(self, end: int) -> None:
        """The last freeze lasts until then, but for no longer than is left."""
        last = self.freezes[-1]
        last.end = max(last.end, min(end, last.end + self._left()))

    def _left(self) -> int:
        """Seconds that the last freeze may still last, by whichever row of freezes leaves least."""
        left, later = [UPHELD], None
        for freeze in reversed(self.freezes):
            between = later.start - freeze.end if later else 0
            frozen = freeze.end - max(freeze.start, self.agreed)
            left.append(left[-1] + between * UPHELD // RESPITE - frozen)
            if freeze.start <= self.agreed:
                break
            later = freeze
        return min(left)
