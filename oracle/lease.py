"""Who is the outbox's worker: one process at a time for each role, and none that only believes it
is. A process that is alone has both roles.

Beside the lease's row there is a sign of life that dies with the process: a file lock for SQLite,
a session's advisory lock for PostgreSQL. A worker that was killed is followed at once; one that
hangs is followed when its lease has run out, by the database's clock. Each worker has a token of
its own, and every transaction of a worker names it: one that was followed can write nothing more.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from oracle.databases import AUTOCOMMIT, LOCK_OBJECT, WORKER_LOCK
from oracle.errors import LeaseLost, OutboxInUse


class Role(StrEnum):
    """What a worker does. Filing needs none, nor does reading."""

    EPOCH = "epoch"
    """Seals epochs and collects signatures."""
    SUBMIT = "submit"
    """Sends and follows transactions: posts, activates, pushes, keeps the direct lane."""


@dataclass(frozen=True)
class Holding:
    """Who took a role last (`host:process`), and for how many seconds its lease goes on."""

    holder: str
    seconds: int

    @property
    def is_over(self) -> bool:
        """Whether the lease has run out, or its process is one of this machine's and has ended."""
        host, _, process = self.holder.rpartition(":")
        if self.seconds <= 0:
            return True
        return host == socket.gethostname() and not _runs(int(process))


# Longer than a step may wait for a node that does not answer.
LEASE_SECONDS: Final = 120
# What a process ends with when another has its role (sysexits.h: try again later).
HELD: Final = 75
WORKER_LOCKS: Final = {Role.EPOCH: WORKER_LOCK, Role.SUBMIT: WORKER_LOCK + 1}
LOCK_FILES: Final = {Role.EPOCH: ".lock", Role.SUBMIT: ".submit.lock"}
NOW: Final = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)",
}


class Lease:
    """A worker's claim on one role."""

    def __init__(
        self, engine: sa.Engine, place: str, role: Role, seconds: int = LEASE_SECONDS
    ) -> None:
        self.role = role
        self._engine = engine
        self._place = place
        self._seconds = seconds
        self._now = NOW[engine.dialect.name]
        self._token: int | None = None
        self._file: int | None = None
        self._session: sa.Connection | None = None
        self._alone = False
        self._renewed_at = 0.0

    @property
    def held(self) -> bool:
        """Whether it was taken, and neither let go nor lost."""
        return self._token is not None

    @property
    def is_due(self) -> bool:
        """Whether a third of its time has gone by since it was last confirmed."""
        return time.monotonic() - self._renewed_at > self._seconds / 3

    def claim_alone(self) -> None:
        """Take the sign of life. Raises OutboxInUse, on SQLite at once."""
        if self._engine.dialect.name == "sqlite":
            file = Path(str(self._engine.url.database))
            beside = file.with_name(file.name + LOCK_FILES[self.role])
            self._file = _lock_beside(beside, self._place)
        else:
            self._session = self._engine.connect()
            self._session.execution_options(isolation_level=AUTOCOMMIT)

    def take(self, connection: sa.Connection) -> None:
        """Become the worker, in a writing transaction. Raises OutboxInUse."""
        row = connection.execute(
            sa.text(
                f"SELECT token, expires_at > {self._now} AS live FROM lease WHERE role = :role"  # noqa: S608 (our own words)
            ),
            {"role": self.role},
        ).one()
        self._alone = self._is_alone()
        if not self._alone and row.live:
            raise OutboxInUse(self._place)
        self._token, self._renewed_at = int(row.token) + 1, time.monotonic()
        connection.execute(
            sa.text(
                "UPDATE lease SET holder = :holder, token = :token, "  # noqa: S608 (our own words)
                f"expires_at = {self._now} + :seconds WHERE role = :role"
            ),
            {
                "role": self.role,
                "holder": f"{socket.gethostname()}:{os.getpid()}",
                "token": self._token,
                "seconds": self._seconds,
            },
        )

    def renew(self, connection: sa.Connection) -> None:
        """Confirm it for another while, in a writing transaction. Raises LeaseLost."""
        changed = connection.execute(
            sa.text(
                f"UPDATE lease SET expires_at = {self._now} + :seconds "  # noqa: S608 (our own words)
                "WHERE role = :role AND token = :token"
            ),
            {"role": self.role, "seconds": self._seconds, "token": self._token},
        ).rowcount
        if changed != 1:
            self.release()
            raise LeaseLost(self._place)
        self._renewed_at = time.monotonic()
        # Whoever hung when this one took over may be gone by now.
        self._alone = self._alone or self._is_alone()

    def release(self) -> None:
        """Let another worker have it."""
        self._token = None
        if self._session is not None:
            # Closed for good, not given back to the pool: the lock goes with the session.
            self._session.invalidate()
            self._session.close()
            self._session = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _is_alone(self) -> bool:
        if self._session is None:
            return True
        taken = self._session.exec_driver_sql(
            f"SELECT pg_try_advisory_lock({WORKER_LOCKS[self.role]}, {LOCK_OBJECT})"
        ).scalar_one()
        return bool(taken)


def holdings(connection: sa.Connection) -> dict[Role, Holding]:
    """Who took each role last; roles that nobody ever took are left out."""
    now = NOW[connection.dialect.name]
    rows = connection.execute(
        sa.text(f"SELECT role, holder, expires_at - {now} AS seconds FROM lease WHERE token > 0")  # noqa: S608 (our own words)
    )
    return {Role(row.role): Holding(row.holder, int(row.seconds)) for row in rows}


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock_beside(path: Path, place: str) -> int:
    """Take a lock file. The kernel gives it back even when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OutboxInUse(place) from error
    return descriptor
