"""Is the index what the chain says? Asks the node for every log again and applies them anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table

from chain.client.blocks import BlockPin, RawLog
from chain.client.deployment import Deployment
from chain.client.errors import BlockGone
from chain.client.node import Node
from chain.indexer.apply import rows_of
from chain.indexer.events import ChainEvent, EventReader
from chain.indexer.store import Store
from chain.indexer.tables import EVENT_TABLES
from chain.settlement.findings import Check, Findings, shown

Row = Mapping[str, Any]


def verify_index(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> None:
    """Compare logs and tables up to a block. Raises BlockGone, RpcUnavailable, AnswerMalformed."""
    reader = EventReader(deployment)
    fresh = node.logs_of_range(deployment.block, at.number, reader.filters())
    if node.header(at.number).pin.hash != at.hash:
        raise BlockGone(at.number, at.hash)
    events = [event for event in map(reader.read, fresh) if event is not None]
    _compare_logs(findings, events, store.logs(at=at))
    expected: dict[Table, dict[tuple[int, ...], Row]] = defaultdict(dict)
    for event in events:
        for table, row in rows_of(event):
            expected[table][_key(table, row)] = row
    for table in EVENT_TABLES:
        _compare_rows(findings, table, expected[table], store.rows(table, at=at))


def _compare_logs(findings: Findings, events: list[ChainEvent], stored: list[RawLog]) -> None:
    names = {_log_key(event.log): f"{event.contract}.{event.name}" for event in events}
    expected = {_log_key(event.log): event.log for event in events}
    found = {_log_key(log): log for log in stored}
    for key in sorted(expected.keys() | found.keys()):
        place = f"log {key[1]} of block {key[0]} ({names.get(key, 'not on chain')})"
        theirs, ours = expected.get(key), found.get(key)
        if theirs is None or ours is None:
            findings.compare(Check.LOGS, place, theirs is not None, ours is not None)
        else:
            findings.compare(Check.LOGS, place, _content(theirs), _content(ours))


def _compare_rows(
    findings: Findings,
    table: Table,
    expected: Mapping[tuple[int, ...], Row],
    stored: list[dict[str, Any]],
) -> None:
    found = {_key(table, row): row for row in stored}
    for key in sorted(expected.keys() | found.keys()):
        place = f"table {table.name}, block {key[0]}, log {key[1]}"
        theirs, ours = expected.get(key), found.get(key)
        if theirs is None or ours is None:
            findings.compare(Check.PROJECTION, place, theirs is not None, ours is not None)
            continue
        findings.checks[Check.PROJECTION] += 1
        for column in sorted(ours):
            if theirs[column] != ours[column]:
                findings.differ(
                    Check.PROJECTION,
                    f"{place}, {column}",
                    shown(theirs[column]),
                    shown(ours[column]),
                )


def _log_key(log: RawLog) -> tuple[int, int]:
    return (log.block_number, log.log_index)


def _content(log: RawLog) -> bytes:
    return log.block_hash + log.tx_hash + bytes.fromhex(log.address[2:]) + _payload(log)


def _payload(log: RawLog) -> bytes:
    return b"".join(log.topics) + log.data


def _key(table: Table, row: Row) -> tuple[int, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)
