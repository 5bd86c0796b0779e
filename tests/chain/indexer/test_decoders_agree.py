"""What the generated decoders write is what eth_abi reads, for every event that fills a table."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from chain.client.blocks import RawLog
from chain.client.errors import AnswerMalformed
from chain.client.interfaces import Event, Field
from chain.indexer.apply import rows_of
from chain.indexer.decoding import Undecodable, decoder, empty_rows
from chain.indexer.event_table import EMITTER, ERC20, SOURCES, event_abi, event_table, of
from chain.indexer.events import ChainEvent
from chain.indexer.tables import EVENT_TABLES
from chain.ledger.identifiers import Address, address_bytes, address_from_bytes

EXAMPLES = 20
TOKEN = address_from_bytes(b"\xc0" * 20)
DIALECT = sqlite.dialect()
EVENTS = sorted(SOURCES)
# An event of many fields can draw more than hypothesis takes; such a draw is left out, no fault.
drawn = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow]
)

Stored = list[list[tuple[Any, ...]]]


def edges(bits: int) -> st.SearchStrategy[int]:
    """Numbers of a width, its ends more often than they would come by chance."""
    top = (1 << bits) - 1
    return st.sampled_from([0, 1, top >> 1, (top >> 1) + 1, top]) | st.integers(0, top)


def value_of(kind: str) -> st.SearchStrategy[Any]:
    """Values of an ABI type."""
    if kind.endswith("[]"):
        return st.lists(value_of(kind[:-2]), max_size=4)
    if kind.startswith("("):
        return st.tuples(*(value_of(part) for part in kind[1:-1].split(",")))
    if kind.startswith("uint"):
        return edges(int(kind[4:]))
    plain = {
        "address": st.binary(min_size=20, max_size=20),
        "bool": st.booleans(),
        "bytes32": st.binary(min_size=32, max_size=32),
        "bytes": st.binary(max_size=70),
    }
    return plain[kind]


def log_of(event: Event, draw: Any) -> RawLog:
    def encoded(fields: list[Field]) -> bytes:
        return encode([f.type for f in fields], [draw(value_of(f.type)) for f in fields])

    topics = [encoded([f]) for f in event.inputs if f.indexed]
    data = encoded([f for f in event.inputs if not f.indexed])
    number, index = draw(edges(62)), draw(edges(30))
    return RawLog(
        number, b"\1" * 32, index, draw(value_of("bytes32")), TOKEN, (event.topic, *topics), data
    )


def generated(contract: str, name: str, log: RawLog) -> Stored:
    rows = empty_rows()
    decoder(contract, name)(
        log.block_number,
        log.log_index,
        log.tx_hash,
        address_bytes(Address(log.address)),
        b"".join(log.topics),
        log.data,
        rows,
    )
    return rows


def by_eth_abi(contract: str, name: str, log: RawLog) -> Stored:
    values = event_abi(contract, name).values(log.topics, log.data)
    stored: Stored = empty_rows()
    for table, row in rows_of(ChainEvent(contract, name, {**values, EMITTER: TOKEN}, log)):
        stored[EVENT_TABLES.index(table)].append(as_stored(table, row))
    return stored


def as_stored(table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
    """A row as SQLAlchemy would hand it to the driver."""
    assert set(row) == set(table.c.keys())
    found = []
    for column in table.columns:
        bind = column.type.bind_processor(DIALECT)
        bound = row[column.name] if bind is None else bind(row[column.name])
        found.append(bytes(bound) if isinstance(bound, memoryview) else bound)
    return tuple(found)


@pytest.mark.parametrize(("contract", "name"), EVENTS)
@drawn
@given(data=st.data())
def test_every_event_decodes_as_eth_abi_does(contract: str, name: str, data: Any) -> None:
    log = log_of(event_abi(contract, name), data.draw)

    assert generated(contract, name, log) == by_eth_abi(contract, name, log)


@pytest.mark.parametrize(("contract", "name"), EVENTS)
@drawn
@given(data=st.data())
def test_damaged_logs_are_refused_or_read_as_eth_abi_does(
    contract: str, name: str, data: Any
) -> None:
    honest = log_of(event_abi(contract, name), data.draw)
    words = bytearray(b"".join(honest.topics[1:]) + honest.data)
    for _ in range(data.draw(st.integers(1, 3))):
        if words:
            words[data.draw(st.integers(0, len(words) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([0, 0, 1, 31, 32]))
    split = 32 * (len(honest.topics) - 1)
    topics = tuple(bytes(words[at : at + 32]) for at in range(0, split, 32))
    payload = bytes(words[split : len(words) - cut if len(words) - cut > split else split])
    log = RawLog(1, b"\1" * 32, 0, b"\2" * 32, TOKEN, (honest.topics[0], *topics), payload)

    try:
        ours: Stored | None = generated(contract, name, log)
    except (Undecodable, struct.error):
        ours = None
    try:
        theirs: Stored | None = by_eth_abi(contract, name, log)
    except AnswerMalformed:
        theirs = None

    # Ours may be stricter (bytes after the last word), never laxer.
    assert ours is None or ours == theirs
    if theirs is not None and not cut and len(payload) == len(honest.data):
        assert ours == theirs


@pytest.mark.parametrize(("contract", "name"), EVENTS)
def test_a_log_with_another_number_of_topics_is_refused(contract: str, name: str) -> None:
    event = event_abi(contract, name)
    words = tuple(bytes(32) for f in event.inputs if f.indexed)
    plenty = bytes(32 * 40)

    for topics in ((event.topic, *words, bytes(32)), (event.topic, *words)[:-1]):
        with pytest.raises(Undecodable, match="topics"):
            generated(contract, name, RawLog(1, b"", 0, b"", TOKEN, topics, plenty))


def test_a_table_of_what_no_abi_has_is_refused_at_once() -> None:
    with pytest.raises(KeyError, match="Paid has no nobody"):
        event_table("never", of("RoyaltyLedger.Paid", "nobody"))
    with pytest.raises(KeyError, match="no event Unpaid"):
        event_table("never", of("RoyaltyLedger.Unpaid", "work_id"))


def test_erc20_transfers_are_the_only_events_without_a_contract_of_ours() -> None:
    assert [key for key in EVENTS if key[0] == ERC20] == [(ERC20, "Transfer")]
