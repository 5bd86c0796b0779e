"""Several signed transactions for one nonce, and the keys that send.

A row of `tx` is one nonce of one key for good. An intent whose transaction failed or was displaced
gets another row; the one that stands for it is `live`. Of the attempts at a nonce, which differ in
their fees, one is mined.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

STATES = "SIGNED", "SENT", "STUCK", "MINED", "REORGED", "FINAL", "FAILED", "REPLACED", "DISPLACED"


def upgrade() -> None:
    """`tx` and `attempt` made anew, for SQLite changes no constraint in place; `relay_key`."""
    _make_anew()
    op.execute(
        "INSERT INTO tx_anew (id, intent, sender, nonce, target, data, gas_limit, live) "
        "SELECT id, intent, sender, nonce, target, data, gas_limit, CASE WHEN EXISTS (SELECT 1 "
        "FROM attempt a WHERE a.tx_id = tx.id AND a.state NOT IN ('FAILED', 'DISPLACED')) "
        "THEN 1 ELSE 0 END FROM tx"
    )
    # What was offered is only in the raw bytes: a replacement starts from what is asked by then.
    op.execute(
        "INSERT INTO attempt_anew (tx_hash, tx_id, number, raw, state, max_fee_wei, tip_wei, "
        "since, block_number, block_hash) SELECT tx_hash, tx_id, 1, raw, state, 0, 0, 0, "
        "block_number, block_hash FROM attempt"
    )
    op.drop_table("attempt")
    op.drop_table("tx")
    op.rename_table("tx_anew", "tx")
    op.rename_table("attempt_anew", "attempt")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('tx', 'id'), "
            "COALESCE((SELECT MAX(id) FROM tx), 0) + 1, false)"
        )
    _index("one_live_tx", "tx", "intent", "live = 1")
    _index("one_mined_attempt", "attempt", "tx_id", "state IN ('MINED', 'FINAL')")
    op.create_index("attempt_by_state", "attempt", ["state"])
    # `floor`: nonces below it were spent before the outbox knew the key. `paused`: why it may not
    # send, until somebody resumes it.
    op.create_table(
        "relay_key",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Text),
    )


def _make_anew() -> None:
    op.create_table(
        "tx_anew",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("gas_limit", sa.BigInteger, nullable=False),
        sa.Column("live", sa.Integer, nullable=False, server_default="1"),
        sa.UniqueConstraint("sender", "nonce"),
    )
    op.create_table(
        "attempt_anew",
        sa.Column("tx_hash", sa.LargeBinary, primary_key=True),
        sa.Column("tx_id", sa.Integer, sa.ForeignKey("tx_anew.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("max_fee_wei", sa.BigInteger, nullable=False),
        sa.Column("tip_wei", sa.BigInteger, nullable=False),
        # Heights of the chain: since when it waits, and when a node was last given it.
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("block_number", sa.BigInteger),
        sa.Column("block_hash", sa.LargeBinary),
        sa.CheckConstraint("state IN ({})".format(", ".join(f"'{s}'" for s in STATES))),
    )


def _index(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        [column],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )
