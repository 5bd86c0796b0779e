"""kill -9 anywhere from a filed segment to the last payee; reorganisations; a node away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from chain.client.errors import RpcUnavailable
from chain.client.node import Node
from oracle.epoch_book import EpochState
from tests.devnet import Devnet
from tests.oracle.conftest import World, open_world

PLAYS = 30

KILL_POINTS = (
    "segment-before-commit",
    "segment-after-commit",
    "epoch-before-seal",
    "epoch-seal-before-commit",
    "epoch-seal-after-commit",
    "signature-remembered",
    "epoch-attested",
    "signed-before-persist",
    "persist-before-commit",
    "persist-after-commit",
    "epoch-queued",
    "before-broadcast",
    "after-broadcast",
    "after-sent-mark",
    "receipt-before-mark",
    "after-mined-mark",
    "before-final-mark",
    "after-final-mark",
    "epoch-final",
    "push-decided",
)


def whole_epoch(world: World) -> None:
    """File, seal, sign, post, wait for the window, pay: what a worker does after any restart."""
    world.file_plays(PLAYS, occurred_at=OCCURRED_AT[0])
    if not world.service.status().epochs:
        world.service.seal_epoch()
    world.service.collect_signatures()
    assert world.service.post_epoch().state is EpochState.FINAL
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    payday = world.service.activate_and_push()
    assert payday is None or payday.complete


# Plays are the same events before and after a kill, so their time is fixed once per test.
OCCURRED_AT = [0]


def work_in_a_child(world: World, reached: Callable[[str], None]) -> int:
    """The whole epoch in a process of its own, on connections of its own; its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            node = Node(world.devnet.node.endpoint)
            devnet = Devnet(node, world.devnet.deployment, world.devnet.signers)
            whole_epoch(open_world(devnet, world.heritage, world.folder, reached=reached))
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(moment: str) -> Callable[[str], None]:
    return lambda reached: os.kill(os.getpid(), signal.SIGKILL) if reached == moment else None


@pytest.mark.parametrize("moment", KILL_POINTS)
def test_an_oracle_killed_anywhere_pays_everybody_once(world: World, moment: str) -> None:
    world.fund()
    OCCURRED_AT[0] = world.now()
    world.outbox.close()

    assert work_in_a_child(world, kill_at(moment)) == -signal.SIGKILL
    world.reopen()
    whole_epoch(world)

    at, token = world.devnet.node.head(), world.devnet.deployment.token
    lane = world.devnet.distributor.lane_of(token, at=at)
    (row,) = world.service.status().epochs
    assert world.devnet.oracle.last_epoch(at=at) == 1
    assert row.report.event_count == PLAYS
    assert lane.claimed == lane.committed == row.report.cumulative_total
    assert world.service.status().events == {"counted": PLAYS}
    assert set(world.service.status().transactions) == {"FINAL"}
    assert world.service.activate_and_push() is None


def test_a_posted_epoch_that_a_reorganisation_drops_is_posted_again(world: World) -> None:
    world.fund()
    world.devnet.mine(3)
    world.reopen(final_depth=2)
    world.file_plays(PLAYS)
    world.devnet.mine(2)
    world.service.seal_epoch()
    world.service.collect_signatures()
    assert world.service.post_epoch().state is EpochState.MINED
    world.devnet.reorganise(1)
    at = world.devnet.node.head()
    assert world.devnet.oracle.last_epoch(at=at) == 0

    world.service.resend()
    world.service.resend()
    world.devnet.mine(2)

    assert world.service.post_epoch().state is EpochState.FINAL
    at = world.devnet.node.head()
    standing = world.devnet.distributor.standing_report(world.devnet.deployment.token, 1, at=at)
    assert standing == world.service.status().epochs[0].report_hash


def test_a_node_that_is_away_changes_nothing(world: World) -> None:
    world.fund()
    world.file_plays(PLAYS)
    away = open_world(
        Devnet(Node("http://127.0.0.1:9"), world.devnet.deployment, world.devnet.signers),
        world.heritage,
        world.folder / "away",
    )
    before = world.service.status()

    for step in (
        away.service.tick,
        away.service.seal_epoch,
        away.service.open_epoch_status,
        away.service.status,
        lambda: away.service.file_segment(b"", b""),
    ):
        with pytest.raises(RpcUnavailable):
            step()

    away.outbox.close()
    assert world.service.status() == before
