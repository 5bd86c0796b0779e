"""A node whose blocks come when asked for, and everything a chain can do to a relay."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

from chain.client.blocks import hexadecimal
from chain.client.errors import RpcRefused
from chain.client.node import GWEI, Node
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address

CHAIN_ID = 31337
COINS = 10**24


class BenchChain:
    """Asks the node itself, past any proxy."""

    def __init__(self, endpoint: str) -> None:
        self.node = Node(endpoint)

    def rpc(self, method: str, *params: Any) -> Any:
        return self.node.rpc.request(method, *params, null_allowed=True)

    def height(self) -> int:
        return self.node.head().number

    def fund(self, addresses: Iterable[Address]) -> None:
        for address in addresses:
            self.rpc("anvil_setBalance", address, hex(COINS))

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def base_fee(self, gwei: int) -> None:
        """What the next block asks for; later ones fall by an eighth each."""
        self.rpc("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))

    def drop_pool(self, addresses: Iterable[Address]) -> None:
        """The node forgets what waits of some accounts."""
        for address in addresses:
            self.rpc("anvil_removePoolTransactions", address)

    def reorganise(self, depth: int, dice: random.Random, *, keep: bool) -> None:
        """Replace the last blocks; with `keep` their transactions may come back, in other ones.

        The node gives replayed empty blocks their old hashes: changed times give others.
        """
        head = self.node.head()
        numbers = range(head.number - depth + 1, head.number + 1)
        blocks = [self.rpc("eth_getBlockByNumber", hex(n), True) for n in numbers]
        raws = [
            self.rpc("eth_getRawTransactionByHash", transaction["hash"])
            for block in blocks
            for transaction in block["transactions"]
        ]
        self.rpc("anvil_rollback", depth)
        self.rpc("evm_setNextBlockTimestamp", hex(head.timestamp + 1))
        for index in range(depth):
            if keep and index == depth - 1:
                for raw in raws:
                    if raw is not None and dice.random() < 0.7:
                        self._offer(raw)
            self.rpc("evm_mine")
        after = {h.pin.hash for h in self.node.headers(list(numbers)) if h is not None}
        before = {bytes.fromhex(block["hash"][2:]) for block in blocks}
        assert len(after) == depth, "the reorganisation changed the height"
        assert not before & after, "the reorganisation left block hashes as they were"

    def send_foreign(self, key: LocalSigner, target: Address, data: bytes = b"foreign") -> None:
        """Somebody else has our key."""
        nonce = int(self.rpc("eth_getTransactionCount", key.address, "latest"), 16)
        raw, _ = key.sign_transaction(
            {
                "type": 2,
                "chainId": CHAIN_ID,
                "nonce": nonce,
                "to": target,
                "data": data,
                "value": 0,
                "gas": 50_000,
                "maxFeePerGas": 1_000 * GWEI,
                "maxPriorityFeePerGas": 500 * GWEI,
            }
        )
        self._offer(hexadecimal(raw))

    def carried_out(self, since: int, senders: Iterable[Address]) -> Counter[bytes]:
        """How often each data was sent and succeeded, in the canonical blocks after `since`."""
        ours = {sender.lower() for sender in senders}
        found: Counter[bytes] = Counter()
        for number in range(since + 1, self.height() + 1):
            block = self.rpc("eth_getBlockByNumber", hex(number), True)
            for transaction in block["transactions"]:
                if transaction["from"].lower() in ours:
                    receipt = self.rpc("eth_getTransactionReceipt", transaction["hash"])
                    assert receipt["status"] == "0x1", "a plain transfer reverted"
                    found[bytes.fromhex(transaction["input"][2:])] += 1
        return found

    def _offer(self, raw: str) -> None:
        try:
            self.rpc("eth_sendRawTransaction", raw)
        except RpcRefused:
            # The pool has a dearer one of this nonce, or the nonce is spent: both are faults too.
            return
