"""Usage events without a row for each: holdings of many, and rows for the refused ones alone."""

from __future__ import annotations

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """`holding` and `refused_event` in the place of `usage_event`."""
    # `ids`: 32 bytes an event, ascending; those of the segment that were new when it came.
    op.create_table(
        "holding",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("segment", sa.LargeBinary, sa.ForeignKey("segment.digest"), nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, sa.ForeignKey("epoch.number")),
        sa.CheckConstraint("state IN ('waiting', 'sealed', 'counted')"),
    )
    op.create_index("holding_by_segment", "holding", ["segment"])
    op.create_index("holding_by_epoch", "holding", ["epoch", "state"])
    # `epoch` is NULL where the event was refused with all others and nothing was reported.
    op.create_table(
        "refused_event",
        sa.Column("event_id", sa.LargeBinary, primary_key=True),
        sa.Column("holding", sa.BigInteger, sa.ForeignKey("holding.position"), nullable=False),
        sa.Column("epoch", sa.Integer, sa.ForeignKey("epoch.number")),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("refused_event_by_holding", "refused_event", ["holding"])
    op.create_index("refused_event_by_epoch", "refused_event", ["epoch"])
    _take_over()
    op.drop_table("usage_event")


def _take_over() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT u.segment, u.epoch, u.state, u.event_id, u.reason FROM usage_event u "
            "JOIN segment s ON s.digest = u.segment "
            "ORDER BY s.position, u.segment, COALESCE(u.epoch, 0), u.event_id"
        )
    ).all()
    groups = groupby(rows, key=lambda row: (row.segment, row.epoch))
    for position, ((segment, epoch), group) in enumerate(groups, start=1):
        events = list(group)
        alive = {event.state for event in events} - {"refused"}
        # A group shares its state; one that was refused as a whole waits for nothing more.
        state = alive.pop() if alive else "waiting" if epoch is None else "counted"
        connection.execute(
            sa.text(
                "INSERT INTO holding (position, segment, ids, count, state, epoch) "
                "VALUES (:position, :segment, :ids, :count, :state, :epoch)"
            ),
            {
                "position": position,
                "segment": segment,
                "ids": b"".join(bytes(event.event_id) for event in events),
                "count": len(events),
                "state": state,
                "epoch": epoch,
            },
        )
        refused = [
            {"id": event.event_id, "holding": position, "epoch": epoch, "reason": event.reason}
            for event in events
            if event.state == "refused"
        ]
        if refused:
            connection.execute(
                sa.text(
                    "INSERT INTO refused_event (event_id, holding, epoch, reason) "
                    "VALUES (:id, :holding, :epoch, COALESCE(:reason, ''))"
                ),
                refused,
            )
