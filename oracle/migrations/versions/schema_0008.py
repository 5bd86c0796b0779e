"""Signatures of direct reports tell their licence: an epoch waits for those alone that count under
a licence of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """`direct_signature.licence_id`; 0, which is no licence, where it was not kept."""
    with op.batch_alter_table("direct_signature") as table:
        licence = sa.Column("licence_id", sa.BigInteger, nullable=False, server_default="0")
        table.add_column(licence)
