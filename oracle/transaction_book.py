"""Rows of the outbox about transactions: every SQL statement on `tx`, `attempt` and `relay_key`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from chain.client.blocks import BlockPin
from chain.client.sending import Fees
from chain.ledger.identifiers import Address


class AttemptState(StrEnum):
    """How far one signed transaction is."""

    SIGNED = "SIGNED"
    """Stored; a node may or may not have it."""
    SENT = "SENT"
    """A node took it, or said that it has it or another one of its nonce."""
    STUCK = "STUCK"
    """Not mined for long, and the cap allows no dearer one: held, and sent again."""
    MINED = "MINED"
    """In a block."""
    REORGED = "REORGED"
    """It was in a block that is gone; the same bytes are sent again."""
    FINAL = "FINAL"
    """In a block that is deep enough and still canonical."""
    FAILED = "FAILED"
    """Final, and it reverted: the intent may be tried anew."""
    REPLACED = "REPLACED"
    """Another attempt at its nonce is final."""
    DISPLACED = "DISPLACED"
    """Somebody else's transaction took its nonce for good: signed again under another."""


GIVEN_UP: Final = frozenset({AttemptState.FAILED, AttemptState.DISPLACED})
"""An intent whose attempt ended so may be signed again."""
UNSENT: Final = frozenset({AttemptState.SIGNED, AttemptState.REORGED})
"""Attempts that no node may have."""
OPEN: Final = UNSENT | {AttemptState.SENT, AttemptState.STUCK, AttemptState.MINED}
"""Attempts of which something is still to be seen."""


@dataclass(frozen=True)
class Attempt:
    """One signed transaction for an intent. `since` (when it began to wait) and
    `sent_at` are heights of the chain."""

    tx_id: int
    intent: str
    sender: Address
    nonce: int
    target: Address
    data: bytes
    gas_limit: int
    tx_hash: bytes
    number: int
    raw: bytes
    state: AttemptState
    max_fee_wei: int
    tip_wei: int
    since: int
    sent_at: int | None
    block_number: int | None
    block_hash: bytes | None

    @property
    def fees(self) -> Fees:
        """What it offers."""
        return Fees(self.max_fee_wei, self.tip_wei)


@dataclass(frozen=True)
class NewTransaction:
    """What is to be signed under one nonce of one key."""

    intent: str
    sender: Address
    nonce: int
    target: Address
    data: bytes
    gas_limit: int


_IS_OPEN: Final = "live = 1 AND state IN ({})".format(
    ", ".join(f"'{state}'" for state in sorted(OPEN))
)
_COUNT_OPEN: Final = (
    "SELECT COUNT(DISTINCT tx.id) FROM tx JOIN attempt ON attempt.tx_id = tx.id WHERE " + _IS_OPEN  # noqa: S608 (our own words)
)
_SELECT = """
    SELECT tx.id AS tx_id, intent, sender, nonce, target, data, gas_limit, tx_hash, number, raw,
           state, max_fee_wei, tip_wei, since, sent_at, block_number, block_hash
    FROM tx JOIN attempt ON attempt.tx_id = tx.id
"""
# What stands for an intent: its live transaction, and of that the attempt that got furthest.
_BEST_FIRST = """
    ORDER BY live DESC, CASE state WHEN 'FINAL' THEN 0 WHEN 'MINED' THEN 1 WHEN 'FAILED' THEN 3
             WHEN 'REPLACED' THEN 4 ELSE 2 END, tx.id DESC, number DESC LIMIT 1
"""


