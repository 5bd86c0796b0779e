"""Papers of epochs beside their rows: machines that share an outbox need share no folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Blocks by content id. Segments are not among them: they have a table of their own."""
    op.create_table(
        "paper",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("codec", sa.Integer, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
