"""The order in which papers came, as a column, and the worker's lease.

SQLite's hidden row number was the order before; PostgreSQL has none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

IN_ORDER = ("generation_log", "segment")


def upgrade() -> None:
    """`position` of logs and segments; the lease."""
    for table in IN_ORDER:
        op.add_column(
            table, sa.Column("position", sa.BigInteger, nullable=False, server_default="0")
        )
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"UPDATE {table} SET position = rowid")  # noqa: S608 (names from above)
        op.create_index(f"{table}_by_position", table, ["position"])
    # One row. `token` grows with every worker: what an earlier one still wants to write is refused.
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    op.execute("INSERT INTO lease (id, holder, token, expires_at) VALUES (1, '', 0, 0)")
