"""What the tables of the projection share: metadata, and the place of an event on the chain."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table

metadata = MetaData()

DIGEST: Final = LargeBinary(32)


def column(name: str, kind: Any, *, nullable: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=nullable)


def event_table(
    name: str, *columns: Column[Any], key: tuple[str, ...] = (), many: bool = False
) -> Table:
    """A table of events; `many` rows of one log are told apart by `position`."""
    place: list[Column[Any]] = [
        Column("block_number", Integer, primary_key=True, autoincrement=False),
        Column("log_index", Integer, primary_key=True, autoincrement=False),
    ]
    if many:
        place.append(Column("position", Integer, primary_key=True, autoincrement=False))
    table = Table(name, metadata, *place, column("tx_hash", DIGEST), *columns)
    if key:
        Index(f"ix_{name}", *(table.c[part] for part in key))
    return table
