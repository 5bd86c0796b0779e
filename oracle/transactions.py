"""The way of a transaction: decided, signed and stored, sent, mined, final; or back again.

Exactly once rests on three things. An intent is a unique key, so that nothing is decided twice.
The nonce is chosen, and the raw signed bytes are committed, in one transaction before any byte goes
to a socket, so that a killed process resends the same bytes. And what became of them is read from
receipts alone, never from what a node answered to the sending.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol

import sqlalchemy as sa

from chain.client.blocks import BlockPin, Receipt
from chain.client.errors import RpcRefused
from chain.client.sending import Fees
from chain.ledger.identifiers import Address
from oracle.errors import TransactionFailed
from oracle.outbox import Outbox
from oracle.transaction_book import GIVEN_UP, Attempt, AttemptState, TransactionBook

log = logging.getLogger(__name__)

# What nodes say when they have the transaction, or its nonce is spent: receipts decide which.
ALREADY_TAKEN: Final = ("already known", "already imported", "nonce too low", "underpriced")

# How far below the head a foreign transaction must lie before ours is given up.
DISPLACED_DEPTH_MIN: Final = 1


class TransactionSigner(Protocol):
    """Signs transactions with one key."""

    @property
    def address(self) -> Address:
        """The account that sends and pays for gas."""
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Raw signed bytes and their hash."""
        ...


