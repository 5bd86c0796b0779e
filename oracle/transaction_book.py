"""Rows of the outbox about transactions: every SQL statement on `tx` and `attempt`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from chain.ledger.identifiers import Address


class AttemptState(StrEnum):
    """How far one signed transaction is."""

    SIGNED = "SIGNED"
    """Stored; a node may or may not have it."""
    SENT = "SENT"
    """A node took it."""
    MINED = "MINED"
    """In a block."""
    FINAL = "FINAL"
    """In a block that is deep enough and still canonical."""
    FAILED = "FAILED"
    """Final, and it reverted: the intent may be tried anew."""
    DISPLACED = "DISPLACED"
    """Somebody else's transaction took its nonce for good: signed again under another."""


GIVEN_UP: Final = frozenset({AttemptState.FAILED, AttemptState.DISPLACED})
"""An intent whose attempt ended so may be signed again."""


@dataclass(frozen=True)
class Attempt:
    """One intent with its latest signed bytes."""

    tx_id: int
    intent: str
    sender: Address
    nonce: int
    target: Address
    data: bytes
    gas_limit: int
    tx_hash: bytes
    raw: bytes
    state: AttemptState
    block_number: int | None
    block_hash: bytes | None


_SELECT = """
    SELECT tx.id AS tx_id, intent, sender, nonce, target, data, gas_limit,
           tx_hash, raw, state, block_number, block_hash
    FROM tx JOIN attempt ON attempt.tx_id = tx.id
"""


class TransactionBook:
    """What is to be sent, in one transaction of the outbox."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of_intent(self, intent: str) -> Attempt | None:
        """The latest attempt at an intent."""
        found = self._select(
            "WHERE intent = :intent ORDER BY state IN ('FAILED', 'DISPLACED')", intent=intent
        )
        return found[0] if found else None

    def of_hash(self, tx_hash: bytes) -> Attempt | None:
        """The attempt with this transaction hash."""
        found = self._select("WHERE tx_hash = :tx_hash", tx_hash=tx_hash)
        return found[0] if found else None

    def in_states(self, *states: AttemptState) -> list[Attempt]:
        """Attempts in any of the states, in order of nonce."""
        names = ", ".join(f"'{state}'" for state in states)
        return self._select(f"WHERE state IN ({names}) ORDER BY sender, nonce")

    def next_nonce(self, sender: Address, on_chain: int) -> int:
        """The nonce after the highest row's, or the chain's count when that is further."""
        highest = self._connection.execute(
            sa.text("SELECT MAX(nonce) FROM tx WHERE sender = :sender"), {"sender": sender}
        ).scalar()
        return on_chain if highest is None else max(highest + 1, on_chain)

    def insert_intent(
        self, intent: str, sender: Address, nonce: int, target: Address, data: bytes, gas: int
    ) -> int:
        """A new row of `tx`; its id."""
        return int(
            self._connection.execute(
                sa.text(
                    "INSERT INTO tx (intent, sender, nonce, target, data, gas_limit) "
                    "VALUES (:intent, :sender, :nonce, :target, :data, :gas) RETURNING id"
                ),
                {
                    "intent": intent,
                    "sender": sender,
                    "nonce": nonce,
                    "target": target,
                    "data": data,
                    "gas": gas,
                },
            ).scalar_one()
        )

    def renumber(self, tx_id: int, nonce: int, gas: int) -> None:
        """Give an intent whose transaction failed or was displaced another nonce."""
        self._execute(
            "UPDATE tx SET nonce = :nonce, gas_limit = :gas WHERE id = :tx_id",
            nonce=nonce,
            gas=gas,
            tx_id=tx_id,
        )

    def insert_attempt(self, tx_id: int, tx_hash: bytes, raw: bytes) -> None:
        """The signed bytes, before any node has seen them."""
        self._execute(
            "INSERT INTO attempt (tx_hash, tx_id, raw, state) "
            "VALUES (:tx_hash, :tx_id, :raw, 'SIGNED')",
            tx_hash=tx_hash,
            tx_id=tx_id,
            raw=raw,
        )

    def mark(
        self,
        tx_hash: bytes,
        state: AttemptState,
        block_number: int | None = None,
        block_hash: bytes | None = None,
    ) -> None:
        """Move an attempt on (or back to SIGNED, when its block is gone)."""
        self._execute(
            "UPDATE attempt SET state = :state, block_number = :number, block_hash = :hash "
            "WHERE tx_hash = :tx_hash",
            state=str(state),
            number=block_number,
            hash=block_hash,
            tx_hash=tx_hash,
        )

    def counts(self) -> dict[str, int]:
        """How many attempts are in each state."""
        rows = self._connection.execute(
            sa.text("SELECT state, COUNT(*) AS n FROM attempt GROUP BY state ORDER BY state")
        )
        return {row.state: row.n for row in rows}

    def _select(self, where: str, **values: Any) -> list[Attempt]:
        rows = self._connection.execute(sa.text(_SELECT + where), values).mappings()
        return [Attempt(**{**row, "state": AttemptState(row["state"])}) for row in rows]

    def _execute(self, statement: str, **values: Any) -> None:
        self._connection.execute(sa.text(statement), values)
