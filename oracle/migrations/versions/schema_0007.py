"""A lease for each role of a worker: sealing and sending may be done by processes of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ROLES = ("epoch", "submit")


def upgrade() -> None:
    """`lease` with a row per role. A worker that still runs the program before finds no lease of
    its own any more, and writes nothing."""
    op.drop_table("lease")
    op.create_table(
        "lease",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    for role in ROLES:
        op.execute(
            "INSERT INTO lease (role, holder, token, expires_at) "  # noqa: S608 (names from above)
            f"VALUES ('{role}', '', 0, 0)"
        )
