"""Indexing anew beside the index that is in use, and taking its place in one transaction.

Readers see the old index until the moment they see the new one. A run that is interrupted leaves
the old one as it was, and the next run begins with an empty place beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from chain.indexer.database import open_database, writing
from chain.indexer.errors import IndexUnusable
from chain.indexer.follow import Follower, Progress

BESIDE: Final = "_reindex"


def reindex(engine: Engine, new_follower: Callable[[Engine], Follower]) -> Progress:
    """Build an index from zero and put it into the place of `engine`'s.

    Raises what `Follower.catch_up` raises; the old index is then as it was.
    """
    return (_in_sqlite if engine.dialect.name == "sqlite" else _in_postgresql)(engine, new_follower)


def _in_sqlite(engine: Engine, new_follower: Callable[[Engine], Follower]) -> Progress:
    assert engine.url.database is not None
    path = Path(engine.url.database + BESIDE)
    _remove(path)
    fresh = open_database(f"sqlite:///{path}")
    try:
        progress = new_follower(fresh).catch_up()
        fresh.dispose()
        with closing(engine.raw_connection()) as connection:
            _take_over(connection.driver_connection, path)
    except sqlite3.Error as error:
        raise IndexUnusable(str(error)) from error
    finally:
        fresh.dispose()
        _remove(path)
    return progress


def _take_over(connection: Any, path: Path) -> None:
    """Copy every table of another SQLite file in the place of ours."""
    connection.execute("ATTACH DATABASE ? AS fresh", (str(path),))
    try:
        connection.execute("BEGIN IMMEDIATE")
        for (name,) in _made_in(connection, "main", "table", "name"):
            connection.execute(f'DROP TABLE main."{name}"')
        for name, made in _made_in(connection, "fresh", "table", "name, sql"):
            connection.execute(made)
            connection.execute(f'INSERT INTO main."{name}" SELECT * FROM fresh."{name}"')  # noqa: S608 (our own words)
        for (made,) in _made_in(connection, "fresh", "index", "sql"):
            connection.execute(made)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("DETACH DATABASE fresh")


def _made_in(connection: Any, schema: str, kind: str, columns: str) -> list[tuple[str, ...]]:
    query = f"SELECT {columns} FROM {schema}.sqlite_master WHERE type = ? AND sql IS NOT NULL"  # noqa: S608 (our own words)
    found: list[tuple[str, ...]] = connection.execute(query, (kind,)).fetchall()
    return found


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _in_postgresql(engine: Engine, new_follower: Callable[[Engine], Follower]) -> Progress:
    with writing(engine) as connection:
        ours = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        beside = f"{ours}{BESIDE}"
        connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{beside}" CASCADE')
        connection.exec_driver_sql(f'CREATE SCHEMA "{beside}"')
    address = engine.url.update_query_dict({"options": f"-csearch_path={beside}"})
    fresh = open_database(address.render_as_string(hide_password=False))
    try:
        progress = new_follower(fresh).catch_up()
    finally:
        fresh.dispose()
    with writing(engine) as connection:
        connection.exec_driver_sql(f'DROP SCHEMA "{ours}" CASCADE')
        connection.exec_driver_sql(f'ALTER SCHEMA "{beside}" RENAME TO "{ours}"')
    return progress