class TransactionBook:
    """What is to be sent, in one transaction of the outbox."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of_intent(self, intent: str) -> Attempt | None:
        """The attempt that stands for an intent."""
        found = self._select("WHERE intent = :intent" + _BEST_FIRST, intent=intent)
        return found[0] if found else None

    def open(self) -> list[tuple[Attempt, ...]]:
        """Every transaction that is not decided yet, with all its attempts, the newest last; in
        order of nonce."""
        found = self._select("WHERE " + _IS_OPEN + " ORDER BY sender, nonce, number")
        return [tuple(group) for _, group in groupby(found, key=lambda attempt: attempt.tx_id)]

    def open_count(self, sender: Address) -> int:
        """How many transactions of a key are not decided yet."""
        return int(
            self._scalar(
                _COUNT_OPEN + " AND sender = :sender",
                sender=sender,
            )
        )

    def highest_nonce(self, sender: Address) -> int | None:
        """The last nonce of a key that a row has."""
        highest: int | None = self._scalar(
            "SELECT MAX(nonce) FROM tx WHERE sender = :sender", sender=sender
        )
        return highest

    def has_nonce(self, sender: Address, nonce: int) -> bool:
        """Whether a row has this nonce of a key."""
        statement = "SELECT 1 FROM tx WHERE sender = :sender AND nonce = :nonce"
        return self._scalar(statement, sender=sender, nonce=nonce) is not None

    def insert(self, new: NewTransaction) -> int:
        """A new row of `tx`; its id."""
        return int(
            self._scalar(
                "INSERT INTO tx (intent, sender, nonce, target, data, gas_limit) VALUES "
                "(:intent, :sender, :nonce, :target, :data, :gas_limit) RETURNING id",
                **vars(new),
            )
        )

    def insert_attempt(
        self, tx_id: int, tx_hash: bytes, raw: bytes, fees: Fees, since: int
    ) -> None:
        """The signed bytes, before any node has seen them."""
        self._execute(
            "INSERT INTO attempt (tx_hash, tx_id, number, raw, state, max_fee_wei, tip_wei, "
            "since) VALUES (:tx_hash, :tx_id, (SELECT COALESCE(MAX(number), 0) + 1 "
            "FROM attempt WHERE tx_id = :tx_id), :raw, 'SIGNED', :fee, :tip, :since)",
            tx_hash=tx_hash,
            tx_id=tx_id,
            raw=raw,
            fee=fees.max_fee_wei,
            tip=fees.tip_wei,
            since=since,
        )

    def mark(self, tx_hash: bytes, state: AttemptState, block: BlockPin | None = None) -> None:
        """Move an attempt on (or back, when its block is gone)."""
        self._execute(
            "UPDATE attempt SET state = :state, block_number = :number, block_hash = :hash "
            "WHERE tx_hash = :tx_hash",
            state=str(state),
            number=None if block is None else block.number,
            hash=None if block is None else block.hash,
            tx_hash=tx_hash,
        )

    def mark_reorged(self, tx_hash: bytes, height: int) -> None:
        """Its block is gone: it waits again, from that height on."""
        self.mark(tx_hash, AttemptState.REORGED)
        self._execute(
            "UPDATE attempt SET since = :height WHERE tx_hash = :tx_hash",
            height=height,
            tx_hash=tx_hash,
        )

    def mark_sent(self, tx_hash: bytes, height: int, *, stuck: bool) -> None:
        """A node was given an attempt at that height; from the first time on it waits."""
        state = AttemptState.STUCK if stuck else AttemptState.SENT
        self._execute(
            "UPDATE attempt SET state = :state, sent_at = :height, since = CASE WHEN sent_at IS "
            "NULL THEN :height ELSE since END WHERE tx_hash = :tx_hash",
            state=str(state),
            height=height,
            tx_hash=tx_hash,
        )

    def settle(self, mined: Attempt, state: AttemptState, block: BlockPin) -> None:
        """One attempt is FINAL or FAILED for good; its siblings are replaced."""
        self._execute(
            "UPDATE attempt SET state = 'REPLACED', block_number = NULL, block_hash = NULL "
            "WHERE tx_id = :tx_id AND tx_hash <> :tx_hash AND state NOT IN ('FAILED', 'DISPLACED')",
            tx_id=mined.tx_id,
            tx_hash=mined.tx_hash,
        )
        self.mark(mined.tx_hash, state, block)
        if state in GIVEN_UP:
            self._give_up(mined.tx_id)

    def displace(self, attempts: Iterable[Attempt]) -> None:
        """Another transaction spent the nonce of all these."""
        for attempt in attempts:
            self.mark(attempt.tx_hash, AttemptState.DISPLACED)
            self._give_up(attempt.tx_id)

    def counts(self) -> dict[str, int]:
        """How many attempts are in each state."""
        rows = self._connection.execute(
            sa.text("SELECT state, COUNT(*) AS n FROM attempt GROUP BY state ORDER BY state")
        )
        return {row.state: row.n for row in rows}

    # keys

    def meet(self, sender: Address, on_chain: int) -> int:
        """The nonces of a key below this one were spent before the outbox knew it. `on_chain` is
        the chain's count, for a key that it did not know."""
        self._execute(
            "INSERT INTO relay_key (address, floor) VALUES (:sender, :floor) "
            "ON CONFLICT (address) DO NOTHING",
            sender=sender,
            floor=on_chain,
        )
        return int(
            self._scalar("SELECT floor FROM relay_key WHERE address = :sender", sender=sender)
        )

    def pauses(self) -> dict[Address, str]:
        """Keys that may not send, and why."""
        rows = self._connection.execute(
            sa.text(
                "SELECT address, paused FROM relay_key WHERE paused IS NOT NULL ORDER BY address"
            )
        )
        return {Address(row.address): row.paused for row in rows}

    def pause(self, sender: Address, reason: str) -> None:
        """Stop a key until somebody resumes it; the first reason stands."""
        self._execute(
            "INSERT INTO relay_key (address, floor, paused) VALUES (:sender, 0, :reason) "
            "ON CONFLICT (address) DO UPDATE SET paused = COALESCE(relay_key.paused, :reason)",
            sender=sender,
            reason=reason,
        )

    def resume(self, sender: Address, on_chain: int) -> None:
        """Let a key go on, after every nonce that the chain counts now."""
        self._execute(
            "UPDATE relay_key SET paused = NULL, floor = :floor WHERE address = :sender",
            sender=sender,
            floor=on_chain,
        )

    def _give_up(self, tx_id: int) -> None:
        self._execute("UPDATE tx SET live = 0 WHERE id = :tx_id", tx_id=tx_id)

    def _select(self, where: str, **values: Any) -> list[Attempt]:
        rows = self._connection.execute(sa.text(_SELECT + where), values).mappings()
        return [Attempt(**{**row, "state": AttemptState(row["state"])}) for row in rows]

    def _scalar(self, statement: str, **values: Any) -> Any:
        return self._connection.execute(sa.text(statement), values).scalar()

    def _execute(self, statement: str, **values: Any) -> None:
        self._connection.execute(sa.text(statement), values)
