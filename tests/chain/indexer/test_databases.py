"""The same chain gives the same index in SQLite and PostgreSQL, live, rebuilt or built beside."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from chain.client.deployment import Deployment
from chain.client.node import Node
from chain.indexer import database, tables
from chain.indexer import reindex as reindexing
from chain.indexer.cursor import read_status, rebuild
from chain.indexer.database import open_database, reading, writing
from chain.indexer.errors import IndexUnusable
from chain.indexer.event_table import event_abi
from chain.indexer.follow import Follower
from chain.indexer.reindex import reindex
from chain.indexer.store import Store
from tests.chain.indexer.fault_schedules import dump
from tests.devnet import running_anvil
from tests.emitter import NODE_OPTIONS, Emission, Emitter, emission_of
from tests.postgres import Server, postgres

__all__ = ["postgres"]

BLOCKS = 40
FORKED = 15


class Story:
    """A node with every event of ours in made-up values, and a fork to come."""

    def __init__(self, emitter: Emitter) -> None:
        self.node: Node = emitter.node
        self.deployment: Deployment = emitter.deployment
        self._emitter = emitter
        self._chance = random.Random(7)

    def grow(self, blocks: int = BLOCKS) -> None:
        for _ in range(blocks):
            emissions = [self._emitter.random_emission(self._chance) for _ in range(8)]
            self._emitter.emit(emissions)
            self._emitter.mine()

    def say(self, emission: Emission) -> None:
        self._emitter.emit([emission])
        self._emitter.mine()

    def fork(self, depth: int = FORKED) -> None:
        head = self.node.head()
        self.node.rpc.request("anvil_rollback", depth, null_allowed=True)
        later = hex(head.timestamp + 1)
        self.node.rpc.request("evm_setNextBlockTimestamp", later, null_allowed=True)
        self.grow(depth + 1)
        assert self.node.block(head.number).hash != head.hash

    def follower(self, engine: Engine, depth: int = 256) -> Follower:
        return Follower(self.node, self.deployment, engine, depth=depth)


@pytest.fixture(scope="module")
def emitter() -> Iterator[Emitter]:
    with running_anvil(*NODE_OPTIONS) as endpoint:
        yield Emitter(Node(endpoint))


@pytest.fixture
def story(emitter: Emitter) -> Story:
    return Story(emitter)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: Any, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'index.sqlite'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new_outbox()


@pytest.fixture
def any_engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


def built(story: Story, folder: Path, name: str = "fresh") -> Any:
    """What SQLite holds when it is built from nothing, by range."""
    engine = open_database(f"sqlite:///{folder / name}.sqlite")
    story.follower(engine, depth=1).catch_up()
    found = dump(engine)
    engine.dispose()
    return found


def test_live_through_forks_is_rebuilt_from_zero_byte_for_byte(
    story: Story, any_engine: Engine, tmp_path: Path
) -> None:
    story.grow()
    story.follower(any_engine).catch_up()
    story.fork()
    assert story.follower(any_engine).catch_up().rolled_back == FORKED
    live = dump(any_engine)

    assert sum(map(len, live.values())) > BLOCKS
    assert live == built(story, tmp_path)
    rebuild(any_engine)
    story.follower(any_engine).catch_up()
    assert dump(any_engine) == live
    story.follower(any_engine).audit(10 * BLOCKS, random.Random(1))


def test_reindexing_takes_the_place_of_the_old_index_while_it_answers(
    story: Story, any_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.grow(5)
    story.follower(any_engine).catch_up()
    expected = dump(any_engine)
    with writing(any_engine) as connection:
        connection.execute(update(tables.log).values(data=b"decayed"))
    decayed = dump(any_engine)
    seen = []

    def new_follower(fresh: Engine) -> Follower:
        seen.append(dump(any_engine))
        return story.follower(fresh)

    progress = reindex(any_engine, new_follower)

    assert seen == [decayed]
    assert progress.cursor == Store(any_engine).head()
    assert dump(any_engine) == expected
    story.grow(1)
    assert story.follower(any_engine).catch_up().blocks == 1
    assert [path.name for path in tmp_path.glob("*_reindex*")] == []


def test_reindexing_that_fails_leaves_the_old_index(story: Story, any_engine: Engine) -> None:
    story.grow(2)
    story.follower(any_engine).catch_up()
    before = dump(any_engine)

    def broken(_: Engine) -> Follower:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        reindex(any_engine, broken)
    assert dump(any_engine) == before

    reindex(any_engine, story.follower)
    assert dump(any_engine) == before


def test_taking_over_what_is_no_index_changes_nothing(story: Story, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    story.grow(2)
    story.follower(engine).catch_up()
    before = dump(engine)
    (tmp_path / "other").write_bytes(b"no database" * 99)
    connection = engine.raw_connection()

    with pytest.raises(sqlite3.DatabaseError):
        reindexing._take_over(connection.driver_connection, tmp_path / "other")

    connection.close()
    assert dump(engine) == before
    engine.dispose()


def test_numbers_over_the_databases_own_are_kept(story: Story, any_engine: Engine) -> None:
    ids = [2**63 - 1, 2**63, 2**64 - 1]
    for number in ids:
        values = {"recording": number, "composition": 1}
        abi = event_abi("WorkRegistry", "RecordingOf")
        story.say(emission_of("WorkRegistry", abi, lambda field: values[field.name]))  # noqa: B023 (used at once)
    story.follower(any_engine).catch_up()

    column = tables.recording_of.c.recording
    with reading(any_engine) as connection:
        found = connection.execute(select(column).where(column >= 2**63).order_by(column))
        assert list(found.scalars()) == ids[1:]


def test_pauses_are_in_force_until_they_end(story: Story, any_engine: Engine) -> None:
    head = story.node.head()
    values = {"guardian": story.deployment.council, "until": head.timestamp + 10**6}
    for contract in ("RoyaltyLedger", "UsageOracle", "DerivativeGraph"):
        began = event_abi(contract, "PauseBegan")
        story.say(emission_of(contract, began, lambda field: values[field.name]))
    ended = event_abi("UsageOracle", "PauseEnded")
    story.say(emission_of("UsageOracle", ended, lambda field: values[field.name]))
    lapsed = event_abi("DerivativeGraph", "PauseBegan")
    values["until"] = 1
    story.say(emission_of("DerivativeGraph", lapsed, lambda field: values[field.name]))
    story.follower(any_engine).catch_up()

    store = Store(any_engine)

    assert store.paused(at=store.head()) == {"RoyaltyLedger": head.timestamp + 10**6}


def test_a_reader_of_any_database_sees_one_state_while_another_writes(
    story: Story, any_engine: Engine
) -> None:
    story.grow(1)
    story.follower(any_engine).catch_up()

    with reading(any_engine) as reader:
        before = reader.execute(select(tables.index_state.c.reorg_count)).scalar_one()
        with writing(any_engine) as writer:
            writer.execute(update(tables.index_state).values(reorg_count=41))
        again = reader.execute(select(tables.index_state.c.reorg_count)).scalar_one()

    assert before == again == 0
    assert read_status(any_engine).reorg_count == 41


def test_a_second_writer_is_told_after_a_while(
    story: Story, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 50)
    first, second = open_database(url), open_database(url)
    story.grow(1)
    story.follower(first).catch_up()

    with (
        writing(first) as connection,
        pytest.raises(IndexUnusable, match="lock"),
    ):
        connection.execute(update(tables.index_state).values(reorg_count=7))
        with writing(second):
            pass

    first.dispose()
    second.dispose()


def test_a_database_shared_with_others_keeps_their_tables(story: Story, postgres: Server) -> None:
    with postgres.connected() as theirs:
        theirs.execute("CREATE TABLE IF NOT EXISTS public.of_others (x INTEGER)")
    shared = open_database(f"postgresql://postgres@/postgres?host={postgres.folder}")
    story.grow(1)

    rebuild(shared)
    story.follower(shared).catch_up()
    rebuild(shared)

    with postgres.connected() as theirs:
        found = theirs.execute("SELECT to_regclass('public.of_others') IS NOT NULL").fetchone()
    assert found == (True,)
    shared.dispose()


def test_a_server_that_is_away_is_one_plain_error() -> None:
    engine = open_database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(IndexUnusable, match="cannot be used"):
        read_status(engine)
