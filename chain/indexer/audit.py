"""Looking again at what was stored: a few blocks at a time, against the chain and eth_abi.

It finds what following cannot: a database that was edited or decayed, a node that gave fewer logs
than there are, and a generated decoder that reads otherwise than eth_abi.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, func, select

from chain.client.blocks import BlockPin, RawLog
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed, BlockGone
from chain.indexer import tables
from chain.indexer.apply import rows_of
from chain.indexer.chain_reading import ChainReader
from chain.indexer.cursor import status_in
from chain.indexer.database import reading
from chain.indexer.errors import IndexDiffers
from chain.indexer.events import EventReader
from chain.indexer.index_reader import with_block
from chain.indexer.row_reading import raw_of

AUDIT_SECONDS: Final = 60.0
AUDIT_BLOCKS: Final = 20

Place = tuple[int, ...]
Row = Mapping[str, Any]


def audit(
    engine: Engine,
    reader: ChainReader,
    deployment: Deployment,
    count: int,
    chance: random.Random,
) -> int:
    """Compare up to `count` stored blocks with the chain; how many they were.

    Raises IndexDiffers, RpcUnavailable, StaleNode.
    """
    with reading(engine) as connection:
        cursor = status_in(connection).cursor
        blocks = _chosen(connection, count, chance)
        numbers = [pin.number for pin in blocks]
        logs = _logs(connection, numbers)
        stored = {table: _rows(connection, table, numbers) for table in tables.EVENT_TABLES}
    try:
        *headers, newest = reader.headers([*numbers, cursor.number])
        moved = [pin.number for pin, h in zip(blocks, headers, strict=True) if pin != h.pin]
        fresh = reader.of_blocks([header for header in headers if header.pin.number not in moved])
    except BlockGone:
        newest = None
    if newest is None or newest.pin != cursor:
        # The chain forked since: that is for following to see to, and no fault of the index.
        return 0
    differences = [f"block {number} is another one" for number in moved]
    kept = [entry for entry in logs if entry.block_number not in moved]
    differences += _differences(EventReader(deployment), fresh.logs, kept, stored, moved)
    if differences:
        raise IndexDiffers(differences)
    return len(blocks)


def _differences(
    reader: EventReader,
    fresh: Sequence[RawLog],
    logs: Sequence[RawLog],
    stored: Mapping[Table, Mapping[Place, Row]],
    moved: Sequence[int],
) -> Iterator[str]:
    expected: dict[Table, dict[Place, Row]] = {table: {} for table in stored}
    told: dict[Place, RawLog] = {}
    for entry in fresh:
        place: Place = (entry.block_number, entry.log_index)
        try:
            event = reader.read(entry)
        except AnswerMalformed:
            told[place] = entry
            continue
        if event is not None:
            told[place] = entry
            for table, row in rows_of(event):
                expected[table][_key(table, row)] = row
    ours: dict[Place, RawLog] = {(entry.block_number, entry.log_index): entry for entry in logs}
    for place in sorted(told.keys() | ours.keys()):
        if told.get(place) != ours.get(place):
            yield f"log {place[1]} of block {place[0]} differs"
    for table, rows in stored.items():
        found = {key: row for key, row in rows.items() if key[0] not in moved}
        for key in sorted(expected[table].keys() | found.keys()):
            if expected[table].get(key) != found.get(key):
                yield f"table {table.name}, block {key[0]}, log {key[1]} differs"


def _chosen(connection: Connection, count: int, chance: random.Random) -> list[BlockPin]:
    """Stored blocks by chance, ascending: the next one from each of `count` random heights."""
    number = tables.block.c.number
    first, last = connection.execute(select(func.min(number), func.max(number))).one()
    if first is None:
        return []
    found = {}
    for _ in range(count):
        height = chance.randint(first, last)
        query = select(tables.block).where(number >= height).order_by(number).limit(1)
        row = connection.execute(query).one()
        found[row.number] = BlockPin(row.number, row.hash, row.timestamp)
    return [found[height] for height in sorted(found)]


def _logs(connection: Connection, numbers: Sequence[int]) -> list[RawLog]:
    query = with_block(tables.log).where(tables.log.c.block_number.in_(numbers))
    return [raw_of(row) for row in connection.execute(query)]


def _rows(connection: Connection, table: Table, numbers: Sequence[int]) -> dict[Place, Row]:
    query = select(table).where(table.c.block_number.in_(numbers))
    rows = (dict(row._mapping) for row in connection.execute(query))
    return {_key(table, row): row for row in rows}


def _key(table: Table, row: Row) -> Place:
    return tuple(row[column.name] for column in table.primary_key.columns)
