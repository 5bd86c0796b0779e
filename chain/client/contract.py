"""What the classes of the single contracts share: encode, read at a block, send, find events."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from chain.client import sending
from chain.client.blocks import BlockPin, Call, Receipt
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed
from chain.client.interfaces import Interface, interface
from chain.client.node import Node
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address
from chain.ledger.words import SigningDomain


class Contract:
    """One deployed contract, as this node sees it."""

    NAME: ClassVar[str]

    def __init__(self, node: Node, address: Address) -> None:
        self.node = node
        self.address = address
        self.interface: Interface = interface(self.NAME)

    @classmethod
    def of(cls, node: Node, deployment: Deployment) -> Self:
        """The contract of a deployment. Raises KeyError when that has none of this name."""
        return cls(node, deployment.contracts[cls.NAME])

    def call(self, function: str, *arguments: Any) -> Call:
        """A call not yet made, for callers that sign and store before they send.

        Raises ValueError when the arguments do not fit the function.
        """
        return Call(self.address, self.interface.functions[function].call_data(arguments))

    def events(self, receipt: Receipt, name: str) -> list[dict[str, Any]]:
        """The parameters of each event of this contract and name in a receipt, in order."""
        event = self.interface.event_named(name)
        return [
            event.values(log.topics, log.data)
            for log in receipt.logs
            if log.address == self.address and log.topics and log.topics[0] == event.topic
        ]

    def signing_domain(self, *, at: BlockPin) -> SigningDomain:
        """Where a signature for this contract holds, by its own word (ERC-5267)."""
        _, name, version, chain_id, contract, _, _ = self._read("eip712Domain", at=at)
        return SigningDomain(name, version, chain_id, Address(contract))

    def _read(self, function: str, *arguments: Any, at: BlockPin) -> Any:
        return self.read_many([(function, arguments)], at=at)[0]

    def read_many(self, wanted: list[tuple[str, tuple[Any, ...]]], *, at: BlockPin) -> list[Any]:
        """Many views of one block in one request, in order. Raises as `Node.call`."""
        calls = [self.call(function, *arguments) for function, arguments in wanted]
        if len(calls) == 1:
            answers = [self.node.call(calls[0], at=at)]
        else:
            answers = self.node.calls(calls, at=at)
        return [
            self.interface.functions[function].result(answer)
            for (function, _), answer in zip(wanted, answers, strict=True)
        ]

    def _write(
        self, function: str, *arguments: Any, signer: LocalSigner, gas: int | None = None
    ) -> Receipt:
        return sending.send(self.node, self.call(function, *arguments), signer=signer, gas=gas)

    def _one_event(self, receipt: Receipt, name: str) -> dict[str, Any]:
        found = self.events(receipt, name)
        if len(found) != 1:
            raise AnswerMalformed(f"the receipt of {self.NAME}", f"{len(found)} events {name}")
        return found[0]
