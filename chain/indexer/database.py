"""Opening the index's database so that readers never wait and writers never collide half-way.

SQLite runs in WAL mode, and what writes begins with BEGIN IMMEDIATE: a deferred transaction that
turns into a writer fails at once with "database is locked", however long it may wait. In PostgreSQL
the tables have a schema of their own, a reader sees one state throughout, and writers take turns by
an advisory lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from chain.indexer.errors import IndexUnusable

BUSY_MILLISECONDS: Final = 10_000
# Room for what one batch changes: pages that do not fit are written twice.
CACHE_KIBIBYTES: Final = 64 * 1024
# Events come in order and are read in stretches: larger pages are fewer to keep sorted. Only a new
# file takes it; 2,000 of them are 32 MB of log.
PAGE_BYTES: Final = 16_384
CHECKPOINT_PAGES: Final = 2_000
SCHEMA: Final = "antiphon_index"
_WRITES: Final = "antiphon_writes"


def open_database(url: str) -> Engine:
    """An engine for the index; makes the folder of an SQLite file. Raises IndexUnusable.

    `postgresql://` addresses are for psycopg 3. Their tables are in the schema SCHEMA, or in the
    one that the address names as `search_path` in its options, which has to be there.
    """
    target = make_url(url)
    if target.get_backend_name() == "postgresql":
        return _open_postgresql(target.set(drivername="postgresql+psycopg"))
    if target.database and target.database != ":memory:":
        try:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexUnusable(str(error)) from error
    engine = create_engine(target)
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: commits at the end, rolls back on an exception.

    Raises IndexUnusable when the database refuses.
    """
    with reading(engine.execution_options(**{_WRITES: True})) as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the index throughout. Raises IndexUnusable."""
    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise IndexUnusable(str(error.orig)) from error
    except psycopg.Error as error:
        raise IndexUnusable(str(error)) from error


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late and is deferred; ours is in `_on_sqlite_begin`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size={PAGE_BYTES}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(target: Any) -> Engine:
    engine = create_engine(target)
    if "options" not in target.query:
        # Before SQLAlchemy itself asks which schema is the present one.
        event.listen(engine, "connect", _on_postgresql_connect, insert=True)
    event.listen(engine, "begin", _on_postgresql_begin)
    return engine


def _on_postgresql_connect(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        cursor.execute(f"SET search_path TO {SCHEMA}")
    connection.commit()


def _on_postgresql_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_MILLISECONDS}")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(current_schema()))")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
