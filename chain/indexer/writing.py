"""How many rows become part of a transaction at once: by COPY in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Connection, Integer, Table, Text

# PostgreSQL's name of a column type; all others are bytes.
COPIED_AS: Final[dict[type[Any], str]] = {
    BigInteger: "int8",
    Integer: "int4",
    Boolean: "bool",
    Text: "text",
}


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows whose values are in the order of the table's columns, as the database keeps them."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    marks = ", ".join("?" * len(table.columns))
    statement = f'INSERT INTO "{table.name}" VALUES ({marks})'  # noqa: S608 (our own names)
    connection.exec_driver_sql(statement, list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    session: Any = connection.connection.driver_connection
    statement = f'COPY "{table.name}" FROM STDIN (FORMAT BINARY)'
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([COPIED_AS.get(type(c.type), "bytea") for c in table.columns])
        for row in rows:
            copy.write_row(row)
