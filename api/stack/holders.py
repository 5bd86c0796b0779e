"""Which process has which role of an outbox, by the outbox's own account."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from oracle.databases import READ_ONLY, open_engine, url_of
from oracle.errors import OutboxUnavailable
from oracle.lease import Holding, Role, holdings


def holders(outbox: Path | str) -> dict[Role, Holding]:
    """Who took each role last; nobody where there is no outbox yet. Makes none.

    Raises OutboxUnavailable.
    """
    if isinstance(outbox, Path) and not outbox.exists():
        return {}
    engine = open_engine(url_of(outbox))
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            if not sa.inspect(connection).has_table("lease"):
                return {}
            return holdings(connection)
    except sa.exc.SQLAlchemyError as error:
        place = engine.url.render_as_string(hide_password=True)
        raise OutboxUnavailable(place, str(getattr(error, "orig", error)).strip()) from error
    finally:
        engine.dispose()


def holds(outbox: Path | str, roles: Sequence[Role]) -> Callable[[int], bool]:
    """Whether a process of this machine has all of some roles."""
    host = socket.gethostname()

    def has_them(process: int) -> bool:
        # Before there is a database that answers, nobody has: the process itself says which.
        with suppress(OutboxUnavailable):
            found = holders(outbox)
            return all(r in found and found[r].holder == f"{host}:{process}" for r in roles)
        return False

    return has_them


def told(held: Holding | None) -> str:
    """Who has a role, for people."""
    if held is None:
        return "nobody"
    host, _, process = held.holder.rpartition(":")
    who = f"process {process}" + ("" if host == socket.gethostname() else f" on {host}")
    if held.is_over:
        return f"nobody ({who} had it last)"
    return who
