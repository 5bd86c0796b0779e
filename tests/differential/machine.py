"""The EVM in this process: deployed bytecode is called without a node, some 10^5 times a second.

What runs is the committed bytecode of chain/client/abi, the one that is deployed; a mutant of it is
compiled from the changed source by the same compiler with the same settings.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyrevm
import solcx

from chain.client.interfaces import SELECTOR_BYTES, Interface, interface, parse_interface
from chain.client.reverts import known_errors
from chain.ledger.identifiers import Address, address
from chain.ledger.words import WORD_BYTES
from scripts import export_abi

CANCUN: Final = "CANCUN"
GAS_LIMIT: Final = 2**60
# What a block takes; a mutant that loops for ever is stopped by it.
CALL_GAS: Final = 30_000_000
START: Final = 1_900_000_000
DEPLOYER: Final = address("0x" + "11" * 20)
FORWARDER: Final = "tests/differential/Forwarder.sol"
COMPILED: Final = export_abi.ROOT / "build" / "differential"
_OUTPUT: Final = re.compile(r"output: 0x([0-9a-f]*)")


class Refused(Exception):
    """A contract refused: the name of its error with the values in it."""

    def __init__(self, name: str, values: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{values}")
        self.name = name
        self.values = values


class Disagreement(AssertionError):
    """The contract and the model say different things."""

    def __init__(self, what: str, model: object, contract: object) -> None:
        super().__init__(f"{what}: the model says {model}, the contract {contract}")


@dataclass(frozen=True)
class Deployed:
    """A contract of one machine."""

    interface: Interface
    address: Address


@dataclass(frozen=True)
class Mutation:
    """A defect: in this source, `new` stands where `old` stood exactly once."""

    unit: str
    old: str
    new: str

    def applied_to(self, text: str) -> str:
        count = text.count(self.old)
        assert count == 1, f"{self.unit} has {count} times {self.old!r}; choose another place"
        return text.replace(self.old, self.new)


def compiled(unit: str, name: str, mutation: Mutation | None = None) -> Interface:
    """A contract that is not among the committed ones, or a mutant. Remembered in build/."""
    sources = export_abi.closure([unit])
    if mutation is not None:
        content = sources[mutation.unit]["content"]
        sources[mutation.unit] = {"content": mutation.applied_to(content)}
    settings = {
        "evmVersion": export_abi.EVM_VERSION,
        "optimizer": {"enabled": True, "runs": export_abi.OPTIMIZER_RUNS},
        "outputSelection": {unit: {name: ["abi", "evm.bytecode.object"]}},
    }
    task = {"language": "Solidity", "sources": sources, "settings": settings}
    digest = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()
    remembered = COMPILED / f"{name}-{digest[:32]}.json"
    if not remembered.is_file():
        output = solcx.compile_standard(task, solc_version=export_abi.SOLC_VERSION)
        COMPILED.mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps(output["contracts"][unit][name]))
    contract = json.loads(remembered.read_text())
    return parse_interface(
        name, contract["abi"], bytes.fromhex(contract["evm"]["bytecode"]["object"])
    )


class Machine:
    """One chain of its own, with a clock that only we move.

    Its journal grows with every call (and pyrevm 0.3.7 fails after some `commit`s), so a long run
    is many machines, one after the other.
    """

    def __init__(self) -> None:
        self._evm = pyrevm.EVM(gas_limit=GAS_LIMIT, spec_id=CANCUN)
        self.chain_id: int = self._evm.env.cfg.chain_id
        self.calls = 0
        self._contracts: set[str] = set()
        self.logs: list[Any] = []
        # Views are asked again and again; encoding them costs more than running them.
        self._errors = dict(known_errors())
        self._encoded: dict[tuple[str, str, tuple[Any, ...]], bytes] = {}
        self.now = START
        self.wait(0)

    def wait(self, seconds: int) -> None:
        self.now += seconds
        self._evm.set_block_env(pyrevm.BlockEnv(timestamp=self.now, number=1))

    def make_contract(self, *accounts: Address) -> None:
        """From now on these accounts are contracts: they act in transactions of others."""
        self._forwarder = compiled(FORWARDER, "Forwarder")
        code = self._evm.get_code(self.deploy(self._forwarder).address)
        for account in accounts:
            self._evm.insert_account_info(account, pyrevm.AccountInfo(nonce=1, code=code))
            self._contracts.add(account)

    def forward_for(self, contract: Deployed) -> None:
        """From now on this contract, which is a Forwarder, acts in transactions of others, too."""
        self._forwarder = compiled(FORWARDER, "Forwarder")
        self._contracts.add(contract.address)

    def deploy(self, code: Interface, **arguments: Any) -> Deployed:
        """Constructor arguments by name, without the trailing underscores of the source. Raises
        Refused."""
        self._errors.update(code.errors)
        values = [arguments[field.name.rstrip("_")] for field in code.constructor]
        try:
            created = self._evm.deploy(DEPLOYER, code.creation_data(values))
        except RuntimeError as error:
            raise self._refusal(str(error)) from None
        return Deployed(code, address(created))

    def send(
        self,
        contract: Deployed,
        function: str,
        *arguments: Any,
        sender: str = DEPLOYER,
        gas: int = CALL_GAS,
    ) -> Any:
        """A transaction's answer. Raises Refused, and leaves the events in `logs`."""
        what = contract.interface.functions[function]
        data = what.call_data(arguments)
        answer = self.raw(sender, contract.address, data, gas)
        return what.result(answer) if what.outputs else None

    def prepare(self, contract: Deployed, function: str, *arguments: Any) -> None:
        """A transaction that only sets the scene, and is not counted."""
        self.send(contract, function, *arguments)
        self.calls -= 1

    def raw(self, sender: str, to: str, data: bytes, gas: int = CALL_GAS) -> bytes:
        """A transaction in bytes. Raises Refused."""
        self.calls += 1
        forwarded = sender in self._contracts
        if forwarded:
            forward = self._forwarder.functions["forward"]
            sender, to, data = DEPLOYER, sender, forward.call_data((to, data))
        try:
            answer: bytes = self._evm.message_call(sender, to, data, gas=gas)
        except RuntimeError as error:
            self.logs = []
            raise self._refusal(str(error)) from None
        self.logs = self._evm.result.logs
        return forward.result(answer) if forwarded else answer

    def view(self, contract: Deployed, function: str, *arguments: Any) -> Any:
        """A view's decoded answer. Raises Refused."""
        answer = self._look(contract, function, arguments)
        return contract.interface.functions[function].result(answer)

    def expect(
        self, contract: Deployed, function: str, arguments: Sequence[Any], *values: int
    ) -> None:
        """A view must answer these numbers, word by word. Raises Disagreement, or Refused."""
        answer = self._look(contract, function, tuple(arguments))
        if answer != b"".join(value.to_bytes(WORD_BYTES, "big") for value in values):
            found = contract.interface.functions[function].result(answer)
            raise Disagreement(f"{function}{tuple(arguments)}", values, found)

    def agree(self, what: str, model: object, contract: object) -> None:
        """Raises Disagreement when they do not."""
        if model != contract:
            raise Disagreement(what, model, contract)

    def _look(self, contract: Deployed, function: str, arguments: tuple[Any, ...]) -> bytes:
        key = (contract.address, function, arguments)
        data = self._encoded.get(key)
        if data is None:
            data = contract.interface.functions[function].call_data(arguments)
            self._encoded[key] = data
        self.calls += 1
        try:
            answer: bytes = self._evm.message_call(
                DEPLOYER, contract.address, data, gas=CALL_GAS, is_static=True
            )
        except RuntimeError as error:
            raise self._refusal(str(error)) from None
        return answer

    def events(self, contract: Deployed) -> list[tuple[str, dict[str, Any]]]:
        """The last transaction's events of one contract, in order: name and values."""
        found = []
        for log in self.logs:
            if log.address != contract.address:
                continue
            topics, data = log.data
            event = contract.interface.events[topics[0]]
            found.append((event.name, event.values(topics, data)))
        return found

    def _refusal(self, text: str) -> Refused:
        found = _OUTPUT.search(text)
        data = bytes.fromhex(found.group(1)) if found else b""
        error = self._errors.get(data[:SELECTOR_BYTES])
        if error is None:
            return Refused("0x" + data[:SELECTOR_BYTES].hex() if data else text.split(" ")[0], ())
        return Refused(error.name, tuple(error.values(data).values()))


@cache
def committed(name: str) -> Interface:
    """The committed contract of this name."""
    return interface(name)
