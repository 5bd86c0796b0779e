"""SQLite that has written what it says it has written: for registers that money follows."""

from __future__ import annotations

from sqlalchemy import Engine, event


def make_durable(engine: Engine) -> None:
    """Have every connection write ahead and reach the disk before a commit returns."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, record: object) -> None:  # noqa: ARG001
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()
