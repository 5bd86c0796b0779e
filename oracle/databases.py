"""Engines for the outbox: SQLite and PostgreSQL, made to behave alike.

What writes has the write lock from its first statement, so that nothing read in it can be stale
when it is written. What reads sees one state of everything throughout, and waits for nobody.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

BUSY_TIMEOUT_SECONDS: Final = 30
# A process that stopped in the middle of a transaction does not keep the others waiting for ever.
IDLE_TIMEOUT_SECONDS: Final = 60
READ_ONLY: Final = "read_only"
AUTOCOMMIT: Final = "AUTOCOMMIT"
# Classes of advisory locks, the second key being the schema: outboxes may share a database.
WRITE_LOCK: Final = 0x616E7401
# One for each role of a worker, in succession.
WORKER_LOCK: Final = 0x616E7402
LOCK_OBJECT: Final = "hashtext(current_schema()::text)"


def url_of(place: Path | str) -> sa.URL:
    """A file's path, or the address of a database; plain `postgresql://` means psycopg 3.

    Raises sa.exc.ArgumentError for what is neither.
    """
    if isinstance(place, Path):
        return sa.URL.create("sqlite", database=str(place))
    url = sa.make_url(place)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def open_engine(url: sa.URL) -> sa.Engine:
    """An engine that begins every transaction as said above."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    return _postgresql(url)


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not open transactions by itself: BEGIN is ours, see below.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if _reads(connection) else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    limits = {"connect_timeout": BUSY_TIMEOUT_SECONDS}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=limits)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")
        idle = f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_SECONDS}s'"
        connection.execute(idle)
        connection.commit()

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == AUTOCOMMIT:
            return
        if _reads(connection):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK}, {LOCK_OBJECT})")

    return engine


def _reads(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get(READ_ONLY, False))
