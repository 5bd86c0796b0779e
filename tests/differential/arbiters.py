"""Who rules: the arbiters that a court has from the first, and those that communities choose."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from eth_abi.abi import encode

from chain.ledger.identifiers import Address, address
from chain.ledger.keccak import keccak256
from chain.ledger.words import uint_word
from tests.differential.around import OUTSIDERS, SCRIPTED, STEWARD, Around, must_refuse
from tests.differential.machine import Deployed, Machine, compiled

NO_CODE: Final = address("0x" + "77" * 20)


class Arbiters:
    """Of one court. Each rules what it is told to."""

    court: Deployed

    def __init__(self, machine: Machine, consents: Around) -> None:
        self._machine = machine
        self._consents = consents
        scripted = compiled(SCRIPTED, "Scripted")
        self.general, self.elders, *self._others = (machine.deploy(scripted) for _ in range(5))
        self._all = {d.address: d for d in (self.general, self.elders, *self._others)}
        # Whom each community chose, and its number; they count from two over all communities.
        self._chosen: dict[int, tuple[int, Address]] = {}
        self._choices = 0
        self._approvals: dict[int, int] = {0: 0}
        self._upheld: dict[tuple[Address, bytes], bool] = {}

    def of(self, community: int) -> Address:
        if community in self._chosen:
            return self._chosen[community][1]
        return (self.elders if self._approvals[community] else self.general).address

    def seat(self, community: int, approvals: int) -> None:
        """A council of which so many must approve; none, and the steward decides alone."""
        self._approvals[community] = approvals
        said = (int(STEWARD, 16), approvals, approvals, 1, 0)
        self._consents.say("communityOf(uint32)", (community,), *said)

    def rule(self, arbiter: Address, case_id: bytes, community: int, ruling: int) -> None:
        call = _call("rulingOf(bytes32,uint32)", case_id, community)
        self._machine.prepare(self._all[arbiter], "answer", call, uint_word(ruling))
        self._upheld[arbiter, case_id] = ruling == 1

    def has_upheld(self, arbiter: Address, case_id: bytes) -> bool:
        """Before anybody tells it anything it refuses every call."""
        return self._upheld.get((arbiter, case_id), False)

    def choose(self, community: int, random: Random) -> None:
        """A community's elders decide, and its steward carries it out; nobody else does."""
        arbiter = random.choice(self._others).address
        arguments = (community, arbiter)
        decision = self._decision(community, arbiter)
        digest = int.from_bytes(decision, "big")
        self._machine.expect(self.court, "arbiterDecision", arguments, digest)
        self._consents.say("stewardOf(uint32)", (community,), int(STEWARD, 16))
        decided = ("isDecided(uint32,bytes32)", (community, decision))
        self._consents.say(*decided, 0)
        for outsider in OUTSIDERS:
            self._refused("NotSteward", (community, outsider), arguments, outsider)
        self._refused("BadArbiter", (NO_CODE,), (community, NO_CODE), STEWARD)
        self._refused("ArbiterNotDecided", (community, decision), arguments, STEWARD)
        self._consents.say(*decided, 1)
        if not self._approvals[community]:
            # The steward decided alone, and would choose its own judge.
            self._refused("ArbiterNotDecided", (community, decision), arguments, STEWARD)
            return
        self._machine.send(self.court, "setArbiter", *arguments, sender=STEWARD)
        event = ("ArbiterSet", {"communityId": community, "arbiter": arbiter})
        self._machine.agree("events", [event], self._machine.events(self.court))
        self._choices += 1
        self._chosen[community] = (1 + self._choices, arbiter)
        # What was decided is done: the same decision changes nothing once more.
        again = self._decision(community, arbiter)
        self._consents.say(decided[0], (community, again), 0)
        self._refused("ArbiterNotDecided", (community, again), arguments, STEWARD)

    def _decision(self, community: int, arbiter: Address) -> bytes:
        """To choose this one in place of whom the community chose last."""
        present, _ = self._chosen.get(community, (0, None))
        told = (self._machine.chain_id, self.court.address, "arbiter", community, present, arbiter)
        types = ["uint256", "address", "string", "uint32", "uint48", "address"]
        return bytes(keccak256(encode(types, told)))

    def compare(self, communities: set[int]) -> None:
        for community in communities:
            arbiter = int(self.of(community), 16)
            self._machine.expect(self.court, "arbiterOf", (community,), arbiter)

    def _refused(
        self, name: str, values: tuple[Any, ...], arguments: tuple[Any, ...], sender: str
    ) -> None:
        must_refuse(self._machine, self.court, name, values, "setArbiter", arguments, sender)


def _call(signature: str, *arguments: Any) -> bytes:
    types = signature[signature.index("(") + 1 : -1].split(",")
    return bytes(keccak256(signature.encode())[:4]) + bytes(encode(types, arguments))
