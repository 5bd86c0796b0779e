"""The first schema that SQLite and PostgreSQL share: evidence, epochs, signatures, transactions.

Older SQLite files have exactly these tables already, made by statements of their own; they are
taken over as they are (see `oracle.schema`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None


def upgrade() -> None:
    """Tables as they were when alembic took over."""
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    _evidence()
    _epochs()
    _usage()
    _transactions()


def _evidence() -> None:
    # Generation ids and digests are 8 and 32 bytes, for SQL integers are signed. `open` marks
    # evidence that may still become usage events.
    op.create_table(
        "generation_log",
        sa.Column("log_id", sa.LargeBinary, primary_key=True),
        sa.Column("generation_id", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("open", sa.Integer, nullable=False, server_default="1"),
    )
    # One row per finding and operator: a second operator corroborates, the same one again changes
    # nothing.
    op.create_table(
        "detection",
        sa.Column("report_id", sa.LargeBinary, primary_key=True),
        sa.Column("operator", sa.Text, primary_key=True),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("generation_id", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("open", sa.Integer, nullable=False, server_default="1"),
    )
    op.create_index("detection_by_subject", "detection", ["subject", "day"])
    op.create_index("detection_by_generation", "detection", ["generation_id"])
    # Why evidence is not a usage event. Rewritten whenever the evidence is looked at again.
    op.create_table(
        "withheld",
        sa.Column("evidence", sa.LargeBinary, primary_key=True),
        sa.Column("licence_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _epochs() -> None:
    states = "'SEALED', 'ATTESTED', 'QUEUED', 'MINED', 'FINAL', 'REJECTED'"
    op.create_table(
        "epoch",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("report_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("evidence_cid", sa.Text, nullable=False),
        sa.Column("payouts_cid", sa.Text, nullable=False),
        sa.Column("pushed", sa.Integer, nullable=False, server_default="0"),
        sa.CheckConstraint("number >= 1"),
        sa.CheckConstraint(f"state IN ({states})"),
    )
    # Also an operator's own memory of what it signed: one report per epoch, operator and report
    # before (a rejected report is followed by another one after the same report).
    op.create_table(
        "signature",
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("previous_hash", sa.LargeBinary, primary_key=True),
        sa.Column("operator", sa.Text, primary_key=True),
        sa.Column("report_hash", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )


def _usage() -> None:
    # `epoch` is NULL while a segment waits for the next epoch.
    op.create_table(
        "segment",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("producer", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("epoch", sa.Integer, sa.ForeignKey("epoch.number")),
    )
    op.create_index("segment_by_epoch", "segment", ["epoch"])
    # The id is a hash of what the event says: it is here once, however often it is sent.
    op.create_table(
        "usage_event",
        sa.Column("event_id", sa.LargeBinary, primary_key=True),
        sa.Column("segment", sa.LargeBinary, sa.ForeignKey("segment.digest"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, sa.ForeignKey("epoch.number")),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint("state IN ('waiting', 'sealed', 'counted', 'refused')"),
    )
    op.create_index("usage_event_by_segment", "usage_event", ["segment"])
    op.create_index("usage_event_by_epoch", "usage_event", ["epoch", "state"])


def _transactions() -> None:
    op.create_table(
        "tx",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("intent", sa.Text, nullable=False, unique=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("gas_limit", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("sender", "nonce"),
    )
    states = "'SIGNED', 'SENT', 'MINED', 'FINAL', 'FAILED', 'DISPLACED'"
    op.create_table(
        "attempt",
        sa.Column("tx_hash", sa.LargeBinary, primary_key=True),
        sa.Column("tx_id", sa.Integer, sa.ForeignKey("tx.id"), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("block_number", sa.BigInteger),
        sa.Column("block_hash", sa.LargeBinary),
        sa.CheckConstraint(f"state IN ({states})"),
    )
    live = sa.text("state IN ('SIGNED', 'SENT', 'MINED', 'FINAL')")
    op.create_index(
        "one_live_attempt",
        "attempt",
        ["tx_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
