"""The lane's `Wire` over a real node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.client import reverts
from chain.client.blocks import BlockPin, Receipt, hexadecimal
from chain.client.errors import RpcRefused
from chain.client.node import Node
from chain.client.sending import GAS_MARGIN_PERCENT, Fees, current_fees
from chain.ledger.identifiers import Address

NEXT_BLOCK: Final = "pending"


@dataclass(frozen=True)
class NodeWire:
    """Asks one node. Raises what `chain.client` raises."""

    node: Node

    @property
    def chain_id(self) -> int:
        """The chain that signatures are for."""
        return self.node.chain_id

    def head(self) -> BlockPin:
        """The newest block."""
        return self.node.head()

    def block_hash(self, number: int) -> bytes | None:
        """The hash of the canonical block of that number; None when there is none."""
        header = self.node.headers([number])[0]
        return None if header is None else header.pin.hash

    def transaction_count(self, account: Address, number: int) -> int:
        """Mined transactions of an account after that block."""
        answer = self.node.rpc.request("eth_getTransactionCount", account, hex(number))
        return int(answer, 16)

    def send_raw(self, raw: bytes) -> None:
        """Hand signed bytes to the node. Raises RpcRefused when it does not want them."""
        self.node.rpc.request("eth_sendRawTransaction", hexadecimal(raw))

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt, or None while it is in no block."""
        return self.node.receipt(tx_hash)

    def dry_run(self, sender: Address, target: Address, data: bytes) -> int:
        """Gas with a margin. Raises ContractRefused when it would revert."""
        fields = {"from": sender, "to": target, "data": hexadecimal(data)}
        try:
            # A call names the contract's own error; an estimate may only say that gas ran out.
            # Both are asked of the block to come: its time, and on top of what we sent before.
            self.node.rpc.request("eth_call", fields, NEXT_BLOCK)
            gas = self.node.rpc.request("eth_estimateGas", fields, NEXT_BLOCK)
        except RpcRefused as refused:
            raise reverts.from_rpc(refused) from refused
        return int(gas, 16) * (100 + GAS_MARGIN_PERCENT) // 100

    def next_block_time(self) -> int:
        """Unix seconds that a transaction sent now may count on: a chain without traffic makes no
        blocks, and its last one grows old."""
        pending = self.node.rpc.request(
            "eth_getBlockByNumber", NEXT_BLOCK, False, null_allowed=True
        )
        head = self.node.head().timestamp
        return head if pending is None else max(head, int(pending["timestamp"], 16))

    def fees(self) -> Fees:
        """What to offer for the next blocks. Raises FeeTooHigh over the node's cap."""
        return current_fees(self.node)
