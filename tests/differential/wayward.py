"""A token that misbehaves, and what a contract that takes money must make of it."""

from __future__ import annotations

from typing import Any, Final

from chain.ledger.identifiers import Address, address
from chain.ledger.keccak import keccak256
from tests.differential.around import must_refuse
from tests.differential.machine import Deployed, Machine, compiled

WAYWARD: Final = "tests/differential/WaywardToken.sol"
CALLED_BACK: Final = "ReentrancyGuardReentrantCall"
_NOBODY: Final = address("0x" + "00" * 20)
# A call that is made: function, arguments, sender.
Call = tuple[str, tuple[Any, ...], str]


class Wayward:
    """One such token beside one contract. It is a token like others until it is told not to be."""

    contract: Deployed

    def __init__(self, machine: Machine) -> None:
        self.token = machine.deploy(compiled(WAYWARD, "WaywardToken"))
        self._machine = machine

    @property
    def address(self) -> Address:
        return self.token.address

    def mint(self, account: Address, amount: int) -> None:
        self._machine.prepare(self.token, "mint", account, amount)

    def authorise(self, *terms: Any) -> None:
        """The only terms under which it moves money by signature from now on."""
        take = self.token.interface.functions["receiveWithAuthorization"]
        self._machine.prepare(self.token, "authorise", bytes(keccak256(take.call_data(terms))))

    def arm(self, call: Call | None) -> None:
        """From now on it calls the contract back in the middle of a transfer, or no longer."""
        target, data = _NOBODY, b""
        if call is not None:
            target = self.contract.address
            data = self.contract.interface.functions[call[0]].call_data(call[1])
        self._machine.prepare(self.token, "arm", target, data)

    def must_bring_what_was_booked(self, call: Call, amount: int, held: int) -> None:
        """More, less, nothing, or even a loss: the payment is refused, with what came instead."""
        for more, less in ((1, 0), (0, 1), (0, amount), (0, amount + 1)):
            if less > held + amount:
                continue
            came = max(amount + more - less, 0)
            self._machine.prepare(self.token, "misdeliver", more, less)
            self._must_refuse("AmountMismatch", (amount, came), call)
        self._machine.prepare(self.token, "misdeliver", 0, 0)

    def must_find_closed(self, outer: Call, inner: Call) -> None:
        """While it moves money in one call, the other is refused, and with it the first."""
        self.arm(inner)
        self._must_refuse(CALLED_BACK, (), outer)
        self.arm(None)

    def _must_refuse(self, name: str, values: tuple[Any, ...], call: Call) -> None:
        function, arguments, sender = call
        must_refuse(self._machine, self.contract, name, values, function, arguments, sender)
