"""Nodes that lag, lie or disagree undo nothing, and what is stored is looked at again."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, delete, update

from chain.client.blocks import Header, RawLog
from chain.client.errors import AnswersDisagree, RpcFault, RpcUnavailable, StaleNode
from chain.client.node import Node
from chain.indexer import tables
from chain.indexer.database import writing
from chain.indexer.errors import IndexDiffers, ReorgUnconfirmed
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from tests.devnet import Devnet
from tests.heritage import Heritage, pay

ALL_BLOCKS = 500


class Frozen(Node):
    """Shows the chain as it was: what a node says that was cut off from the others."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.endpoint)
        head = node.head().number
        self._known = dict(enumerate(node.headers(range(head + 1))))

    def headers(self, numbers: Any) -> list[Header | None]:
        return [self._known.get(number) for number in numbers]


class Away(Node):
    def headers(self, numbers: Any) -> list[Header | None]:
        raise RpcUnavailable(RpcFault.UNREACHABLE, "eth_getBlockByNumber", self.endpoint)


def test_a_deep_fork_that_no_witness_confirms_undoes_nothing(
    heritage: Heritage, devnet: Devnet, engine: Engine, store: Store
) -> None:
    pay(devnet, heritage.works[0], 1_000)
    witnesses = [Away(devnet.node.endpoint), Frozen(devnet.node)]
    follower = Follower(devnet.node, devnet.deployment, engine, witnesses=witnesses)
    head = follower.catch_up().cursor

    devnet.reorganise(3)
    with pytest.raises(ReorgUnconfirmed, match="which node is wrong"):
        follower.catch_up()
    assert store.head() == head
    assert "no other endpoint" in (store.status().paused_reason or "")

    agreeing = Follower(
        devnet.node, devnet.deployment, engine, witnesses=[*witnesses, Node(devnet.node.endpoint)]
    )
    assert agreeing.catch_up().rolled_back == 3
    assert store.status().paused_reason is None


def test_a_shallow_fork_needs_no_witness(
    heritage: Heritage, devnet: Devnet, engine: Engine
) -> None:
    witnesses = [Frozen(devnet.node)]
    follower = Follower(devnet.node, devnet.deployment, engine, witnesses=witnesses)
    follower.catch_up()
    devnet.reorganise(2)

    assert follower.catch_up().rolled_back == 2


def test_a_node_far_behind_is_no_fork_however_little_is_kept(
    heritage: Heritage, devnet: Devnet, engine: Engine, store: Store
) -> None:
    devnet.mine(30)
    follower = Follower(devnet.node, devnet.deployment, engine, depth=4)
    head = follower.catch_up().cursor

    devnet.rpc("anvil_rollback", 25)
    with pytest.raises(StaleNode, match="was already seen"):
        follower.catch_up()

    assert store.head() == head
    assert store.status().reorg_count == 0


def test_a_block_that_a_node_leaves_out_is_not_taken_for_a_fork(
    heritage: Heritage,
    devnet: Devnet,
    follower: Follower,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = follower.catch_up().cursor
    devnet.mine(2)
    honest = Node.headers

    def forgetful(self: Node, numbers: Any) -> list[Header | None]:
        return [
            None if number == head.number else header
            for number, header in zip(numbers, honest(self, numbers), strict=True)
        ]

    monkeypatch.setattr(Node, "headers", forgetful)
    with pytest.raises(AnswersDisagree, match="use another node"):
        follower.catch_up()

    assert store.head() == head


@pytest.mark.parametrize("depth", [1, 256], ids=["by range", "by hash"])
@pytest.mark.parametrize("lie", [{"tx_hash": b"\5" * 32}, {"block_hash": b"\5" * 32}], ids=str)
def test_a_log_of_a_transaction_or_block_that_is_not_there_is_not_taken(
    heritage: Heritage,
    devnet: Devnet,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    depth: int,
    lie: dict[str, bytes],
) -> None:
    by_hash, by_range = Node.logs_of_blocks, Node.logs_from

    def twisted(log: RawLog) -> RawLog:
        return msgspec.structs.replace(log, **lie)

    monkeypatch.setattr(
        Node,
        "logs_of_blocks",
        lambda *given: [[twisted(log) for log in logs] for logs in by_hash(*given)],
    )

    def lying(*given: Any) -> tuple[int, list[RawLog]]:
        upto, logs = by_range(*given)
        return upto, [twisted(log) for log in logs]

    monkeypatch.setattr(Node, "logs_from", lying)
    with pytest.raises(StaleNode):
        Follower(devnet.node, devnet.deployment, engine, depth=depth).catch_up()

    assert Store(engine).logs(at=Store(engine).head()) == []


def test_an_audit_of_an_honest_index_finds_nothing(
    heritage: Heritage, follower: Follower, store: Store
) -> None:
    follower.catch_up()

    follower.audit(ALL_BLOCKS, random.Random(1))

    assert store.status().paused_reason is None


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (update(tables.payment).values(amount=1), "table payment"),
        (delete(tables.payment), "table payment"),
        (update(tables.log).values(data=b"\7" * 32), "log"),
        (delete(tables.log).where(tables.log.c.log_index == 0), "log 0"),
        (update(tables.block).values(hash=b"\5" * 32), "is another one"),
    ],
    ids=["edited row", "lost row", "edited log", "lost log", "other block"],
)
def test_an_audit_finds_what_was_changed_and_pauses(
    heritage: Heritage, follower: Follower, engine: Engine, store: Store, what: Any, found: str
) -> None:
    follower.catch_up()
    with writing(engine) as connection:
        connection.execute(what)

    with pytest.raises(IndexDiffers, match="reindex") as told:
        follower.audit(ALL_BLOCKS, random.Random(1))

    assert any(found in difference for difference in told.value.differences)
    assert "are not what the chain says" in (store.status().paused_reason or "")


def test_an_audit_during_a_fork_blames_nobody(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()
    devnet.reorganise(5)

    follower.audit(ALL_BLOCKS, random.Random(1))

    assert store.status().paused_reason is None
