"""What the next epoch would come to if it were sealed now; computed as sealing does, nothing kept.

For people who want to see the money before they let it go: every payee's difference, every reason
for a refusal, and whether the contract would take the root.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chain.client.blocks import BlockPin
from chain.client.epoch_distributor import WAITING_ROOTS_MAX, EpochDistributor
from chain.ledger.identifiers import Address, EpochNumber
from chain.ledger.rights import UNIT_NUMERATOR
from oracle.taking import Taken
from oracle.unfunded import Shortfall


@dataclass(frozen=True)
class PayeeChange:
    """A payee's cumulative payout before and after, in base units."""

    payee: Address
    before: int
    after: int


@dataclass(frozen=True)
class Rehearsal:
    """Money in base units of `token`. `shortfalls` say what would be left for want of money;
    `taken_apart` are segments that the evidence bears out no longer: what of them still holds is
    counted, the rest is withheld. `opens` are the Unix times at which the epochs that wait can be
    activated. `obstacles` are plain sentences; none: it would be taken."""

    epoch: EpochNumber
    token: Address
    state_block: int
    counted: int
    refused: Mapping[str, int]
    taken_apart: int
    changes: tuple[PayeeChange, ...]
    total_before: int
    total: int
    shortfalls: tuple[Shortfall, ...]
    ceiling: int
    opens: tuple[int, ...]

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why the contract would not take the root, with the next step."""
        found = []
        if self.total - self.total_before > self.ceiling:
            found.append(
                f"it adds {self.total - self.total_before}, above the ceiling of {self.ceiling}. "
                "Next: when it is sealed, ask the council to look at it and to cosign its token, "
                "number, sum root and total, as the signed report has them"
            )
        if len(self.opens) >= WAITING_ROOTS_MAX:
            found.append(
                f"{len(self.opens)} epochs wait for their windows, and the contract holds no more. "
                f"Next: activate the oldest, from Unix time {self.opens[0]}"
            )
        return tuple(found)

    def to_plain(self) -> dict[str, Any]:
        """For JSON; money as decimal text."""
        return {
            "epoch": self.epoch,
            "token": self.token,
            "stateBlock": self.state_block,
            "counted": self.counted,
            "refused": dict(self.refused),
            "segmentsTakenApart": self.taken_apart,
            "totalBefore": str(self.total_before),
            "total": str(self.total),
            "waitsForMoney": [shortfall.to_plain() for shortfall in self.shortfalls],
            "ceiling": str(self.ceiling),
            "waiting": len(self.opens),
            "obstacles": list(self.obstacles),
            "payees": [
                {
                    "payee": change.payee,
                    "before": str(change.before),
                    "after": str(change.after),
                    "difference": str(change.after - change.before),
                }
                for change in self.changes
            ],
        }


def rehearsed(
    taken: Taken,
    taken_apart: int,
    distributor: EpochDistributor,
    at: BlockPin,
) -> Rehearsal:
    """The settlement beside what was promised before. Raises ClientError."""
    settlement = taken.settlement
    token = settlement.token
    payable = taken.carried.payable(token)
    changes = tuple(
        PayeeChange(payout.payee, payable.get(payout.payee, 0) // UNIT_NUMERATOR, payout.cumulative)
        for payout in settlement.payouts
    )
    return Rehearsal(
        settlement.epoch,
        token,
        settlement.state_block,
        len(settlement.counted),
        dict(Counter(reason for _, reason in settlement.refused())),
        taken_apart,
        tuple(change for change in changes if change.after != change.before),
        sum(change.before for change in changes),
        settlement.cumulative_total,
        taken.shortfalls,
        distributor.ceiling_of(token, at=at),
        tuple(root.claimable_from for root in distributor.pending_roots(token, at=at)),
    )
