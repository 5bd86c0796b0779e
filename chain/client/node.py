"""One node, read at named blocks. Sending is in `chain.client.sending`.

Every read of a contract names its block by hash (EIP-1898), so an answer is never mixed from two
branches: a replaced block ends in BlockGone, not in somebody else's numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.client import reverts
from chain.client.blocks import (
    BlockPin,
    Call,
    Header,
    HeaderAnswer,
    LogAnswer,
    RawLog,
    Receipt,
    hexadecimal,
    logs_of_answers,
    parse_bytes,
    parse_header,
    parse_receipt,
)
from chain.client.errors import (
    AnswerMalformed,
    BlockGone,
    RpcRefused,
    RpcUnavailable,
    StaleNode,
    WrongChain,
)
from chain.client.ranges import RangeMemory
from chain.client.rpc import Rpc, Timeouts
from chain.ledger.identifiers import Address

__all__ = ["BlockPin", "Call", "FeePolicy", "Header", "Node", "RawLog", "Receipt", "Timeouts"]

GWEI: Final = 10**9
# Nodes say in many ways that they do not have a block; these are geth's, reth's and anvil's.
UNKNOWN_BLOCK_WORDS: Final = (
    "unknown block",
    "header not found",
    "block not found",
    "resource not found",
    "hash is not currently canonical",
)


@dataclass(frozen=True)
class FeePolicy:
    """What a transaction may cost: the tip offered, and the most per unit of gas, in wei."""

    tip_wei: int = GWEI
    cap_wei: int = 500 * GWEI


class Node:
    """A node behind an HTTP address. Safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        *,
        timeouts: Timeouts | None = None,
        fees: FeePolicy | None = None,
        wait_seconds: float = 60.0,
    ) -> None:
        """`wait_seconds` is how long a sent transaction is waited for."""
        self.rpc = Rpc(endpoint, timeouts=timeouts)
        self.fees = fees or FeePolicy()
        self.wait_seconds = wait_seconds
        self.ranges = RangeMemory()
        self._chain_id: int | None = None
        self._locks: dict[Address, threading.Lock] = {}
        self._locks_guard = threading.Lock()

    @property
    def endpoint(self) -> str:
        return self.rpc.endpoint

    @property
    def chain_id(self) -> int:
        """Asked once. Raises RpcUnavailable."""
        if self._chain_id is None:
            self._chain_id = int(self.rpc.request("eth_chainId"), 16)
        return self._chain_id

    def expect_chain(self, chain_id: int) -> None:
        """Raises WrongChain when the node is on another one."""
        if self.chain_id != chain_id:
            raise WrongChain(chain_id, self.chain_id)

    def head(self) -> BlockPin:
        """The newest block the node has."""
        return parse_header(self.rpc.request("eth_getBlockByNumber", "latest", False)).pin

    def finalized(self) -> BlockPin:
        """The newest block that can no longer be replaced; genesis on a young chain."""
        return parse_header(self.rpc.request("eth_getBlockByNumber", "finalized", False)).pin

    def block(self, number: int) -> BlockPin:
        """The block at a height. Raises StaleNode when the node is not there yet."""
        return self.header(number).pin

    def header(self, number: int) -> Header:
        """The header at a height. Raises StaleNode when the node is not there yet."""
        found = self.headers([number])[0]
        if found is None:
            raise StaleNode(number, self.head().number)
        return found

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """Headers at heights in one request; None where the node has no block."""
        wanted = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
        answers = self.rpc.batch_of(HeaderAnswer | None, wanted)
        return [None if answer is None else answer.header() for answer in answers]

    def header_by_hash(self, block_hash: bytes) -> Header | None:
        """The header with a hash, if the node's chain has it."""
        answer = self.rpc.request(
            "eth_getBlockByHash", hexadecimal(block_hash), False, null_allowed=True
        )
        return None if answer is None else parse_header(answer)

    def call(self, call: Call, *, at: BlockPin, sender: Address | None = None) -> bytes:
        """What a call would answer in the state after a block.

        Raises ContractRefused in plain words, BlockGone when the block was replaced.
        """
        try:
            answer = self.rpc.request("eth_call", self._call_object(call, sender), self._tag(at))
        except RpcRefused as refused:
            raise self._reading_error(refused, at) from refused
        return parse_bytes(answer)

    def calls(self, calls: Sequence[Call], *, at: BlockPin) -> list[bytes]:
        """Many reads of one block in one request. Raises as `call`, for the first that fails."""
        tag = self._tag(at)
        wanted = [("eth_call", (self._call_object(call, None), tag)) for call in calls]
        try:
            return [parse_bytes(answer) for answer in self.rpc.batch(wanted)]
        except RpcRefused as refused:
            raise self._reading_error(refused, at) from refused

    def code(self, address: Address, *, at: BlockPin) -> bytes:
        """A contract's code, empty for none."""
        try:
            return parse_bytes(self.rpc.request("eth_getCode", address, self._tag(at)))
        except RpcRefused as refused:
            raise self._reading_error(refused, at) from refused

    def balance_wei(self, address: Address, *, at: BlockPin) -> int:
        """The native coin an account holds, for fees."""
        return int(self.rpc.request("eth_getBalance", address, self._tag(at)), 16)

    def logs_of_blocks(
        self, blocks: Sequence[BlockPin], filters: Sequence[dict[str, Any]]
    ) -> list[list[RawLog]]:
        """The logs of each block that match any filter, asked by block hash, in one request.

        Raises BlockGone when one of the blocks was replaced meanwhile.
        """
        wanted = [
            ("eth_getLogs", ({"blockHash": hexadecimal(pin.hash), **given},))
            for pin in blocks
            for given in filters
        ]
        try:
            answers = self.rpc.batch_of(list[LogAnswer], wanted)
        except RpcRefused as refused:
            if blocks and self._is_unknown_block(refused):
                raise BlockGone(blocks[-1].number, blocks[-1].hash) from refused
            raise
        width = len(filters)
        return [logs_of_answers(answers[i * width : (i + 1) * width]) for i in range(len(blocks))]

    def logs_from(
        self, first: int, last: int, filters: Sequence[dict[str, Any]]
    ) -> tuple[int, list[RawLog]]:
        """The logs of `first` and the blocks after it that match any filter, and the last of them.

        Only for blocks that can no longer change: it asks by number. As many blocks as the node
        answers for at once, `last` at most. Raises RpcRefused, RpcUnavailable, AnswerMalformed.
        """
        while True:
            upto = min(last, first + self.ranges.blocks - 1)
            span = {"fromBlock": hex(first), "toBlock": hex(upto)}
            wanted = [("eth_getLogs", ({**span, **given},)) for given in filters]
            try:
                logs = logs_of_answers(self.rpc.batch_of(list[LogAnswer], wanted))
            except (RpcRefused, RpcUnavailable) as refused:
                if not self.ranges.shorten(refused, first, upto):
                    raise
                continue
            if logs and not first <= logs[0].block_number <= logs[-1].block_number <= upto:
                raise AnswerMalformed("an answer to eth_getLogs", "logs of blocks not asked for")
            self.ranges.answered(upto - first + 1, len(logs))
            return upto, logs

    def logs_of_range(
        self, first: int, last: int, filters: Sequence[dict[str, Any]]
    ) -> list[RawLog]:
        """All logs of a range, in as many requests as it takes. Raises as `logs_from`."""
        found: list[RawLog] = []
        while first <= last:
            upto, logs = self.logs_from(first, last, filters)
            found += logs
            first = upto + 1
        return found

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt of a mined transaction; None while it is in no block of this chain."""
        answer = self.rpc.request(
            "eth_getTransactionReceipt", hexadecimal(tx_hash), null_allowed=True
        )
        if answer is None or answer.get("blockHash") is None:
            return None
        header = self.header_by_hash(parse_bytes(answer["blockHash"]))
        return None if header is None else parse_receipt(answer, header.pin.timestamp)

    def nonce(self, address: Address, *, pending: bool = False) -> int:
        """Transactions of an account that are mined; with `pending`, also those waiting."""
        tag = "pending" if pending else "latest"
        return int(self.rpc.request("eth_getTransactionCount", address, tag), 16)

    def lock_of(self, address: Address) -> threading.Lock:
        """Held while an account's next nonce is taken and used."""
        with self._locks_guard:
            return self._locks.setdefault(address, threading.Lock())

    def _reading_error(self, refused: RpcRefused, at: BlockPin) -> Exception:
        if self._is_unknown_block(refused):
            return BlockGone(at.number, at.hash)
        return reverts.from_rpc(refused)

    @staticmethod
    def _is_unknown_block(refused: RpcRefused) -> bool:
        message = refused.message.lower()
        return refused.data is None and any(words in message for words in UNKNOWN_BLOCK_WORDS)

    @staticmethod
    def _tag(at: BlockPin) -> dict[str, Any]:
        return {"blockHash": hexadecimal(at.hash), "requireCanonical": True}

    @staticmethod
    def _call_object(call: Call, sender: Address | None) -> dict[str, str]:
        fields = {"data": hexadecimal(call.data), "value": hex(call.value_wei)}
        if call.to is not None:
            fields["to"] = call.to
        if sender is not None:
            fields["from"] = sender
        return fields
