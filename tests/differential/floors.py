"""Floors under the shares of roots: declared, lowered, and from when they bind."""

from __future__ import annotations

from random import Random
from typing import Final

from chain.ledger.identifiers import WorkId
from chain.ledger.rights import MAX_STACK, Tier
from chain.ledger.vectors import FLOOR_NOTICE
from tests.differential.around import OUTSIDERS, STEWARD, Around, must_refuse
from tests.differential.machine import Deployed, Machine

_CONSENTED: Final = (1, 2, 3, 4, 5)


class Floors:
    """The floors of one graph. `consents` answers what was ever asked of a root's community."""

    def __init__(self, machine: Machine, graph: Deployed, consents: Around) -> None:
        self._machine, self._graph, self._consents = machine, graph, consents
        self._shares: dict[WorkId, int] = {}
        self._binds_from: dict[WorkId, int] = {}
        self._consent: dict[WorkId, int] = {}
        machine.expect(graph, "FLOOR_NOTICE", (), FLOOR_NOTICE)

    def add_root(self, root: WorkId) -> None:
        """From now on there is such a root; nobody was asked to consent to anything."""
        self._say_consent(root, 0)

    def binding(self) -> dict[WorkId, int]:
        """The floors that bind links made now."""
        now = self._machine.now
        return {
            root: least for root, least in self._shares.items() if self._binds_from[root] <= now
        }

    def wait(self, random: Random) -> None:
        """Now and then time passes, so much that floors begin to bind."""
        if random.random() < 0.1:
            self._machine.wait(random.choice((1, FLOOR_NOTICE // 2, FLOOR_NOTICE - 1)))

    def try_one(self, root: WorkId, random: Random) -> None:
        """A floor, fit or not, at any time; nobody else may declare it."""
        for outsider in OUTSIDERS:
            values = (root, outsider)
            self._must_refuse("NotController", values, (root, 1), sender=outsider)
        self._say_consent(root, random.choice((0, *_CONSENTED)))
        floors = (0, 1, 10**6, random.randrange(MAX_STACK // 20), MAX_STACK + 1)
        self.declare(root, random.choice(floors))

    def declare(self, root: WorkId, floor: int) -> None:
        """The first floor binds with notice, or at once where consent was never asked for; a lower
        one counts at once. Any other is refused."""
        before = self._shares.get(root, 0)
        if 0 < floor <= MAX_STACK and (not before or floor < before):
            self._machine.send(self._graph, "declareFloor", root, floor, sender=STEWARD)
            self._shares[root] = floor
            notice = FLOOR_NOTICE if self._consent[root] else 0
            binds_from = self._binds_from.setdefault(root, self._machine.now + notice)
            told = {"root": root, "floor": floor, "bindsFrom": binds_from}
            events = self._machine.events(self._graph)
            self._machine.agree("events", [("FloorDeclared", told)], events)
        else:
            self._must_refuse("BadFloor", (root, before, floor), (root, floor))
        found = (self._shares.get(root, 0), self._binds_from.get(root, 0))
        self._machine.expect(self._graph, "floorOf", (root,), *found)

    def _say_consent(self, root: WorkId, state: int) -> None:
        self._consent[root] = state
        consent = (root, int(Tier.GENERATION))
        self._consents.say("consentOf(uint64,uint8)", consent, state, *[0] * 8)

    def _must_refuse(
        self,
        name: str,
        values: tuple[object, ...],
        arguments: tuple[int, int],
        sender: str = STEWARD,
    ) -> None:
        call = ("declareFloor", arguments)
        must_refuse(self._machine, self._graph, name, values, *call, sender=sender)
