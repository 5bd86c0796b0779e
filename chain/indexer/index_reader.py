"""How every question to the projection is asked: at one block, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, select

from chain.client.blocks import BlockPin
from chain.indexer import tables
from chain.indexer.cursor import IndexStatus, read_status, status_in
from chain.indexer.database import reading
from chain.indexer.errors import NotIndexedYet


class IndexReader:
    """Reads one index. Every method raises IndexEmpty, and NotIndexedYet for a block not there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def status(self) -> IndexStatus:
        """How far the index is and whether it is paused."""
        return read_status(self._engine)

    def head(self) -> BlockPin:
        """The newest indexed block."""
        return self.status().cursor

    @contextmanager
    def _at(self, at: BlockPin) -> Iterator[Connection]:
        with reading(self._engine) as connection:
            cursor = status_in(connection).cursor
            table = tables.block
            row = connection.execute(select(table).where(table.c.number == at.number)).first()
            on_chain = row is None or row.hash == at.hash
            if at.number > cursor.number or not on_chain:
                raise NotIndexedYet(at.number, cursor.number)
            yield connection


def placed(table: Table, at: BlockPin, *wanted: ColumnElement[bool]) -> Select[Any]:
    """Rows up to a block, each with its block's time and hash."""
    return with_block(table).where(table.c.block_number <= at.number, *wanted)


def with_block(table: Table) -> Select[Any]:
    """Rows, each with its block's time and hash."""
    block = tables.block.c
    return select(table, block.timestamp.label("place_time"), block.hash.label("place_hash")).join(
        tables.block, block.number == table.c.block_number
    )


def ordered(
    connection: Connection, table: Table, at: BlockPin, *wanted: ColumnElement[bool]
) -> Iterator[Row[Any]]:
    """Rows up to a block in chain order."""
    query = placed(table, at, *wanted).order_by(*table.primary_key.columns)
    return iter(connection.execute(query))
