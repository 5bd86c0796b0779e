"""How far the index is: one row, moved in one transaction with the rows it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, exists, func, insert, inspect, select, update

from chain.client.blocks import BlockPin, Header
from chain.client.deployment import Deployment
from chain.indexer import tables
from chain.indexer.database import reading, writing
from chain.indexer.errors import IndexEmpty, IndexMoved, IndexOfAnotherChain
from chain.indexer.event_table import metadata
from chain.indexer.projecting import Projection
from chain.indexer.writing import insert_rows
from chain.ledger.keccak import keccak256
from chain.ledger.words import address_word

STATE_ROW = 1


@dataclass(frozen=True)
class IndexStatus:
    """How far the index is; `paused_reason` says why it stopped, if it did.

    `quarantined` counts logs of our contracts that could not be read.
    """

    projection_version: str
    chain_id: int
    cursor: BlockPin
    head_number: int
    reorg_count: int
    deepest_reorg: int
    paused_reason: str | None
    quarantined: int

    @property
    def blocks_behind(self) -> int:
        """Behind the head when the node was last asked."""
        return max(0, self.head_number - self.cursor.number)


@dataclass(frozen=True)
class Batch:
    """What a stretch of blocks adds: the headers to keep, the rows, the last block."""

    headers: Sequence[Header]
    rows: Projection
    last: BlockPin


def deployment_hash(deployment: Deployment) -> bytes:
    """Names a set of contracts."""
    return keccak256(b"".join(address_word(a) for _, a in sorted(deployment.contracts.items())))


def read_status(engine: Engine) -> IndexStatus:
    """Raises IndexEmpty when nothing was indexed."""
    with reading(engine) as connection:
        return status_in(connection)


def status_in(connection: Connection) -> IndexStatus:
    """As `read_status`, inside a transaction."""
    if not inspect(connection).has_table(tables.index_state.name):
        raise IndexEmpty
    row = connection.execute(select(tables.index_state)).first()
    if row is None:
        raise IndexEmpty
    quarantined = connection.execute(select(func.count()).select_from(tables.quarantine))
    return IndexStatus(
        row.projection_version,
        row.chain_id,
        BlockPin(row.cursor_number, row.cursor_hash, row.cursor_timestamp),
        row.head_number,
        row.reorg_count,
        row.deepest_reorg,
        row.paused_reason,
        quarantined.scalar_one(),
    )


def open_index(
    engine: Engine, deployment: Deployment, genesis: BlockPin, before_first: BlockPin
) -> IndexStatus:
    """Make the tables if need be and return where the index stands.

    Tables of another projection version are dropped and begun anew. Raises IndexOfAnotherChain.
    """
    with writing(engine) as connection:
        try:
            status = status_in(connection)
        except IndexEmpty:
            status = None
        if status is not None and status.projection_version != tables.PROJECTION_VERSION:
            status = None
        if status is None:
            _begin(connection, deployment, genesis, before_first)
        else:
            _check_same(connection, deployment, genesis)
        return status_in(connection)


def is_new(engine: Engine) -> bool:
    """Whether nothing says yet which chain is followed."""
    try:
        read_status(engine)
    except IndexEmpty:
        return True
    return False


def rebuild(engine: Engine) -> None:
    """Drop everything; the next `catch_up` replays from the deployment's first block."""
    with writing(engine) as connection:
        _drop(connection)


def advance(engine: Engine, expected: BlockPin, batch: Batch, *, head: int, depth: int) -> None:
    """Add a batch and move the cursor, in one transaction. Raises IndexMoved.

    Headers more than `depth` below the head are kept for the blocks with events alone: the others
    are needed only while they may be undone.
    """
    with writing(engine) as connection:
        before = _expect(connection, expected)
        _insert_headers(connection, batch, floor=head - depth)
        insert_rows(connection, tables.log, batch.rows.logs)
        insert_rows(connection, tables.quarantine, batch.rows.quarantine)
        for table, rows in zip(tables.EVENT_TABLES, batch.rows.events, strict=True):
            insert_rows(connection, table, rows)
        number = tables.block.c.number
        connection.execute(
            delete(tables.block).where(
                number.between(before.head_number - depth, head - depth - 1),
                ~exists().where(tables.log.c.block_number == number),
            )
        )
        _move(connection, batch.last, head_number=head, paused_reason=None)


def roll_back(engine: Engine, expected: BlockPin, ancestor: BlockPin) -> None:
    """Undo every block above `ancestor`, in one transaction. Raises IndexMoved."""
    with writing(engine) as connection:
        status = _expect(connection, expected)
        for table in tables.PLACED_TABLES:
            connection.execute(delete(table).where(table.c.block_number > ancestor.number))
        connection.execute(delete(tables.block).where(tables.block.c.number > ancestor.number))
        _move(
            connection,
            ancestor,
            reorg_count=status.reorg_count + 1,
            deepest_reorg=max(status.deepest_reorg, expected.number - ancestor.number),
            paused_reason=None,
        )


def pause(engine: Engine, reason: str) -> None:
    """Note why the index stopped; nothing else changes."""
    with writing(engine) as connection:
        connection.execute(update(tables.index_state).values(paused_reason=reason))


def kept_headers(engine: Engine, down_to: int) -> list[BlockPin]:
    """The headers kept from a height on, ascending."""
    number = tables.block.c.number
    with reading(engine) as connection:
        rows = connection.execute(select(tables.block).where(number >= down_to).order_by(number))
        return [BlockPin(row.number, row.hash, row.timestamp) for row in rows]


def _begin(
    connection: Connection, deployment: Deployment, genesis: BlockPin, before_first: BlockPin
) -> None:
    _drop(connection)
    metadata.create_all(connection)
    connection.execute(
        insert(tables.index_state).values(
            id=STATE_ROW,
            projection_version=tables.PROJECTION_VERSION,
            chain_id=deployment.chain_id,
            genesis_hash=genesis.hash,
            deployment_hash=deployment_hash(deployment),
            cursor_number=before_first.number,
            cursor_hash=before_first.hash,
            cursor_timestamp=before_first.timestamp,
            head_number=before_first.number,
            reorg_count=0,
            deepest_reorg=0,
        )
    )


def _drop(connection: Connection) -> None:
    """Drop by what is there, since another version may have had other tables."""
    present = inspect(connection).get_table_names()
    for name in present:
        connection.exec_driver_sql(f'DROP TABLE "{name}"')


def _check_same(connection: Connection, deployment: Deployment, genesis: BlockPin) -> None:
    row = connection.execute(select(tables.index_state)).one()
    if row.chain_id != deployment.chain_id or row.genesis_hash != genesis.hash:
        raise IndexOfAnotherChain("chain")
    if row.deployment_hash != deployment_hash(deployment):
        raise IndexOfAnotherChain("deployment")


def _expect(connection: Connection, expected: BlockPin) -> IndexStatus:
    status = status_in(connection)
    if status.cursor != expected:
        raise IndexMoved
    return status


def _move(connection: Connection, to: BlockPin, **more: Any) -> None:
    connection.execute(
        update(tables.index_state).values(
            cursor_number=to.number,
            cursor_hash=to.hash,
            cursor_timestamp=to.timestamp,
            **more,
        )
    )


def _insert_headers(connection: Connection, batch: Batch, *, floor: int) -> None:
    with_events = {row[0] for row in batch.rows.logs}
    rows = [
        (header.pin.number, header.pin.hash, header.parent_hash, header.pin.timestamp)
        for header in batch.headers
        if header.pin.number >= floor or header.pin.number in with_events
    ]
    insert_rows(connection, tables.block, rows)
