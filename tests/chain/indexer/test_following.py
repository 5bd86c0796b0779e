"""The index holds exactly what the chain says, whatever forks, restarts and lies come between."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from chain.client.blocks import BlockPin, RawLog
from chain.client.errors import RpcFault, RpcUnavailable, StaleNode
from chain.client.node import Node
from chain.indexer import chain_reading, tables
from chain.indexer import cursor as index
from chain.indexer.cursor import Batch
from chain.indexer.database import open_database, reading, writing
from chain.indexer.errors import (
    IndexEmpty,
    IndexMoved,
    IndexOfAnotherChain,
    NotIndexedYet,
    ReorgTooDeep,
)
from chain.indexer.follow import AT_THE_HEAD, Follower
from chain.indexer.projecting import Projection
from chain.indexer.store import Store
from chain.ledger.identifiers import CommunityId
from chain.ledger.rights import WorkKind
from tests.devnet import PLATFORM, Devnet, deploy_all, dev_signers, running_anvil
from tests.heritage import Heritage, build_heritage, pay, register

Rows = dict[str, list[tuple[Any, ...]]]


def everything(engine: Engine) -> Rows:
    """Every row of every event table and of the log, in order."""
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in (*tables.EVENT_TABLES, tables.log)
        }


def from_zero(devnet: Devnet, folder: Path, name: str = "fresh") -> Rows:
    """What an index built from nothing would hold now."""
    engine = open_database(f"sqlite:///{folder / name}.sqlite")
    Follower(devnet.node, devnet.deployment, engine).catch_up()
    rows = everything(engine)
    engine.dispose()
    return rows


def test_every_log_of_the_world_is_indexed_once(
    heritage: Heritage, follower: Follower, engine: Engine, store: Store, devnet: Devnet
) -> None:
    first = follower.catch_up()
    again = follower.catch_up()

    assert first.cursor == devnet.node.head() == store.head()
    assert first.logs == len(store.logs(at=store.head())) > 50
    assert (again.blocks, again.logs, again.rolled_back) == (0, 0, 0)


def test_backfill_and_tip_give_the_same_rows(
    heritage: Heritage, devnet: Devnet, engine: Engine, tmp_path: Path
) -> None:
    # A depth of one leaves all but one block to the backfill, in ranges.
    Follower(devnet.node, devnet.deployment, engine, depth=1).catch_up()

    assert everything(engine) == from_zero(devnet, tmp_path)


def test_a_fork_is_undone_and_the_other_branch_indexed(
    heritage: Heritage, devnet: Devnet, follower: Follower, engine: Engine, tmp_path: Path
) -> None:
    for number in range(3):
        register(devnet, PLATFORM, f"lost {number}", CommunityId(0), WorkKind.RECORDING)
    follower.catch_up()

    devnet.reorganise(3)
    register(devnet, PLATFORM, "kept", CommunityId(0), WorkKind.RECORDING)
    progress = follower.catch_up()

    assert progress.rolled_back == 3
    assert everything(engine) == from_zero(devnet, tmp_path)
    assert index.read_status(engine).reorg_count == 1
    assert index.read_status(engine).deepest_reorg == 3


def test_a_fork_with_replacing_transactions_is_followed(
    heritage: Heritage, devnet: Devnet, follower: Follower, engine: Engine, tmp_path: Path
) -> None:
    pay(devnet, heritage.works[0], 1_000)
    follower.catch_up()
    call = devnet.token.call("approve", devnet.ledger.address, 777)
    replacement = {
        "from": devnet.address(PLATFORM),
        "to": devnet.token.address,
        "data": "0x" + call.data.hex(),
        "gas": hex(300_000),
    }

    devnet.reorganise(2, [[replacement, 0]])
    progress = follower.catch_up()

    assert progress.rolled_back == 2
    assert everything(engine) == from_zero(devnet, tmp_path)


def test_a_fork_while_the_indexer_is_down_is_found_on_restart(
    heritage: Heritage, devnet: Devnet, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'restarted.sqlite'}"
    pay(devnet, heritage.works[1], 5_000)
    first = open_database(url)
    Follower(devnet.node, devnet.deployment, first).catch_up()
    first.dispose()

    devnet.reorganise(5)
    second = open_database(url)
    progress = Follower(devnet.node, devnet.deployment, second).catch_up()

    assert progress.rolled_back == 5
    assert everything(second) == from_zero(devnet, tmp_path)
    second.dispose()


def test_a_fork_to_a_shorter_chain_is_followed(
    heritage: Heritage, devnet: Devnet, follower: Follower, engine: Engine, tmp_path: Path
) -> None:
    pay(devnet, heritage.works[0], 1_000)
    follower.catch_up()

    devnet.rpc("anvil_rollback", 2)
    devnet.rpc("evm_increaseTime", 9)
    devnet.mine()
    progress = follower.catch_up()

    assert progress.rolled_back == 2
    assert everything(engine) == from_zero(devnet, tmp_path)


@pytest.mark.parametrize("depth", [1, 7, 64, 256])
def test_forks_up_to_the_depth_are_undone(
    devnet: Devnet, engine: Engine, tmp_path: Path, depth: int
) -> None:
    build_heritage(devnet)
    devnet.mine(depth + 16)
    follower = Follower(devnet.node, devnet.deployment, engine)
    follower.catch_up()

    devnet.reorganise(depth)
    progress = follower.catch_up()

    assert progress.rolled_back == depth
    assert everything(engine) == from_zero(devnet, tmp_path)


def test_a_fork_below_the_depth_pauses_and_says_what_to_do(
    heritage: Heritage, devnet: Devnet, engine: Engine, tmp_path: Path
) -> None:
    devnet.mine(30)
    follower = Follower(devnet.node, devnet.deployment, engine, depth=4)
    follower.catch_up()
    before = everything(engine)

    devnet.reorganise(12)
    with pytest.raises(ReorgTooDeep, match="more than 4 blocks") as refused:
        follower.catch_up()

    assert "python -m chain.indexer repair" in str(refused.value)
    assert everything(engine) == before, "nothing is guessed"
    assert "reorganised" in (index.read_status(engine).paused_reason or "")

    assert follower.repair().rolled_back >= 12
    assert everything(engine) == from_zero(devnet, tmp_path)
    assert index.read_status(engine).paused_reason is None


def test_a_node_that_is_behind_is_waited_for_not_followed(
    heritage: Heritage, devnet: Devnet, follower: Follower, engine: Engine, store: Store
) -> None:
    devnet.mine(3)
    follower.catch_up()
    head = store.head()

    # The same chain, three blocks shorter, as a syncing node shows it.
    devnet.rpc("anvil_rollback", 3)

    with pytest.raises(StaleNode, match=f"block {head.number} was already seen"):
        follower.catch_up()
    assert store.head() == head


class FlakyNode(Node):
    """Fails at the n-th request, once, and answers before and after."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.ranges.blocks = 9
        self.fail_at = -1
        self.requests = 0

    def _count(self) -> None:
        self.requests += 1
        if self.requests == self.fail_at:
            raise RpcUnavailable(RpcFault.RESET, "eth_getLogs", self.endpoint)

    def headers(self, numbers: Any) -> Any:
        self._count()
        return super().headers(numbers)

    def logs_of_blocks(self, blocks: Any, filters: Any) -> Any:
        self._count()
        return super().logs_of_blocks(blocks, filters)

    def logs_from(self, first: int, last: int, filters: Any) -> Any:
        self._count()
        return super().logs_from(first, last, filters)


