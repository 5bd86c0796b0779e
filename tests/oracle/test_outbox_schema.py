"""The outbox's tables: the same in both databases, and those of an earlier program taken over."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from chain.ledger.identifiers import ZERO_DIGEST, EpochNumber
from oracle.attribution import Withheld, WithheldReason
from oracle.databases import open_engine, url_of
from oracle.epoch_book import EpochBook, EpochState
from oracle.errors import OutboxTooOld
from oracle.evidence_book import EvidenceBook
from oracle.outbox import Outbox
from oracle.transaction_book import AttemptState, TransactionBook
from tests.oracle.evidence_fixtures import digest
from tests.postgres import Server

IDENTITY = {"chainId": "31337", "usageOracle": "0x01", "deploymentBlock": "0xaa"}
EARLIER = Path(__file__).with_name("outbox_0002.sql")


def test_a_filled_file_of_the_last_schema_without_alembic_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER.read_text())

    box = Outbox(path, IDENTITY)

    with box.reading() as connection:
        evidence, epochs = EvidenceBook(connection), EpochBook(connection)
        # In the order of filing, which no key says.
        logs = "SELECT generation_id FROM generation_log WHERE open = 1 ORDER BY position"
        filed = connection.exec_driver_sql(logs).scalars()
        assert [int.from_bytes(generation, "big") for generation in filed] == [9, 7]
        assert [s.body for s in evidence.usage.waiting_segments()] == [b"aa", b"mm"]
        assert [w for _, w in evidence.withheld()] == [Withheld(WithheldReason.WATERMARK_ALONE)]
        assert len(evidence.open_findings()) == 1
        assert evidence.usage.event_counts() == {"refused": 1, "sealed": 1, "waiting": 2}
        assert evidence.usage.refusals(1) == [(digest("e2"), "not linked")]
        assert len(epochs.signatures(1, ZERO_DIGEST)) == 1
        book = TransactionBook(connection)
        states = {
            intent: found.state
            for intent in ("push:0", "settle:1", "post:1", "push:1", "later", "mined")
            if (found := book.of_intent(intent)) is not None
        }
    box.close()
    assert states == {
        "push:0": AttemptState.FINAL,
        "settle:1": AttemptState.SIGNED,
        "post:1": AttemptState.SENT,
        "push:1": AttemptState.DISPLACED,
        "later": AttemptState.SIGNED,
        "mined": AttemptState.MINED,
    }
    Outbox(path, IDENTITY).close()


def test_what_is_filed_after_the_take_over_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER.read_text())
    box = Outbox(path, IDENTITY)
    with box.writing() as connection:
        EvidenceBook(connection).usage.release(1)
        waiting = [s.body for s in EvidenceBook(connection).usage.waiting_segments()]
    box.close()

    assert waiting == [b"zz", b"aa", b"mm"]


def test_a_schema_that_cannot_be_brought_up_to_date_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER.read_text())
        file.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    before = path.read_bytes()

    with pytest.raises(OutboxTooOld):
        Outbox(path, IDENTITY)

    assert path.read_bytes()[100:] == before[100:]


def test_both_databases_have_the_same_tables(tmp_path: Path, postgres: Server) -> None:
    """Taken over, begun anew in SQLite, begun in PostgreSQL: columns, keys and indices alike."""
    taken, begun = tmp_path / "taken.db", tmp_path / "begun.db"
    with sqlite3.connect(taken) as file:
        file.executescript(EARLIER.read_text())
    address = postgres.new_outbox()
    shapes = []
    for place in (taken, begun, address):
        Outbox(place, IDENTITY).close()
        shapes.append(shape(place))

    assert shapes[0] == shapes[1] == shapes[2]


def shape(place: Path | str) -> dict[str, object]:
    """Names of columns with whether they may be NULL, primary keys, foreign keys, indices."""
    engine = open_engine(url_of(place))
    found = sa.inspect(engine)
    tables = {
        table: (
            # SQLite calls a key nullable that was not forbidden to be, and takes no NULL in it.
            sorted((c["name"], c["nullable"] and c["name"] not in key) for c in columns),
            key,
            sorted(
                (k["constrained_columns"], k["referred_table"])
                for k in found.get_foreign_keys(table)
            ),
            sorted(
                (index["name"], index["column_names"], bool(index["unique"]))
                for index in found.get_indexes(table)
                if "duplicates_constraint" not in index
            ),
            sorted(u["column_names"] for u in found.get_unique_constraints(table)),
        )
        for table in found.get_table_names()
        for columns in [found.get_columns(table)]
        for key in [found.get_pk_constraint(table)["constrained_columns"]]
    }
    engine.dispose()
    return tables


def test_an_epoch_of_an_earlier_file_stands_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER.read_text())
    box = Outbox(path, IDENTITY)
    with box.reading() as connection:
        row = connection.exec_driver_sql("SELECT number, state, pushed FROM epoch").one()
    box.close()

    assert tuple(row) == (EpochNumber(1), EpochState.QUEUED, 0)
