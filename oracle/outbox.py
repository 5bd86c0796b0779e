"""The oracle's durable store: one SQLite file or PostgreSQL database, with one worker, migrated and
never dropped.

Callers do all their network traffic outside of transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from oracle.databases import READ_ONLY, open_engine, url_of
from oracle.errors import OutboxNotHeld, OutboxOfAnotherChain, OutboxUnavailable
from oracle.held_events import HELD, HeldEvents, HeldNow
from oracle.lease import LEASE_SECONDS, Lease, Role
from oracle.schema import meta, migrate, set_meta

Reached = Callable[[str], None]
"""Called at named moments between two durable steps; a test ends the process there."""


# What a driver raises for a full disk, a server that is away, a session that was ended.
NOT_NOW: Final = (sa.exc.OperationalError, sa.exc.InternalError, sa.exc.InterfaceError)


def nowhere(_moment: str) -> None:
    """The `Reached` of every real run."""


class Outbox:
    """One outbox. This process holds the worker's `roles` until `close` (or until it ends); any
    number of others may file into it and read it meanwhile, with no role.

    `place` is an SQLite file's path or a database's address (`postgresql://…`). `identity` says
    which deployment it serves, e.g. chain id and contract addresses; an outbox begun for another
    one is refused. Raises OutboxInUse, OutboxTooNew, OutboxTooOld, OutboxOfAnotherChain,
    OutboxUnavailable, OSError, sa.exc.DatabaseError (the file is no database).
    """

    def __init__(
        self,
        place: Path | str,
        identity: Mapping[str, str],
        *,
        roles: Collection[Role] = tuple(Role),
        reached: Reached = nowhere,
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self.reached = reached
        url = url_of(place)
        self.place = url.database or "" if url.get_backend_name() == "sqlite" else str(url)
        self._engine = open_engine(url)
        self._held = HeldEvents()
        self._leases = [Lease(self._engine, self.place, role, lease_seconds) for role in roles]
        try:
            for lease in self._leases:
                lease.claim_alone()
            with self.writing() as connection:
                migrate(connection)
                _check_identity(connection, identity)
                for lease in self._leases:
                    lease.take(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: committed on leaving, rolled back by any exception.

        Raises LeaseLost when another worker took over from this one, OutboxUnavailable.
        """
        with self._told_plainly(), self._engine.begin() as connection:
            for lease in self._leases:
                if lease.held:
                    lease.renew(connection)
            yield self._seeing(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A view that waits for no writer and holds none up. Raises OutboxUnavailable."""
        with self._told_plainly(), self._engine.connect() as connection:
            connection.execution_options(**{READ_ONLY: True})
            with connection.begin():
                yield self._seeing(connection)

    @contextmanager
    def undone(self) -> Iterator[sa.Connection]:
        """One transaction that sees its own writes and is rolled back on leaving. Raises as
        `writing`."""
        with self._told_plainly(), self._engine.connect() as connection, connection.begin() as own:
            yield self._seeing(connection)
            own.rollback()

    def close(self) -> None:
        """Let another worker have it."""
        for lease in self._leases:
            lease.release()
        self._engine.dispose()

    def holds(self, role: Role) -> bool:
        """Whether this process is the worker in a role."""
        return any(lease.role is role and lease.held for lease in self._leases)

    def require(self, role: Role) -> None:
        """Raises OutboxNotHeld unless this process is the worker in a role."""
        if not self.holds(role):
            raise OutboxNotHeld(self.place, role)

    def keep_leases(self) -> None:
        """For a worker that has had nothing to write: say that it is there. Raises LeaseLost."""
        if any(lease.held and lease.is_due for lease in self._leases):
            with self.writing():
                pass

    def _seeing(self, connection: sa.Connection) -> sa.Connection:
        return connection.execution_options(**{HELD: HeldNow(self._held)})

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except NOT_NOW as error:
            raise OutboxUnavailable(self.place, str(error.orig).strip()) from error


def _check_identity(connection: sa.Connection, identity: Mapping[str, str]) -> None:
    for key, found in identity.items():
        recorded = meta(connection, f"identity.{key}")
        if recorded is None:
            set_meta(connection, f"identity.{key}", found)
        elif recorded != found:
            raise OutboxOfAnotherChain(key, recorded, found)
