"""What an EpochDistributor's books must come to, for one token."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, address
from chain.ledger.rights import BPS_WHOLE
from chain.ledger.sum_tree import SumTree
from chain.ledger.words import uint_word
from tests.differential.machine import Deployed, Disagreement, Machine, Refused, committed

ORACLE: Final = address("0x" + "81" * 20)
WINDOW_SECONDS: Final = 7_200
CEILING_BPS: Final = 2_000
WAITING_MAX: Final = 11
USUAL_OF: Final = 4

# What the council signs: token, epoch, root and total.
Signed = tuple[Address, int, bytes, int]
Charges = list[tuple[Address, int]]


@dataclass
class Root:
    """A root as it was put forward. A dishonest one promises a payee less than the one before."""

    epoch: int
    tree: SumTree
    total: int
    claimable_from: int
    is_honest: bool

    @property
    def as_told(self) -> dict[str, Any]:
        return {
            "reportHash": uint_word(self.epoch),
            "total": self.total,
            "leafCount": self.tree.leaf_count,
            "epoch": self.epoch,
            "claimableFrom": self.claimable_from,
        }


@dataclass
class Lane:
    """One token's money. `charges` are of every epoch whose own did not come back; `rejected`, the
    epochs among them and others that were thrown out; `past`, totals and times of active roots."""

    token: Deployed
    funded: int = 0
    claimed: int = 0
    credits: dict[Address, int] = field(default_factory=dict)
    charges: dict[int, Charges] = field(default_factory=dict)
    vouched: int = 0
    active: Root | None = None
    waiting: list[Root] = field(default_factory=list)
    past: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)] * (USUAL_OF + 1))
    rejected: list[int] = field(default_factory=list)
    claimed_by: dict[Address, int] = field(default_factory=dict)
    elsewhere: set[Address] = field(default_factory=set)

    @property
    def committed(self) -> int:
        return self.active.total if self.active else 0

    @property
    def last(self) -> Root | None:
        return self.waiting[-1] if self.waiting else self.active

    @property
    def promised(self) -> int:
        return self.last.total if self.last else 0

    @property
    def charged(self) -> int:
        return sum(amount for lines in self.charges.values() for _, amount in lines)

    def throw_out(self, *epochs: int) -> None:
        """They do not wait any more; nor is vouched for what only they promised."""
        self.rejected += epochs
        if self.vouched > self.promised:
            self.vouched = 0

    def ceiling(self) -> int:
        """How much more the next root may promise without a second signature."""
        base = max(self.committed, self.vouched)
        by_pool = (self.funded - base) * CEILING_BPS // BPS_WHOLE
        (first, begin), (last, end) = self.past[-1 - USUAL_OF], self.past[-1]
        seconds = min(end - begin, USUAL_OF * WINDOW_SECONDS)
        usual = 3 * (last - first) * WINDOW_SECONDS // max(seconds, WINDOW_SECONDS)
        return max(base + max(by_pool, usual) - self.promised, 0)


def of_no_use(signed: Signed, random: Random) -> Signed:
    """The council's word with one value another: it lets no root through."""
    coin, epoch, digest, total = signed
    return random.choice(
        (
            (ORACLE, epoch, digest, total),
            (coin, epoch - 1, digest, total),
            (coin, epoch, bytes(32), total),
            (coin, epoch, digest, total + 1),
        )
    )


def distributor(machine: Machine, code: Interface | None, authority: Address) -> Deployed:
    """One with the ceiling above; none is made without a window, or whose ceiling is no part of
    the pool."""
    code = code or committed("EpochDistributor")
    wiring = {"usageOracle": ORACLE, "authority": authority}
    fit = {"windowSeconds": WINDOW_SECONDS, "ceilingBps": CEILING_BPS}
    for unfit, refusal in (
        ({"ceilingBps": 0}, ("BadCeiling", (0,))),
        ({"ceilingBps": BPS_WHOLE + 1}, ("BadCeiling", (BPS_WHOLE + 1,))),
        ({"windowSeconds": 0}, ("NoWindow", ())),
    ):
        try:
            machine.deploy(code, **wiring, **fit | unfit)
        except Refused as refused:
            machine.agree("refusal", refusal, (refused.name, refused.values))
        else:
            raise Disagreement(f"a distributor with {unfit}", refusal, "deployed")
    return machine.deploy(code, **wiring, **fit)
