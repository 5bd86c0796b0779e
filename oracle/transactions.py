"""The way of a transaction: decided, signed and stored, sent, mined, final; or back again.

Exactly once rests on three things. An intent has one live transaction at most, so that nothing is
decided twice. The nonce is chosen, and the raw signed bytes are committed, in one transaction
before any byte goes to a socket, so that a killed process resends the same bytes. And what became
of them is read from the chain alone, never from what a node answered to the sending.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from chain.client.blocks import BlockPin
from chain.client.errors import RpcRefused
from chain.ledger.identifiers import Address
from oracle.errors import RelayPaused, TransactionFailed
from oracle.escalation import Escalation
from oracle.fees import RelayPolicy
from oracle.inclusion import Inclusion
from oracle.outbox import Outbox
from oracle.signing import Signing
from oracle.transaction_book import (
    GIVEN_UP,
    UNSENT,
    Attempt,
    AttemptState,
    NewTransaction,
    TransactionBook,
)
from oracle.wire import TransactionSigner, Wire

# What nodes say when they have the transaction, or its nonce is spent: the chain decides which.
ALREADY_TAKEN: Final = ("already known", "already imported", "nonce too low", "underpriced")


class TransactionLane:
    """Everything the relay's keys send. They must be nobody else's while this runs.

    `final_depth` blocks must lie on top of a block before what is in it counts as final.
    """

    def __init__(
        self,
        outbox: Outbox,
        wire: Wire,
        *signers: TransactionSigner,
        final_depth: int,
        policy: RelayPolicy | None = None,
    ) -> None:
        self._outbox = outbox
        self._wire = wire
        self._signing = Signing(outbox, wire, signers)
        self._policy = policy or RelayPolicy()
        self._alarms: list[str] = []
        self._inclusion = Inclusion(outbox, wire, final_depth, self._alarms)
        self._escalation = Escalation(outbox, wire, self._signing, self._policy, self._alarms)

    @property
    def alarms(self) -> tuple[str, ...]:
        """What the last `advance` found that a person should know of."""
        return tuple(dict.fromkeys(self._alarms))

    def decide(self, intent: str, target: Address, data: bytes) -> Attempt:
        """Sign and store the transaction for an intent, once; send nothing yet.

        An intent whose transaction failed or was displaced gets a new one. Raises ContractRefused,
        with nothing stored, when a dry run says it would revert; FeeTooHigh; RelayPaused when no
        key may send; RpcUnavailable.
        """
        with self._outbox.reading() as connection:
            found = TransactionBook(connection).of_intent(intent)
        if found and found.state not in GIVEN_UP:
            return found
        sender = self._freest_key()
        gas_limit = self._wire.dry_run(sender, target, data)
        fees, head = self._wire.fees(), self._wire.head()
        on_chain = self._wire.transaction_count(sender, head.number)
        with self._outbox.writing() as connection:
            book = TransactionBook(connection)
            floor, highest = book.meet(sender, on_chain), book.highest_nonce(sender)
            nonce = floor if highest is None else max(highest + 1, floor)
            new = NewTransaction(intent, sender, nonce, target, data, gas_limit)
            self._signing.store(book, book.insert(new), new, fees, head)
            self._outbox.reached("persist-before-commit")
        self._outbox.reached("persist-after-commit")
        with self._outbox.reading() as connection:
            decided = TransactionBook(connection).of_intent(intent)
        if decided is None:
            raise LookupError(intent)
        return decided

    def advance(self) -> list[Attempt]:
        """Send what is not sent, read what became of it, offer more for what waits too long; the
        attempts that are now final.

        Safe to call at any moment and any number of times. Raises RpcUnavailable, StaleNode; what
        was learnt before is kept. Raises TransactionFailed after storing that one reverted.
        """
        self._alarms.clear()
        head = self._wire.head()
        self._send_stored(head)
        settled = [
            done for attempts in self._open() if (done := self._inclusion.observe(attempts, head))
        ]
        for sender in self._signing.keys:
            self._inclusion.look_for_foreign(sender, head)
        # What was mined made room for others, which begin to wait only now.
        self._send_stored(head)
        self._escalate(head)
        for attempt in settled:
            if attempt.state is AttemptState.FAILED:
                raise TransactionFailed(attempt.intent, attempt.tx_hash)
        return settled

    def resume(self) -> tuple[Address, ...]:
        """Let paused keys send again, after everything the chain counts of theirs; which keys."""
        paused = self._pauses()
        head = self._wire.head()
        for sender in self._signing.keys:
            on_chain = self._wire.transaction_count(sender, head.number)
            with self._outbox.writing() as connection:
                TransactionBook(connection).resume(sender, on_chain)
        return tuple(sender for sender in self._signing.keys if sender in paused)

    def _freest_key(self) -> Address:
        paused = self._pauses()
        free = [sender for sender in self._signing.keys if sender not in paused]
        if not free:
            raise RelayPaused(tuple(paused.values()))
        with self._outbox.reading() as connection:
            return min(free, key=TransactionBook(connection).open_count)

    def _escalate(self, head: BlockPin) -> None:
        paused = self._pauses()
        self._alarms += [f"{why}. Next: `python -m oracle resume`" for why in paused.values()]
        for sender, waiting in self._waiting():
            if sender in self._signing.keys and sender not in paused:
                self._escalation.fill_hole(sender, waiting[0][-1], head)
                in_flight = waiting[: self._policy.in_flight_max]
                self._escalation.offer_more([attempts[-1] for attempts in in_flight], head)
        self._send_stored(head)

    def _send_stored(self, head: BlockPin) -> None:
        """Hand over what a node may not have: new bytes at once, what waits once a block."""
        paused = self._pauses()
        for sender, waiting in self._waiting():
            if sender in paused:
                continue
            for attempts in waiting[: self._policy.in_flight_max]:
                newest = attempts[-1]
                for attempt in attempts:
                    again = attempt is newest and (attempt.sent_at or 0) < head.number
                    if attempt.state in UNSENT or again:
                        self._send(attempt, head)

    def _send(self, attempt: Attempt, head: BlockPin) -> None:
        self._outbox.reached("before-broadcast")
        try:
            self._wire.send_raw(attempt.raw)
        except RpcRefused as refusal:
            if not any(words in str(refusal).lower() for words in ALREADY_TAKEN):
                self._alarms.append(
                    f"{attempt.intent}: {refusal}; it is kept and sent again: see that "
                    f"{attempt.sender} has coins for gas, and what fees are asked"
                )
                return
        self._outbox.reached("after-broadcast")
        with self._outbox.writing() as connection:
            stuck = attempt.state is AttemptState.STUCK
            TransactionBook(connection).mark_sent(attempt.tx_hash, head.number, stuck=stuck)
        self._outbox.reached("after-sent-mark")

    def _waiting(self) -> list[tuple[Address, list[tuple[Attempt, ...]]]]:
        """Transactions in no block, in order of nonce, by key."""
        waiting = [t for t in self._open() if all(a.state is not AttemptState.MINED for a in t)]
        return [
            (sender, list(group)) for sender, group in groupby(waiting, key=lambda t: t[0].sender)
        ]

    def _open(self) -> Sequence[tuple[Attempt, ...]]:
        with self._outbox.reading() as connection:
            return TransactionBook(connection).open()

    def _pauses(self) -> dict[Address, str]:
        with self._outbox.reading() as connection:
            return TransactionBook(connection).pauses()
