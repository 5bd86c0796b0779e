"""Every event of every contract has its rows, and wide numbers keep their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from chain.client.blocks import RawLog
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed
from chain.client.interfaces import CORE_CONTRACTS, interface
from chain.indexer.columns import Uint64, Uint256
from chain.indexer.database import open_database, reading, writing
from chain.indexer.event_table import ERC20, SOURCES
from chain.indexer.events import IGNORED, TRANSFER_TOPIC, EventReader
from chain.indexer.tables import EVENT_TABLES
from chain.ledger.identifiers import Address, address_from_bytes
from chain.ledger.words import address_word, uint_word

DEPLOYMENT = Deployment(
    31337,
    1,
    {name: address_from_bytes(bytes([i]) * 20) for i, name in enumerate(CORE_CONTRACTS, start=1)},
    (),
    3,
    60,
    Address("0x" + "0" * 40),
    Address("0x" + "0" * 40),
)
LEDGER = DEPLOYMENT.contracts["RoyaltyLedger"]
STRANGER = address_from_bytes(b"\xaa" * 20)


def raw(address: Address, topics: tuple[bytes, ...], data: bytes) -> RawLog:
    return RawLog(1, b"\1" * 32, 0, b"\2" * 32, address, topics, data)


def test_every_event_of_every_contract_is_applied_or_knowingly_ignored() -> None:
    declared = {
        (name, event.name)
        for name in CORE_CONTRACTS
        for event in interface(name).events.values()
        if event.name not in IGNORED
    }

    assert declared | {(ERC20, "Transfer")} == set(SOURCES)


def test_every_table_is_filled_by_some_event() -> None:
    named = {table.name for table in EVENT_TABLES}

    assert len(named) == len(EVENT_TABLES)
    assert all({"block_number", "log_index", "tx_hash"} <= set(t.c.keys()) for t in EVENT_TABLES)


def test_a_transfer_to_custody_is_read_whatever_the_token() -> None:
    reader = EventReader(DEPLOYMENT)
    topics = (TRANSFER_TOPIC, address_word(STRANGER), address_word(LEDGER))

    event = reader.read(raw(STRANGER, topics, uint_word(2**255)))

    assert event is not None
    assert event.values == {"emitter": STRANGER, "from": STRANGER, "to": LEDGER, "value": 2**255}


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ((TRANSFER_TOPIC, address_word(STRANGER), address_word(STRANGER)), uint_word(1)),
        ((TRANSFER_TOPIC, address_word(STRANGER), address_word(LEDGER), uint_word(7)), b""),
        ((TRANSFER_TOPIC, address_word(STRANGER), address_word(LEDGER)), b"\0" * 64),
        ((TRANSFER_TOPIC,), uint_word(1)),
        ((), b""),
    ],
    ids=["between others", "of an ERC-721", "too much data", "no parties", "no topics"],
)
def test_other_logs_of_other_contracts_are_passed_over(
    topics: tuple[bytes, ...], data: bytes
) -> None:
    assert EventReader(DEPLOYMENT).read(raw(STRANGER, topics, data)) is None


@pytest.mark.parametrize(
    "topics",
    [(), (b"\7" * 32,), (interface("RoyaltyLedger").event_named("Paid").topic,)],
    ids=["anonymous", "unknown", "too few topics"],
)
def test_a_log_of_ours_that_the_abi_does_not_know_is_refused(topics: tuple[bytes, ...]) -> None:
    with pytest.raises(AnswerMalformed, match="deployment file's addresses"):
        EventReader(DEPLOYMENT).read(raw(LEDGER, topics, b"\0" * 64))


def test_wide_numbers_keep_their_order_and_value(tmp_path: Path) -> None:
    table = Table(
        "wide",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("small", Uint64()),
        Column("large", Uint256()),
    )
    engine = open_database(f"sqlite:///{tmp_path / 'wide.sqlite'}")
    smalls = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    larges = [0, 2**64, 2**128, 2**255, 2**256 - 1]
    with writing(engine) as connection:
        table.metadata.create_all(connection)
        rows = [
            {"small": small, "large": large}
            for small, large in zip(reversed(smalls), reversed(larges), strict=True)
        ]
        connection.execute(insert(table), rows)

    with reading(engine) as connection:
        by_small = connection.execute(select(table.c.small).order_by(table.c.small)).scalars()
        by_large = connection.execute(select(table.c.large).order_by(table.c.large)).scalars()
        assert list(by_small) == smalls
        assert list(by_large) == larges
        above = select(table.c.small).where(table.c.small > 2**63)
        assert connection.execute(above).scalars().all() == [2**64 - 1]
    engine.dispose()
