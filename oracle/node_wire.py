"""The lane's `Wire` over a real node."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from chain.client import reverts
from chain.client.blocks import BlockPin, Receipt, hexadecimal, parse_bytes, parse_header
from chain.client.errors import BlockGone, RpcRefused, StaleNode, WrongChain
from chain.client.node import Node
from chain.client.sending import GAS_MARGIN_PERCENT, Fees, current_fees
from chain.ledger.identifiers import Address
from oracle.errors import NodeLags

NEXT_BLOCK: Final = "pending"


class NodeWire:
    """Asks one node, and its `witnesses` before anything is final. Raises what `chain.client`
    raises.

    An address may be served by many machines, now by this one and now by that: every round begins
    with a look whether it is still the chain of `anchor`, and not behind what was seen before or
    more than `head_age_max` seconds (0: however old).
    """

    def __init__(
        self,
        node: Node,
        *,
        anchor: BlockPin | None = None,
        witnesses: Sequence[Node] = (),
        head_age_max: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.node = node
        self._anchor = anchor
        self._witnesses = tuple(witnesses)
        self._head_age_max = head_age_max
        self._clock = clock
        self._seen = 0

    @property
    def chain_id(self) -> int:
        """The chain that signatures are for."""
        return self.node.chain_id

    def head(self) -> BlockPin:
        """The newest block. Raises WrongChain, BlockGone (the anchor), StaleNode, NodeLags."""
        anchor = 0 if self._anchor is None else self._anchor.number
        chain_id, latest, first = self.node.rpc.batch(
            [
                ("eth_chainId", ()),
                ("eth_getBlockByNumber", ("latest", False)),
                ("eth_getBlockByNumber", (hex(anchor), False)),
            ]
        )
        if int(chain_id, 16) != self.node.chain_id:
            raise WrongChain(self.node.chain_id, int(chain_id, 16))
        if self._anchor is not None and parse_header(first).pin.hash != self._anchor.hash:
            raise BlockGone(self._anchor.number, self._anchor.hash)
        head = parse_header(latest).pin
        if head.number < self._seen:
            raise StaleNode(self._seen, head.number)
        age = int(self._clock()) - head.timestamp
        if self._head_age_max and age > self._head_age_max:
            raise NodeLags(age, self._head_age_max)
        self._seen = head.number
        return head

    def block_hash(self, number: int) -> bytes | None:
        """The hash of the canonical block of that number; None when there is none."""
        header = self.node.headers([number])[0]
        return None if header is None else header.pin.hash

    def transaction_count(self, account: Address, number: int) -> int:
        """Mined transactions of an account after that block."""
        answer = self.node.rpc.request("eth_getTransactionCount", account, hex(number))
        return int(answer, 16)

    def transaction_with(self, account: Address, nonce: int, number: int) -> bytes | None:
        """The hash of the transaction by which an account spent a nonce, up to that block; None
        when the node cannot show it (a pruned one has no counts of long ago)."""
        try:
            block = self._block_spending(account, nonce, number)
            answer = self.node.rpc.request(
                "eth_getBlockByNumber", hex(block), True, null_allowed=True
            )
        except RpcRefused:
            return None
        transactions: list[dict[str, Any]] = [] if answer is None else answer["transactions"]
        for found in transactions:
            by_account = str(found["from"]).lower() == account.lower()
            if by_account and int(found["nonce"], 16) == nonce:
                return parse_bytes(found["hash"])
        return None

    def agreed(self, receipt: Receipt) -> bool:
        """Whether every witness has the same transaction in the same block with the same end."""
        for witness in self._witnesses:
            theirs = witness.receipt(receipt.tx_hash)
            same = theirs is not None and (theirs.block.hash, theirs.status) == (
                receipt.block.hash,
                receipt.status,
            )
            if not same:
                return False
        return True

    def _block_spending(self, account: Address, nonce: int, number: int) -> int:
        """The first block after which the account's count is over the nonce; it is by `number`."""
        step, high = 1, number
        low = max(high - step, 0)
        while low > 0 and self.transaction_count(account, low) > nonce:
            step, high = 2 * step, low
            low = max(high - step, 0)
        while low + 1 < high:
            middle = (low + high) // 2
            if self.transaction_count(account, middle) > nonce:
                high = middle
            else:
                low = middle
        return high

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
