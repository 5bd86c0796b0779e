"""Operators' memory of the single uses they signed: while one may still be posted, its signer keeps
from signing epochs that do not know of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Signatures of direct reports."""
    op.create_table(
        "direct_signature",
        sa.Column("report_hash", sa.LargeBinary, primary_key=True),
        sa.Column("operator", sa.Text, primary_key=True),
        sa.Column("event_id", sa.LargeBinary, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_index("direct_signature_by_deadline", "direct_signature", ["deadline"])