class Wire(Protocol):
    """What the lane asks of a node. Each raises RpcUnavailable when there is no answer."""

    @property
    def chain_id(self) -> int:
        """The chain that signatures are for."""
        ...

    def head(self) -> BlockPin:
        """The newest block."""
        ...

    def block_hash(self, number: int) -> bytes | None:
        """The hash of the canonical block of that number; None when there is none."""
        ...

    def transaction_count(self, account: Address, number: int) -> int:
        """Mined transactions of an account after that block."""
        ...

    def send_raw(self, raw: bytes) -> None:
        """Hand signed bytes to the node. Raises RpcRefused when it does not want them."""
        ...

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt, or None while it is in no block."""
        ...

    def dry_run(self, sender: Address, target: Address, data: bytes) -> int:
        """A gas limit that suffices. Raises ContractRefused when it would revert."""
        ...

    def fees(self) -> Fees:
        """What to offer for the next blocks."""
        ...


class TransactionLane:
    """Everything one relay key sends. The key must be nobody else's while this runs.

    `final_depth` blocks must lie on top of a block before what is in it counts as final.
    """

    def __init__(
        self, outbox: Outbox, wire: Wire, signer: TransactionSigner, *, final_depth: int
    ) -> None:
        self._outbox = outbox
        self._wire = wire
        self._signer = signer
        self._final_depth = final_depth

    def decide(self, intent: str, target: Address, data: bytes) -> Attempt:
        """Sign and store the transaction for an intent, once; send nothing yet.

        An intent whose transaction failed or was displaced gets a new one. Raises ContractRefused,
        with nothing stored, when a dry run says it would revert; RpcUnavailable.
        """
        with self._outbox.reading() as connection:
            found = TransactionBook(connection).of_intent(intent)
        if found and found.state not in GIVEN_UP:
            return found
        gas_limit = self._wire.dry_run(self._signer.address, target, data)
        fees = self._wire.fees()
        on_chain = self._wire.transaction_count(self._signer.address, self._wire.head().number)
        with self._outbox.writing() as connection:
            self._store(connection, intent, target, data, gas_limit, fees, on_chain)
            self._outbox.reached("persist-before-commit")
        self._outbox.reached("persist-after-commit")
        return self._attempt(intent)

    def advance(self) -> list[Attempt]:
        """Send what is not sent, read what became of it; the attempts that are now final.

        Safe to call at any moment and any number of times. Raises RpcUnavailable; what was learnt
        before is kept. Raises TransactionFailed after storing that one reverted.
        """
        self._send_stored()
        return self._read_receipts()

    def _store(
        self,
        connection: sa.Connection,
        intent: str,
        target: Address,
        data: bytes,
        gas_limit: int,
        fees: Fees,
        on_chain: int,
    ) -> None:
        book = TransactionBook(connection)
        nonce = book.next_nonce(self._signer.address, on_chain)
        earlier = book.of_intent(intent)
        if earlier is None:
            tx_id = book.insert_intent(intent, self._signer.address, nonce, target, data, gas_limit)
        else:
            tx_id = earlier.tx_id
            book.renumber(tx_id, nonce, gas_limit)
        raw, tx_hash = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._wire.chain_id,
                "nonce": nonce,
                "to": target,
                "data": data,
                "value": 0,
                "gas": gas_limit,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.tip_wei,
            }
        )
        self._outbox.reached("signed-before-persist")
        book.insert_attempt(tx_id, tx_hash, raw)

    def _send_stored(self) -> None:
        with self._outbox.reading() as connection:
            waiting = TransactionBook(connection).in_states(AttemptState.SIGNED)
        for attempt in waiting:
            self._outbox.reached("before-broadcast")
            try:
                self._wire.send_raw(attempt.raw)
            except RpcRefused as refusal:
                if not any(words in str(refusal).lower() for words in ALREADY_TAKEN):
                    raise
            self._outbox.reached("after-broadcast")
            self._mark(attempt, AttemptState.SENT)
            self._outbox.reached("after-sent-mark")

    def _read_receipts(self) -> list[Attempt]:
        with self._outbox.reading() as connection:
            open_attempts = TransactionBook(connection).in_states(
                AttemptState.SENT, AttemptState.MINED
            )
        final: list[Attempt] = []
        failed: Attempt | None = None
        for attempt in open_attempts:
            now = self._observe(attempt)
            if now is AttemptState.FINAL:
                final.append(self._attempt(attempt.intent))
            elif now is AttemptState.FAILED:
                failed = attempt
        if failed is not None:
            raise TransactionFailed(failed.intent, failed.tx_hash)
        return final

    def _observe(self, attempt: Attempt) -> AttemptState:
        """Move one attempt as far as the chain says it is."""
        head = self._wire.head()
        receipt = self._wire.receipt(attempt.tx_hash)
        if receipt is None:
            return self._missing(attempt, head)
        block = receipt.block
        if attempt.state is AttemptState.SENT or attempt.block_hash != block.hash:
            self._outbox.reached("receipt-before-mark")
            self._mark(attempt, AttemptState.MINED, block)
            self._outbox.reached("after-mined-mark")
        deep_enough = head.number - block.number >= self._final_depth
        if not deep_enough or self._wire.block_hash(block.number) != block.hash:
            return AttemptState.MINED
        state = AttemptState.FINAL if receipt.status == 1 else AttemptState.FAILED
        self._outbox.reached("before-final-mark")
        self._mark(attempt, state, block)
        self._outbox.reached("after-final-mark")
        return state

    def _missing(self, attempt: Attempt, head: BlockPin) -> AttemptState:
        """No receipt: still waiting, lost from the pool, or displaced by a foreign transaction."""
        # A node may count a transaction of its newest block a moment before it has the receipt, so
        # the count is read below the head: what is counted there has a receipt, or is foreign.
        deep = max(head.number - max(self._final_depth, DISPLACED_DEPTH_MIN), 0)
        if self._wire.transaction_count(attempt.sender, deep) > attempt.nonce:
            log.warning("foreign transaction took a nonce", extra={"intent": attempt.intent})
            self._mark(attempt, AttemptState.DISPLACED)
            return AttemptState.DISPLACED
        # Sending the same bytes again is harmless, and needed when a reorganisation dropped them.
        self._mark(attempt, AttemptState.SIGNED)
        return AttemptState.SIGNED

    def _mark(self, attempt: Attempt, state: AttemptState, block: BlockPin | None = None) -> None:
        number, block_hash = (block.number, block.hash) if block else (None, None)
        with self._outbox.writing() as connection:
            TransactionBook(connection).mark(attempt.tx_hash, state, number, block_hash)

    def _attempt(self, intent: str) -> Attempt:
        with self._outbox.reading() as connection:
            found = TransactionBook(connection).of_intent(intent)
        if found is None:
            raise LookupError(intent)
        return found