def test_a_failure_at_any_request_leaves_whole_blocks_and_the_next_run_completes(
    heritage: Heritage, devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_reading, "TIP_BLOCKS", 7)
    expected = from_zero(devnet, tmp_path)
    node = FlakyNode(devnet.node.endpoint)
    counted = open_database(f"sqlite:///{tmp_path / 'counted.sqlite'}")
    Follower(node, devnet.deployment, counted, depth=20).catch_up()
    counted.dispose()
    total = node.requests
    assert total > 8

    for fail_at in range(1, total + 1):
        node = FlakyNode(devnet.node.endpoint)
        node.fail_at = fail_at
        engine = open_database(f"sqlite:///{tmp_path / f'failed{fail_at}.sqlite'}")
        follower = Follower(node, devnet.deployment, engine, depth=20)
        with pytest.raises(RpcUnavailable):
            follower.catch_up()
        follower.catch_up()
        assert everything(engine) == expected
        engine.dispose()


def test_a_failure_between_rows_and_cursor_writes_neither(
    heritage: Heritage, follower: Follower, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(index, "_move", broken)
    with pytest.raises(OSError, match="disk full"):
        follower.catch_up()

    assert all(rows == [] for rows in everything(engine).values())


def test_two_indexers_on_one_database_do_not_write_twice(
    heritage: Heritage, follower: Follower, engine: Engine, devnet: Devnet
) -> None:
    follower.catch_up()
    before = everything(engine)
    stale = BlockPin(1, b"\1" * 32, 1)

    with pytest.raises(IndexMoved, match="stop one of the two"):
        index.advance(engine, stale, Batch([], Projection(), stale), head=1, depth=1)
    with pytest.raises(IndexMoved):
        index.roll_back(engine, stale, stale)

    assert everything(engine) == before


def test_another_projection_version_is_dropped_and_replayed(
    heritage: Heritage, follower: Follower, engine: Engine
) -> None:
    follower.catch_up()
    before = everything(engine)
    with writing(engine) as connection:
        connection.execute(update(tables.index_state).values(projection_version="older"))
        connection.exec_driver_sql("CREATE TABLE of_the_old_version (x INTEGER)")
        connection.exec_driver_sql("DROP TABLE payment")

    progress = follower.catch_up()

    assert progress.logs > 0
    assert everything(engine) == before
    with reading(engine) as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    assert "of_the_old_version" not in names


def test_an_index_of_another_chain_is_refused_and_kept(
    heritage: Heritage, follower: Follower, engine: Engine, store: Store
) -> None:
    follower.catch_up()
    head = store.head()

    with running_anvil("--timestamp", "1700000000") as endpoint:
        node = Node(endpoint)
        other = deploy_all(node, dev_signers(30))
        with pytest.raises(IndexOfAnotherChain, match="another chain"):
            Follower(node, other, engine).catch_up()

    assert store.head() == head


def test_an_index_of_another_deployment_is_refused(
    follower: Follower, engine: Engine, devnet: Devnet
) -> None:
    follower.catch_up()
    other = deploy_all(devnet.node, devnet.signers)

    with pytest.raises(IndexOfAnotherChain, match="another deployment"):
        Follower(devnet.node, other, engine).catch_up()


def test_a_log_our_abi_does_not_know_is_kept_and_told_of(
    heritage: Heritage,
    devnet: Devnet,
    follower: Follower,
    engine: Engine,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = Node.logs_of_blocks

    def lying(self: Node, blocks: Any, filters: Any) -> list[list[RawLog]]:
        answers = honest(self, blocks, filters)
        tx_hash = next(entries[0].tx_hash for entries in answers if entries)
        pin = next(pin for pin, entries in zip(blocks, answers, strict=True) if entries)
        strange = RawLog(
            pin.number, pin.hash, 99, tx_hash, devnet.ledger.address, (b"\7" * 32,), b""
        )
        return [
            [*entries, strange] if entries and entries[0].block_number == pin.number else entries
            for entries in answers
        ]

    monkeypatch.setattr(Node, "logs_of_blocks", lying)
    follower.catch_up()

    assert store.status().quarantined > 0
    assert "cannot be read" in caplog.text
    strange = [entry for entry in store.logs(at=store.head()) if entry.log_index == 99]
    assert len(strange) == store.status().quarantined
    assert follower.catch_up().blocks == 0, "the index goes on"


def test_logs_of_the_other_branch_are_not_taken(
    heritage: Heritage, follower: Follower, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Node.logs_of_blocks

    def lying(self: Node, blocks: Any, filters: Any) -> list[list[RawLog]]:
        return [
            [
                RawLog(
                    entry.block_number,
                    b"\5" * 32,
                    entry.log_index,
                    entry.tx_hash,
                    entry.address,
                    entry.topics,
                    entry.data,
                )
                for entry in entries
            ]
            for entries in honest(self, blocks, filters)
        ]

    monkeypatch.setattr(Node, "logs_of_blocks", lying)
    with pytest.raises(StaleNode):
        follower.catch_up()

    assert everything(engine)["payment"] == []


@pytest.mark.parametrize(
    "trouble", [RpcUnavailable(RpcFault.UNREACHABLE, "eth_blockNumber", "nowhere"), IndexMoved()]
)
def test_following_waits_for_a_node_and_for_whoever_was_faster(
    devnet: Devnet,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    caplog.set_level("INFO", "chain.indexer.follow")
    follower = Follower(devnet.node, devnet.deployment, engine)
    stop = threading.Event()
    honest, calls = follower.catch_up, []

    def first_away() -> Any:
        calls.append(len(calls))
        if len(calls) == 1:
            raise trouble
        stop.set()
        return honest()

    monkeypatch.setattr(follower, "catch_up", first_away)
    follower.follow(stop, poll_seconds=0)

    assert calls == [0, 1]
    assert Store(engine).head() == devnet.node.head()
    assert AT_THE_HEAD in caplog.messages


def test_nothing_indexed_yet_is_said_plainly(engine: Engine, store: Store, devnet: Devnet) -> None:
    with pytest.raises(IndexEmpty, match="indexer follow"):
        store.head()
    with pytest.raises(IndexEmpty):
        store.works(at=devnet.node.head())


def test_a_block_that_is_not_indexed_or_was_replaced_is_refused(
    heritage: Heritage, follower: Follower, store: Store, devnet: Devnet
) -> None:
    follower.catch_up()
    head = store.head()

    with pytest.raises(NotIndexedYet, match=f"block {head.number + 1} is not indexed"):
        store.works(at=BlockPin(head.number + 1, b"\0" * 32, 0))
    with pytest.raises(NotIndexedYet):
        store.works(at=BlockPin(head.number, b"\0" * 32, 0))


def test_a_reader_is_not_held_up_by_a_writer(
    heritage: Heritage, follower: Follower, engine: Engine, store: Store
) -> None:
    follower.catch_up()

    with writing(engine) as connection:
        connection.execute(update(tables.index_state).values(reorg_count=41))
        assert store.status().reorg_count == 0

    assert store.status().reorg_count == 41
