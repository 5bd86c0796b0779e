"""Seeded runs of a contract beside its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from chain.client.interfaces import Interface
from tests.differential.around import Around
from tests.differential.directs import Directs
from tests.differential.disputes import Disputes
from tests.differential.epochs import Epochs
from tests.differential.links import Links
from tests.differential.machine import Disagreement, Machine, Refused
from tests.differential.partitions import Partitions
from tests.differential.royalties import Royalties
from tests.differential.rules import Rules
from tests.differential.rulings import CouncilRulings, ElderRulings


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
    "rules": Rules,
    "directs": Directs,
    "council": CouncilRulings,
    "elders": ElderRulings,
}


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
        except Refused as refused:
            raise Disagreement(f"a step of {pair}", "to be done", refused) from refused
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
