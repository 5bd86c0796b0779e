"""Seeded runs of a contract beside its model, and the defects that such a run must find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from chain.client.interfaces import Interface
from tests.differential.around import Around
from tests.differential.disputes import Disputes
from tests.differential.epochs import Epochs
from tests.differential.links import Links
from tests.differential.machine import Machine, Mutation, compiled
from tests.differential.partitions import Partitions
from tests.differential.royalties import Royalties


class Pair(Protocol):
    """A contract and its model in one place."""

    @property
    def is_over(self) -> bool:
        """Whether further steps would show nothing new."""

    def step(self, random: Random) -> None:
        """One act in both, and the comparison; raises Disagreement or Inconsistent."""


Begin = Callable[[Machine, Random, Interface | None], Pair]

PAIRS: Final[dict[str, Begin]] = {
    "links": lambda machine, random, code: Links(machine, Around(machine), code),
    "royalties": Royalties,
    "partitions": Partitions,
    "epochs": Epochs,
    "disputes": Disputes,
}


@dataclass(frozen=True)
class Canary:
    """A defect in one contract that the pair of this name must find."""

    name: str
    pair: str
    unit: str
    contract: str
    mutation: Mutation

    def code(self) -> Interface:
        return compiled(self.unit, self.contract, self.mutation)


@dataclass
class Tally:
    """What was run: acts, and calls of contracts under test."""

    steps: int = 0
    calls: int = 0
    episodes: int = 0
    payments: int = 0


def run(
    pair: str,
    seed: int,
    *,
    steps: int | None = None,
    calls: int | None = None,
    code: Interface | None = None,
    tally: Tally | None = None,
) -> Tally:
    """Episode after episode until so many steps or calls; raises at the first difference."""
    tally = tally or Tally()
    episode = 0
    while not _is_done(tally, steps, calls):
        random = Random(f"{pair} {seed} {episode}")
        machine = Machine()
        both = PAIRS[pair](machine, random, code)
        try:
            while not both.is_over and not _is_done(tally, steps, None):
                both.step(random)
                tally.steps += 1
        finally:
            tally.calls += machine.calls
            tally.payments += getattr(both, "payments", 0)
        episode += 1
        tally.episodes += 1
    return tally


def _is_done(tally: Tally, steps: int | None, calls: int | None) -> bool:
    return (steps is not None and tally.steps >= steps) or (
        calls is not None and tally.calls >= calls
    )


_LEDGER: Final = "contracts/RoyaltyLedger.sol"
_PAUSE: Final = "contracts/access/TimedPause.sol"
_SPLITS: Final = "contracts/splits/SplitVersions.sol"
_GRAPH: Final = "contracts/DerivativeGraph.sol"
_VECTORS: Final = "contracts/libraries/AncestorVectors.sol"

_DISTRIBUTOR: Final = "contracts/EpochDistributor.sol"
_QUEUE: Final = "contracts/epoch/RootQueue.sol"
_FAULTS: Final = "contracts/epoch/RootFaults.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_COURT: Final = "contracts/DisputeCourt.sol"
_FREEZES: Final = "contracts/libraries/Freezes.sol"

CANARIES: Final = (
    Canary(
        "a stretch of freezes has no limit",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_FREEZES, "if (until > limit) until = limit;", "limit;"),
    ),
    Canary(
        "a freeze outlasts its last case",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_FREEZES, "if (history.openCases == 0) history.until", "history.until"),
    ),
    Canary(
        "the winner gets the treasury's half too",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(
            _COURT, "isAnswered ? bond + (bond - half) : bond);", "isAnswered ? bond * 2 : bond);"
        ),
    ),
    Canary(
        "somebody else's share is frozen",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(
            _COURT,
            "_freezes[workId][payee] = history;",
            "_freezes[workId][msg.sender] = history;",
        ),
    ),
    Canary(
        "rounds at every settlement",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "+= amount * share;", "+= amount * share / SHARE_SCALE * SHARE_SCALE;"),
    ),
    Canary(
        "rounds away what a payment does not fill",
        "partitions",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "+= amount * share;", "+= amount * share / SHARE_SCALE * SHARE_SCALE;"),
    ),
    Canary(
        "a dispute is noted nowhere",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "if (!book.wasDisputed) book.wasDisputed = true;", ""),
    ),
    Canary(
        "begins no new segment",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "_segmentStart[workId][token][version] = _accrued[workId][token];", ""),
    ),
    Canary(
        "a token that calls back finds the ledger open",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(
            _LEDGER,
            "bytes calldata vector) external nonReentrant {",
            "bytes calldata vector) external {",
        ),
    ),
    Canary(
        "a pause never ends",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_PAUSE, "if (block.timestamp < until) revert", "if (until != 0) revert"),
    ),
    Canary(
        "a steward overrules where no elders have a say",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(
            _SPLITS,
            "consents.communityOf(community).approvalsRequired != 0",
            "consents.communityOf(community).elderCount != 0",
        ),
    ),
    Canary(
        "a part of a share is rounded up",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(
            _VECTORS,
            "(entry & SHARE_MASK) / SHARE_SCALE",
            "(entry & SHARE_MASK) / (SHARE_SCALE - 1)",
        ),
    ),
    Canary(
        "what is folded is lost",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(_VECTORS, "self.entries[parent] += share;", ""),
    ),
    Canary(
        "any index proves a leaf",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_SUMS, "if (index >> path.length != 0 || provenBy", "if (provenBy"),
    ),
    Canary(
        "a payee is paid all of it again",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_DISTRIBUTOR, "_accounts[token][payee] = account + amount;", ""),
    ),
    Canary(
        "a rejection leaves what was built on it",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(
            _QUEUE,
            "book.waiting = uint8(place - book.active - 1);",
            "book.waiting = uint8(last - book.active - 1);",
        ),
    ),
    Canary(
        "a decrease cannot be shown",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(
            _FAULTS,
            "return leaf.payout.cumulative < cumulative;",
            "return leaf.index == leafCount;",
        ),
    ),
)
