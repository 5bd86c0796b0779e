"""Operators' signatures tell the licences of their epoch: a single use waits for those epochs alone
that count under its own. And what was asked of operators at addresses is kept before it is sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """`signature.licences`, numbers with spaces between; empty where they were not kept.
    `direct_request`, a row for each direct report that somebody may have signed."""
    with op.batch_alter_table("signature") as table:
        table.add_column(sa.Column("licences", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "direct_request",
        sa.Column("report_hash", sa.LargeBinary, primary_key=True),
        sa.Column("event_id", sa.LargeBinary, nullable=False),
        sa.Column("licence_id", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
    )
    op.create_index("direct_request_by_deadline", "direct_request", ["deadline"])
