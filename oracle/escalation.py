"""Getting on with what waits too long: dearer transactions, and nonces that nothing holds."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from chain.client.blocks import BlockPin
from chain.client.errors import FeeTooHigh
from chain.client.sending import Fees
from chain.ledger.identifiers import Address
from oracle.fees import RelayPolicy, dearer_fees, is_dear_enough
from oracle.outbox import Outbox
from oracle.signing import Signing
from oracle.transaction_book import Attempt, AttemptState, NewTransaction, TransactionBook
from oracle.wire import Wire

log = logging.getLogger(__name__)

PLAIN_TRANSFER_GAS = 21_000
AT_THE_CAP = "what it offers is at the cap"


class Escalation:
    """Signs replacements and noops of keys that are not paused; sends nothing by itself.

    `alarms` is where it puts what a person should know of.
    """

    def __init__(
        self,
        outbox: Outbox,
        wire: Wire,
        signing: Signing,
        policy: RelayPolicy,
        alarms: list[str],
    ) -> None:
        self._outbox = outbox
        self._wire = wire
        self._signing = signing
        self._policy = policy
        self._alarms = alarms

    def offer_more(self, waiting: Sequence[Attempt], head: BlockPin) -> None:
        """A dearer transaction in the place of each that waited too long."""
        due = [a for a in waiting if head.number - a.since >= self._policy.bump_blocks]
        if not due:
            return
        asked, reason = self._asked_fees()
        for last in due:
            if asked is not None and is_dear_enough(last.fees, asked):
                continue
            dearer = None
            if asked is not None:
                dearer = dearer_fees(last.fees, asked, self._policy.fee_cap_wei)
            if dearer is None:
                self._hold(last, reason)
            else:
                self._replace(last, dearer, head)

    def fill_hole(self, sender: Address, first_open: Attempt, head: BlockPin) -> None:
        """A nonce that nothing holds keeps all after it waiting: spend it on nothing."""
        nonce = self._wire.transaction_count(sender, head.number)
        if nonce >= first_open.nonce:
            return
        with self._outbox.writing() as connection:
            book = TransactionBook(connection)
            held, floor = book.has_nonce(sender, nonce), book.meet(sender, nonce)
        if held or nonce < floor:
            self._alarms.append(
                f"{first_open.intent} waits, for the node counts only {nonce} transactions of "
                f"{sender}: it lags, or blocks that were final are gone; see which. If they are "
                "gone, stop, compare the outbox with the chain, then `python -m oracle resume`"
            )
            return
        asked, reason = self._asked_fees()
        if asked is None:
            self._alarms.append(f"nonce {nonce} of {sender} is held by nothing: {reason}")
            return
        new = NewTransaction(
            f"noop:{sender}:{nonce}", sender, nonce, sender, b"", PLAIN_TRANSFER_GAS
        )
        with self._outbox.writing() as connection:
            book = TransactionBook(connection)
            self._signing.store(book, book.insert(new), new, asked, head)
        log.warning("a nonce hole is filled", extra={"sender": sender, "nonce": nonce})
        self._outbox.reached("after-noop-commit")

    def _replace(self, last: Attempt, fees: Fees, head: BlockPin) -> None:
        new = NewTransaction(
            last.intent, last.sender, last.nonce, last.target, last.data, last.gas_limit
        )
        with self._outbox.writing() as connection:
            self._signing.store(TransactionBook(connection), last.tx_id, new, fees, head)
            self._outbox.reached("replacement-before-commit")
        self._outbox.reached("replacement-after-commit")

    def _hold(self, last: Attempt, reason: str) -> None:
        """The cap allows no dearer one: keep it, keep sending it, and say so."""
        if last.state is AttemptState.SENT:
            with self._outbox.writing() as connection:
                TransactionBook(connection).mark(last.tx_hash, AttemptState.STUCK)
            self._outbox.reached("after-stuck-mark")
        self._alarms.append(
            f"{last.intent} is stuck, not lost ({reason}): it goes on when fees fall, or raise "
            "ANTIPHON_FEE_CAP_GWEI"
        )

    def _asked_fees(self) -> tuple[Fees | None, str]:
        try:
            return self._wire.fees(), AT_THE_CAP
        except FeeTooHigh as spike:
            return None, str(spike)
