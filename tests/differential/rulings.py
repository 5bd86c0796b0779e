"""Random rulings: both arbiters beside what was decided, by whom, for which court and case."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from eth_abi.abi import encode

from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, address
from chain.ledger.keccak import keccak256
from tests.differential.around import OUTSIDERS, STEWARD, Around, must_refuse
from tests.differential.machine import Machine, committed

COUNCIL: Final = address("0x" + "82" * 20)
# May rule as well, but only what it has scheduled.
SLOW: Final = address("0x" + "83" * 20)
DELAY_SECONDS: Final = 7
COURTS: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in (0xE1, 0xE2))
COMMUNITIES: Final = (1, 7)
NONE, UPHELD, DISMISSED = range(3)
Case = tuple[Address, bytes]
ACTS_MAX: Final = 200


class CouncilRulings:
    """The council rules once, on a case of one court."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.authority = authority = Around(machine)
        # Whoever asks by `tx.origin` who is calling finds somebody else.
        machine.make_contract(COUNCIL, SLOW, COURTS[0], OUTSIDERS[0])
        code = code or committed("CouncilArbiter")
        self.arbiter = machine.deploy(code, authority=authority.address)
        self.decides = code.functions["decide"].selector
        for account in (COUNCIL, SLOW, *OUTSIDERS):
            asked = (account, self.arbiter.address, self.decides)
            rights = (int(account == COUNCIL), DELAY_SECONDS if account == SLOW else 0)
            authority.say("canCall(address,address,bytes4)", asked, *rights)
        machine.expect(self.arbiter, "authority", (), int(authority.address, 16))
        self.given: dict[Case, int] = {}
        self.acts = 0

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        court, number = random.choice(COURTS), random.randrange(40)
        case, ruling = number.to_bytes(32, "big"), random.choice((UPHELD, DISMISSED))
        given = (court, case, ruling)
        for outsider in OUTSIDERS:
            values = (outsider, self.decides)
            must_refuse(
                self.machine, self.arbiter, "NotPermitted", values, "decide", given, outsider
            )
        unruled = (court, case, NONE)
        must_refuse(self.machine, self.arbiter, "NoRuling", (case,), "decide", unruled, COUNCIL)
        known = self.given.get((court, case), NONE)
        if known:
            twice = (case, known)
            must_refuse(self.machine, self.arbiter, "AlreadyRuled", twice, "decide", given, COUNCIL)
        else:
            who = COUNCIL if random.random() < 0.5 else SLOW
            if who == SLOW:
                unscheduled = ("Error", ("unscripted",), "decide", given, SLOW)
                must_refuse(self.machine, self.arbiter, *unscheduled)
                self._schedule(given)
            self.machine.send(self.arbiter, "decide", *given, sender=who)
            told = {"court": court, "caseId": case, "ruling": ruling}
            self.machine.agree("events", [("Ruled", told)], self.machine.events(self.arbiter))
            self.given[court, case] = ruling
        self.machine.expect(self.arbiter, "isConsumingScheduledOp", (), 0)
        for asking in (*COURTS, *OUTSIDERS):
            said = self.machine.send(self.arbiter, "rulingOf", case, 3, sender=asking)
            self.machine.agree("ruling", self.given.get((asking, case), NONE), said)

    def _schedule(self, given: tuple[Any, ...]) -> None:
        """The authority ticks this very call off, and finds the arbiter waiting for that."""
        functions = self.arbiter.interface.functions
        consume = committed("Authority").functions["consumeScheduledOp"]
        waits = functions["isConsumingScheduledOp"].selector
        told = (SLOW, functions["decide"].call_data(given))
        looked = (self.arbiter.address, waits, waits.ljust(32, b"\0"))
        self.authority.hear(consume, told, self.authority.contract, "look", *looked)


class ElderRulings:
    """A community's elders rule by their decisions; both ways is for the payee."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.consents = Around(machine)
        code = code or committed("ElderArbiter")
        self.arbiter = machine.deploy(code, consents=self.consents.address)
        machine.make_contract(COURTS[0])
        machine.expect(self.arbiter, "consents", (), int(self.consents.address, 16))
        self.acts = 0

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        court, community = random.choice(COURTS), random.choice(COMMUNITIES)
        case = random.randbytes(32)
        council = random.randrange(1, 2**32)
        seats = (int(STEWARD, 16), 2, 3, council, 0)
        self.consents.say("communityOf(uint32)", (community,), *seats)
        decided = {ruling: random.randrange(2) for ruling in (UPHELD, DISMISSED)}
        for ruling, is_decided in decided.items():
            types = ["uint256", "address", "string", "bytes32", "uint32", "uint32", "uint8"]
            told = [self.machine.chain_id, court, "ruling", case, community, council, ruling]
            decision = bytes(keccak256(encode(types, told)))
            digest = int.from_bytes(decision, "big")
            asked = (court, case, community, ruling)
            self.machine.expect(self.arbiter, "rulingDecision", asked, digest)
            self.consents.say("isDecided(uint32,bytes32)", (community, decision), is_decided)
        said = self.machine.send(self.arbiter, "rulingOf", case, community, sender=court)
        upheld = UPHELD if decided[UPHELD] else NONE
        self.machine.agree("ruling", DISMISSED if decided[DISMISSED] else upheld, said)
