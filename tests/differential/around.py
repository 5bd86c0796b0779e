"""What stands around a contract under test, and calls that it must refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from eth_abi.abi import encode

from chain.client.interfaces import SELECTOR_BYTES, Function
from chain.ledger.identifiers import Address, WorkId, address
from chain.ledger.keccak import keccak256
from chain.ledger.rights import WorkKind
from chain.ledger.words import uint_word
from tests.differential.machine import (
    CALL_GAS,
    DEPLOYER,
    Deployed,
    Disagreement,
    Machine,
    Refused,
    compiled,
)

STEWARD: Final = address("0x" + "51" * 20)
KEEPER: Final = address("0x" + "61" * 20)
PAYER: Final = address("0x" + "62" * 20)
# Below and above every other account: who may call is no matter of order.
OUTSIDERS: Final = (address("0x" + "02" * 20), address("0x" + "fd" * 20))
SCRIPTED: Final = "tests/differential/Scripted.sol"


class Around:
    """One of those that stand around the money, and say what they are told to: a register, a court.
    Where a contract asks several, each is one of its own: who asks the wrong one hears nothing."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.contract = machine.deploy(compiled(SCRIPTED, "Scripted"))
        # Whoever asks by `tx.origin` who is calling finds somebody else.
        machine.make_contract(STEWARD)
        machine.forward_for(self.contract)

    @property
    def address(self) -> Address:
        return self.contract.address

    def say(self, signature: str, arguments: tuple[Any, ...], *values: int) -> None:
        """From now on a call of this function with these arguments is answered with these words."""
        types = [word for word in signature[signature.index("(") + 1 : -1].split(",") if word]
        call = keccak256(signature.encode())[:SELECTOR_BYTES] + encode(types, arguments)
        answer = b"".join(uint_word(value) for value in values)
        self.machine.prepare(self.contract, "answer", call, answer)

    def hear(
        self,
        function: Function,
        arguments: Sequence[Any],
        to: Deployed,
        *then: Any,
        answer: bytes = b"",
    ) -> None:
        """From now on this call is taken and answered, and makes another one: contract, function,
        arguments."""
        call, (name, *values) = function.call_data(arguments), then
        data = to.interface.functions[name].call_data(values)
        self.machine.prepare(self.contract, "answer", call, answer)
        self.machine.prepare(self.contract, "cause", call, to.address, data)

    def register(self, work: WorkId, kind: WorkKind) -> None:
        self.say("kindOf(uint64)", (work,), kind)
        self.say("controllerOf(uint64)", (work,), int(STEWARD, 16))
        self.say("communityIdOf(uint64)", (work,), 0)
        self.say("displacedBy(uint64)", (work,), 0)
        self.say("compositionOf(uint64)", (work,), 0)
        self.say("workOf(uint64)", (work,), 0, kind, 1, work, work)


def must_refuse(
    machine: Machine,
    contract: Deployed,
    name: str,
    values: tuple[Any, ...] | None,
    function: str,
    arguments: tuple[Any, ...],
    sender: str = DEPLOYER,
) -> None:
    """The call must be refused by this error, with these values when they are given."""
    refused = refusal(machine, contract, function, arguments, sender)
    if refused.name != name or values not in (None, refused.values):
        raise Disagreement(f"refusal of {function}{arguments}", (name, values), refused)


def refusal(
    machine: Machine,
    contract: Deployed,
    function: str,
    arguments: tuple[Any, ...],
    sender: str = DEPLOYER,
    gas: int = CALL_GAS,
) -> Refused:
    """What the call is refused with. Raises Disagreement when it is not."""
    try:
        machine.send(contract, function, *arguments, sender=sender, gas=gas)
    except Refused as refused:
        return refused
    raise Disagreement(f"{function}{arguments}", "refused", "done")
