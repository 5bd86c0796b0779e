"""Pauses: what is left undone while they hold, and that they outlive a process."""

from __future__ import annotations

import pytest

from oracle.epoch_book import EpochState
from oracle.operations.pausing import REASON_CHARACTERS_MAX, PauseLevel, Pauses
from tests.devnet import RELAY
from tests.oracle.conftest import World


def test_no_epoch_is_sealed_while_sealing_is_paused(world: World) -> None:
    world.fund()
    world.file_plays(10)
    world.service.pauses.begin(PauseLevel.SEAL, "a producer's key was stolen", now=1_700_000_000)

    paused = world.service.tick()
    world.service.pauses.end(PauseLevel.SEAL)
    world.service.tick()

    assert paused.troubles == ["seal is paused: a producer's key was stolen"]
    assert [row.state for row in world.service.watch.epochs()] == [EpochState.FINAL]


def test_a_sealed_epoch_is_not_signed_while_sealing_is_paused(world: World) -> None:
    world.fund()
    world.file_plays(10)
    world.service.seal_epoch()
    world.service.pauses.begin(PauseLevel.SEAL, "wait", now=1)

    world.service.tick()

    assert [row.state for row in world.service.watch.epochs()] == [EpochState.SEALED]


def test_nothing_is_sent_while_sending_is_paused(world: World) -> None:
    world.fund()
    world.file_plays(10)
    nonce = world.devnet.node.nonce(world.devnet.address(RELAY))
    world.service.pauses.begin(PauseLevel.SUBMIT, "fees are absurd", now=1)

    report = world.service.tick()
    sent = world.devnet.node.nonce(world.devnet.address(RELAY)) - nonce
    world.service.pauses.end(PauseLevel.SUBMIT)
    world.service.tick()

    assert report.done == ["epoch 1 sealed: 10 events", "epoch 1 signed by 5 operators"]
    assert sent == 0
    assert [row.state for row in world.service.watch.epochs()] == [EpochState.FINAL]


def test_a_pause_outlives_its_process_and_keeps_its_first_reason(world: World) -> None:
    world.service.pauses.begin(PauseLevel.SUBMIT, "first", now=5)
    world.service.pauses.begin(PauseLevel.SUBMIT, "second", now=6)

    pauses = world.reopen().service.pauses.all()

    assert [(p.level, p.reason, p.since) for p in pauses] == [(PauseLevel.SUBMIT, "first", 5)]
    assert world.service.pauses.end(PauseLevel.SUBMIT)
    assert not world.service.pauses.end(PauseLevel.SUBMIT)
    assert not Pauses(world.outbox).holds(PauseLevel.SUBMIT)


@pytest.mark.parametrize("reason", ["", "   ", "x" * (REASON_CHARACTERS_MAX + 1)])
def test_a_pause_says_why(world: World, reason: str) -> None:
    with pytest.raises(ValueError, match="say why, in 1 to 500 characters"):
        world.service.pauses.begin(PauseLevel.SEAL, reason, now=1)
