"""A guardian's pauses of one contract: what they stop, when they end, who begins and ends them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from chain.client.interfaces import SELECTOR_BYTES
from chain.ledger.identifiers import address
from chain.ledger.keccak import keccak256
from tests.differential.around import OUTSIDERS, Around, must_refuse
from tests.differential.machine import Deployed, Disagreement, Machine
from tests.differential.wayward import Call

GUARDIAN: Final = address("0x" + "64" * 20)
PAUSE_SECONDS: Final = 14 * 24 * 60 * 60
GAP_SECONDS: Final = 14 * 24 * 60 * 60


class Pauses:
    """Of a contract that is a TimedPause. Between the acts of a pair it is never paused."""

    def __init__(self, machine: Machine, around: Around, contract: Deployed) -> None:
        self._machine = machine
        self._contract = contract
        self._until = 0
        for function in ("pause", "unpause"):
            for account in (GUARDIAN, *OUTSIDERS):
                permit = (account, contract.address, _selector(function))
                may = int(account == GUARDIAN)
                around.say("canCall(address,address,bytes4)", permit, may, 0)

    def act(self, stopped: Sequence[Call], random: Random) -> None:
        """One pause from its beginning to its end. `stopped` are calls that would otherwise go
        through; they are refused while it lasts."""
        machine = self._machine
        self._must_refuse("NotPaused", (), "unpause")
        if self._until:
            free = self._until + GAP_SECONDS
            for second in (machine.now, free - 1):
                # No second before now: what began to bind would not bind yet.
                if machine.now <= second < free:
                    machine.wait(second - machine.now)
                    self._must_refuse("PauseTooSoon", (free,), "pause")
            machine.wait(max(free - machine.now, 0) + random.choice((0, 0, 1, 90_000)))
        for outsider in OUTSIDERS:
            for function in ("pause", "unpause"):
                values = (outsider, _selector(function))
                self._must_refuse("NotPermitted", values, function, sender=outsider)
        self._do("pause", "PauseBegan", until=machine.now + PAUSE_SECONDS)
        self._until = machine.now + PAUSE_SECONDS
        self._must_stop(stopped)
        self._must_refuse("PauseTooSoon", (self._until + GAP_SECONDS,), "pause")
        if random.random() < 0.5:
            machine.wait(PAUSE_SECONDS - 1)
            self._must_stop(stopped)
            machine.wait(1)
        else:
            machine.wait(random.randrange(PAUSE_SECONDS))
            self._do("unpause", "PauseEnded")
            self._until = machine.now
        machine.expect(self._contract, "pausedUntil", (), self._until)
        self._must_refuse("NotPaused", (), "unpause")

    def _must_stop(self, stopped: Sequence[Call]) -> None:
        self._machine.expect(self._contract, "pausedUntil", (), self._until)
        for function, arguments, sender in stopped:
            self._must_refuse("NewMoneyPaused", (self._until,), function, *arguments, sender=sender)

    def _do(self, function: str, event: str, **values: int) -> None:
        self._machine.send(self._contract, function, sender=GUARDIAN)
        told = self._machine.events(self._contract)
        if told != [(event, {"guardian": GUARDIAN, **values})]:
            raise Disagreement("events", (event, values), told)

    def _must_refuse(
        self, name: str, values: tuple[Any, ...], *call: Any, sender: str = GUARDIAN
    ) -> None:
        function, *arguments = call
        must_refuse(self._machine, self._contract, name, values, function, tuple(arguments), sender)


def _selector(function: str) -> bytes:
    return bytes(keccak256(f"{function}()".encode())[:SELECTOR_BYTES])
