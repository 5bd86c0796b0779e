"""Bringing an outbox's tables up to date, and refusing those of a later program.

`meta.schema` repeats the number of the newest step, for programs from before alembic read that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from oracle.errors import OutboxTooNew, OutboxTooOld

MIGRATIONS: Final = Path(__file__).parent / "migrations"
SCHEMA_KEY: Final = "schema"
# The last schema that plain SQL files made; its tables are alembic's first step.
TAKEN_OVER: Final = 2


def migrate(connection: sa.Connection) -> None:
    """All missing steps, in the open transaction. Raises OutboxTooNew, OutboxTooOld."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    known = int(str(ScriptDirectory.from_config(config).get_current_head()))
    recorded = _recorded(connection)
    if recorded > known:
        raise OutboxTooNew(recorded, known)
    if recorded == known:
        return
    if 0 < recorded < TAKEN_OVER:
        raise OutboxTooOld(recorded, TAKEN_OVER)
    if recorded == TAKEN_OVER and not sa.inspect(connection).has_table("alembic_version"):
        command.stamp(config, _revision(TAKEN_OVER))
    command.upgrade(config, "head")
    set_meta(connection, SCHEMA_KEY, str(known))


def meta(connection: sa.Connection, key: str) -> str | None:
    """One of the outbox's notes about itself."""
    value: str | None = connection.execute(
        sa.text("SELECT value FROM meta WHERE key = :key"), {"key": key}
    ).scalar()
    return value


def set_meta(connection: sa.Connection, key: str, value: str) -> None:
    """Write a note, over the one before."""
    connection.execute(
        sa.text(
            "INSERT INTO meta (key, value) VALUES (:key, :value) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        ),
        {"key": key, "value": value},
    )


def _recorded(connection: sa.Connection) -> int:
    if not sa.inspect(connection).has_table("meta"):
        return 0
    return int(meta(connection, SCHEMA_KEY) or 0)


def _revision(number: int) -> str:
    return f"{number:04d}"
