"""From events to rows, value by value: what verification compares the stored rows with.

The indexer itself writes what `chain.indexer.decoding` generates from the same table lines; the two
share no code, and tests hold them against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from chain.indexer.event_table import EMITTER, SOURCES, Path, Source
from chain.indexer.events import ChainEvent

Row = dict[str, Any]
Rows = list[tuple[Table, Row]]


def rows_of(event: ChainEvent) -> Rows:
    """The rows of one event, each with its place on the chain."""
    return [
        (table, row)
        for table, source in SOURCES[event.contract, event.name]
        for row in _rows(table, source, event)
    ]


def _rows(table: Table, source: Source, event: ChainEvent) -> list[Row]:
    row: Row = dict.fromkeys(table.c.keys())
    row |= {
        "block_number": event.log.block_number,
        "log_index": event.log.log_index,
        "tx_hash": event.log.tx_hash,
        **source.constants,
    }
    values = {**event.values, EMITTER: event.log.address}
    if source.each is None:
        return [row | _taken(source, values)]
    elements: Sequence[Any] = values[source.each]
    return [
        row | {"position": position} | _taken(source, {**values, source.each: element})
        for position, element in enumerate(elements)
    ]


def _taken(source: Source, values: Mapping[str, Any]) -> Row:
    return {column: _at(values, path) for column, path in source.paths.items()}


def _at(values: Any, path: Path) -> Any:
    for step in path:
        values = values[step]
    return values
