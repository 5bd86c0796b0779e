"""Opening the index's database so that readers never wait and writers never collide half-way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from chain.indexer.errors import IndexUnusable

BUSY_MILLISECONDS: Final = 10_000
CACHE_KIBIBYTES: Final = 64 * 1024
CHECKPOINT_PAGES: Final = 8_000
_WRITES: Final = "antiphon_writes"


def open_database(url: str) -> Engine:
    """An engine for the index; makes the folder of an SQLite file. Raises IndexUnusable.

    SQLite runs in WAL mode, and what writes begins with BEGIN IMMEDIATE: a deferred transaction
    that turns into a writer fails at once with "database is locked", however long it may wait.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        return create_engine(target)
    if target.database and target.database != ":memory:":
        try:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexUnusable(str(error)) from error
    engine = create_engine(target)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
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


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late and is deferred; ours is in `_on_begin`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    # Room for what one batch changes: pages that do not fit are written twice.
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
