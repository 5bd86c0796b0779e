"""How many rows become part of a transaction at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

PLACEHOLDERS: dict[str, str] = {"qmark": "?", "format": "%s", "pyformat": "%s"}


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows whose values are in the order of the table's columns, as the database keeps them."""
    if not rows:
        return
    mark = PLACEHOLDERS[connection.dialect.paramstyle]
    marks = ", ".join([mark] * len(table.columns))
    statement = f'INSERT INTO "{table.name}" VALUES ({marks})'  # noqa: S608 (our own names)
    connection.exec_driver_sql(statement, list(rows))
