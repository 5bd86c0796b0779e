"""Transactions to the ledger's contracts: which failed, and who sent those that paid."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from api.application import Application
from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address, address
from chain.metrics.period import Transactions

BLOCKS_AT_ONCE = 50
RECEIPTS_AT_ONCE = 200


class TransactionLog:
    """Reads each block once; where another branch took over, from before it again."""

    def __init__(self, app: Application) -> None:
        self._app = app
        # Up to where was read, each time.
        self._read: list[BlockPin] = []
        # By block, as (failed, submitted); blocks without a transaction of ours are left out.
        self._counts: dict[int, tuple[int, int]] = {}
        self._senders: dict[bytes, Address] = {}

    def counts(self, first_block: int, last_block: int, at: BlockPin) -> Transactions:
        """Failed and all transactions sent to our contracts in these blocks."""
        self._follow(at)
        within = [c for n, c in self._counts.items() if first_block <= n <= last_block]
        return Transactions(
            failed=sum(failed for failed, _ in within), submitted=sum(sent for _, sent in within)
        )

    def senders(self, tx_hashes: Iterable[bytes]) -> dict[bytes, Address]:
        """Who signed each transaction; a hash fixes that for good."""
        missing = sorted(set(tx_hashes) - set(self._senders))
        for start in range(0, len(missing), RECEIPTS_AT_ONCE):
            chunk = missing[start : start + RECEIPTS_AT_ONCE]
            asked = [("eth_getTransactionReceipt", ("0x" + tx_hash.hex(),)) for tx_hash in chunk]
            for tx_hash, receipt in zip(chunk, self._app.node.rpc.batch(asked), strict=True):
                self._senders[tx_hash] = address(receipt["from"])
        return self._senders

    def _follow(self, at: BlockPin) -> None:
        while self._read and not self._stands(self._read[-1], at):
            self._read.pop()
        first = self._read[-1].number + 1 if self._read else self._app.deployment.block
        for number in [number for number in self._counts if number >= first]:
            del self._counts[number]
        ours = {text.lower() for text in self._app.deployment.contracts.values()}
        for start in range(first, at.number + 1, BLOCKS_AT_ONCE):
            numbers = range(start, min(start + BLOCKS_AT_ONCE, at.number + 1))
            asked = [("eth_getBlockReceipts", (hex(number),)) for number in numbers]
            for number, receipts in zip(numbers, self._app.node.rpc.batch(asked), strict=True):
                self._note(number, receipts, ours)
        if first <= at.number:
            self._read.append(at)

    def _stands(self, read: BlockPin, at: BlockPin) -> bool:
        node = self._app.node
        if read.number > at.number:
            return node.header_by_hash(read.hash) is not None
        return node.block(read.number).hash == read.hash

    def _note(
        self, number: int, receipts: list[dict[str, str | None]], ours: Collection[str]
    ) -> None:
        sent = [r["status"] for r in receipts if (r["to"] or "").lower() in ours]
        if sent:
            failed = sum(1 for status in sent if status is not None and int(status, 16) == 0)
            self._counts[number] = (failed, len(sent))
