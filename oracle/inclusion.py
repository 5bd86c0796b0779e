"""What became of a sent transaction, by what the chain shows and by nothing else.

Every step forward and every step back needs something shown: a receipt whose block is canonical,
another hash where a block was, the very transaction that spent a nonce. What a node could not or
would not show (no receipt, no block, a height that it has not reached) decides nothing: it is asked
again, and said when it goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from chain.client.blocks import BlockPin, Receipt
from chain.ledger.identifiers import Address
from oracle.outbox import Outbox
from oracle.transaction_book import Attempt, AttemptState, TransactionBook
from oracle.wire import Wire

log = logging.getLogger(__name__)

# How far below the head a foreign transaction must lie before ours is given up.
DISPLACED_DEPTH_MIN: Final = 1


class Inclusion:
    """Follows attempts into blocks, and out of them. `alarms` is where it puts what a person should
    know of."""

    def __init__(self, outbox: Outbox, wire: Wire, final_depth: int, alarms: list[str]) -> None:
        self._outbox = outbox
        self._wire = wire
        self._final_depth = final_depth
        self._alarms = alarms

    def observe(self, attempts: Sequence[Attempt], head: BlockPin) -> Attempt | None:
        """Look after one nonce's attempts; the one that is now FINAL or FAILED, if any is."""
        for attempt in attempts:
            receipt = self._wire.receipt(attempt.tx_hash)
            if receipt is None or receipt.tx_hash != attempt.tx_hash:
                continue
            # A node that answers from two branches, or lags in one index, shows it here.
            if self._wire.block_hash(receipt.block.number) == receipt.block.hash:
                return self._found(attempt, attempts, receipt, head)
        self._missing(attempts, head)
        return None

    def look_for_foreign(self, sender: Address, head: BlockPin) -> None:
        """Pause a key by which somebody else sends: the chain counts more than there are rows."""
        deep = self._deep(head)
        with self._outbox.reading() as connection:
            highest = TransactionBook(connection).highest_nonce(sender)
        if highest is None:
            return
        count = self._wire.transaction_count(sender, deep)
        with self._outbox.writing() as connection:
            expected = max(highest + 1, TransactionBook(connection).meet(sender, count))
        if count <= expected:
            return
        foreign = self._wire.transaction_with(sender, expected, deep)
        if foreign is not None:
            self._pause(sender, expected, foreign, displaced=())

    def _found(
        self, mined: Attempt, attempts: Sequence[Attempt], receipt: Receipt, head: BlockPin
    ) -> Attempt | None:
        block = receipt.block
        if mined.state is not AttemptState.MINED or mined.block_hash != block.hash:
            self._outbox.reached("receipt-before-mark")
            with self._outbox.writing() as connection:
                book = TransactionBook(connection)
                for other in attempts:
                    if other.state is AttemptState.MINED and other.tx_hash != mined.tx_hash:
                        book.mark_reorged(other.tx_hash, head.number)
                book.mark(mined.tx_hash, AttemptState.MINED, block)
            self._outbox.reached("after-mined-mark")
        if head.number - block.number < self._final_depth:
            return None
        if not self._wire.agreed(receipt):
            self._alarms.append(
                f"{mined.intent}: the nodes do not agree on transaction 0x{mined.tx_hash.hex()}; "
                "nothing is final before they do: see which of them is wrong"
            )
            return None
        state = AttemptState.FINAL if receipt.status == 1 else AttemptState.FAILED
        self._outbox.reached("before-final-mark")
        with self._outbox.writing() as connection:
            book = TransactionBook(connection)
            book.settle(mined, state, block)
            settled = book.of_intent(mined.intent)
        self._outbox.reached("after-final-mark")
        return settled

    def _missing(self, attempts: Sequence[Attempt], head: BlockPin) -> None:
        """No receipt: still waiting, thrown out of its block, or displaced by a foreign one."""
        for attempt in attempts:
            if attempt.state is AttemptState.MINED and self._is_gone(attempt):
                with self._outbox.writing() as connection:
                    TransactionBook(connection).mark_reorged(attempt.tx_hash, head.number)
                log.info("a block is gone", extra={"intent": attempt.intent})
                self._outbox.reached("after-reorged-mark")
        # A node may count a transaction of its newest block a moment before it has the receipt, so
        # the count is read below the head.
        first, deep = attempts[0], self._deep(head)
        if self._wire.transaction_count(first.sender, deep) <= first.nonce:
            return
        taker = self._wire.transaction_with(first.sender, first.nonce, deep)
        if taker is None or taker in {attempt.tx_hash for attempt in attempts}:
            self._alarms.append(
                f"{first.intent}: the node counts nonce {first.nonce} of {first.sender} as spent, "
                "and shows no receipt: it is asked again; if this stays, use another node"
            )
            return
        self._pause(first.sender, first.nonce, taker, displaced=attempts)

    def _is_gone(self, attempt: Attempt) -> bool:
        assert attempt.block_number is not None  # noqa: S101 (a MINED attempt has its block)
        now = self._wire.block_hash(attempt.block_number)
        return now is not None and now != attempt.block_hash

    def _pause(
        self, sender: Address, nonce: int, foreign: bytes, displaced: Sequence[Attempt]
    ) -> None:
        """Something that is not in this outbox was sent with our key."""
        reason = (
            f"transaction 0x{foreign.hex()} spent nonce {nonce} of {sender} and is not ours: "
            "somebody else has the key, or this outbox was put back from an older copy"
        )
        with self._outbox.writing() as connection:
            book = TransactionBook(connection)
            book.displace(displaced)
            book.pause(sender, reason)
        log.error("relay key paused", extra={"sender": sender, "nonce": nonce})
        self._outbox.reached("after-pause")

    def _deep(self, head: BlockPin) -> int:
        return max(head.number - max(self._final_depth, DISPLACED_DEPTH_MIN), 0)
