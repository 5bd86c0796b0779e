"""The oracle's durable store: one SQL file, opened by one worker, migrated and never dropped.

Every change is one transaction that has the write lock from its first statement (BEGIN IMMEDIATE),
so that nothing read in it can be stale when it is written. Callers do all their network traffic
outside of transactions.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from oracle.errors import OutboxInUse, OutboxNotHeld, OutboxOfAnotherChain, OutboxTooNew

MIGRATIONS: Final = Path(__file__).parent / "migrations"
SCHEMA_KEY: Final = "schema"
BUSY_TIMEOUT_SECONDS: Final = 30

Reached = Callable[[str], None]
"""Called at named moments between two durable steps; a test ends the process there."""


def nowhere(_moment: str) -> None:
    """The `Reached` of every real run."""


class Outbox:
    """One outbox file. As its `worker`, this process holds it until `close` (or until it ends);
    any number of others may file into it and read it meanwhile.

    `identity` says which deployment it serves, e.g. chain id and contract addresses; a file begun
    for another one is refused. Raises OutboxInUse, OutboxTooNew, OutboxOfAnotherChain, OSError.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, str],
        *,
        worker: bool = True,
        reached: Reached = nowhere,
    ) -> None:
        self.reached = reached
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_beside(path) if worker else None
        try:
            self._engine = _engine(path)
            with self.writing() as connection:
                _migrate(connection)
                _check_identity(connection, identity)
        except BaseException:
            self._release()
            raise

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: committed on leaving, rolled back by any exception."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view that waits for no writer and holds none up."""
        with self._engine.connect() as connection:
            connection.execution_options(read_only=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let another worker have the file."""
        self._engine.dispose()
        self._release()

    def require_worker(self) -> None:
        """Raises OutboxNotHeld unless this process is the worker."""
        if self._lock is None:
            raise OutboxNotHeld(str(self.path))

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _lock_beside(path: Path) -> int:
    """Take the worker's lock. The kernel gives it back even when the process is killed."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OutboxInUse(str(path)) from error
    return descriptor


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not open transactions by itself: BEGIN is ours, see below.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _migrate(connection: sa.Connection) -> None:
    """Bring the schema up to date, all files or none. Raises OutboxTooNew."""
    files = sorted(MIGRATIONS.glob("[0-9]*.sql"))
    has_meta = sa.inspect(connection).has_table("meta")
    recorded = int(_meta(connection, SCHEMA_KEY) or 0) if has_meta else 0
    known = int(files[-1].name.split("_")[0])
    if recorded > known:
        raise OutboxTooNew(recorded, known)
    for file in files:
        number = int(file.name.split("_")[0])
        if number <= recorded:
            continue
        for statement in _statements(file.read_text()):
            connection.exec_driver_sql(statement)
        _set_meta(connection, SCHEMA_KEY, str(number))


def _statements(script: str) -> Iterator[str]:
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("--"))
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            yield statement


def _check_identity(connection: sa.Connection, identity: Mapping[str, str]) -> None:
    for key, found in identity.items():
        recorded = _meta(connection, f"identity.{key}")
        if recorded is None:
            _set_meta(connection, f"identity.{key}", found)
        elif recorded != found:
            raise OutboxOfAnotherChain(key, recorded, found)


def _meta(connection: sa.Connection, key: str) -> str | None:
    value: str | None = connection.execute(
        sa.text("SELECT value FROM meta WHERE key = :key"), {"key": key}
    ).scalar()
    return value


def _set_meta(connection: sa.Connection, key: str, value: str) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO meta (key, value) VALUES (:key, :value) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        ),
        {"key": key, "value": value},
    )
