"""The keeper of the direct lane: every payee paid without asking, and nothing sent twice."""

from __future__ import annotations

from chain.ledger.identifiers import WorkId
from tests.heritage import pay
from tests.oracle.conftest import World

TOKENS_PAID = 41_234_567


def due(world: World, work: WorkId) -> dict[str, int]:
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    split = world.heritage.splits[work]
    return {
        share.payee: world.devnet.ledger.due_to(work, token, 1, split, share.payee, at=at)
        for share in split.shares
    }


def test_a_payment_for_a_derivative_reaches_every_payee_up_the_tree(world: World) -> None:
    gong, _, chant = world.heritage.works
    pay(world.devnet, world.heritage.derivative, TOKENS_PAID)

    kept = world.service.keep_direct_lane()

    assert kept.refused == ()
    assert sum(intent.startswith("settle:") for intent in kept.decided) == 1
    rejecting = world.heritage.rejecting_payee
    left = {
        payee: amount
        for work in (world.heritage.derivative, gong, chant)
        for payee, amount in due(world, work).items()
        if amount
    }
    assert set(left) == {rejecting}


def test_looking_again_without_new_money_sends_nothing(world: World) -> None:
    pay(world.devnet, world.heritage.works[0], TOKENS_PAID)
    assert world.service.keep_direct_lane().decided
    before = world.devnet.node.head().number

    again = world.service.keep_direct_lane()
    after_restart = world.reopen().service.keep_direct_lane()

    assert again.decided == ()
    assert after_restart.decided == ()
    assert world.devnet.node.head().number == before


def test_a_payee_who_cannot_be_paid_is_tried_again_only_with_new_money(world: World) -> None:
    chant = world.heritage.works[2]
    pay(world.devnet, chant, TOKENS_PAID)
    world.service.keep_direct_lane()
    waiting = due(world, chant)[world.heritage.rejecting_payee]
    assert waiting > 0
    assert world.service.keep_direct_lane().decided == ()

    pay(world.devnet, chant, TOKENS_PAID)

    assert len(world.service.keep_direct_lane().decided) == 1
    assert due(world, chant)[world.heritage.rejecting_payee] > waiting


def test_one_tick_does_everything_that_can_be_done(world: World) -> None:
    world.fund()
    pay(world.devnet, world.heritage.works[0], TOKENS_PAID)
    world.file_plays(12)

    first = world.service.tick()
    waiting = world.service.tick()
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    last = world.service.tick()

    assert first.troubles == []
    assert first.done[-3:] == [
        "epoch 1 sealed: 12 events",
        "epoch 1 signed by 5 operators",
        "epoch 1 is FINAL",
    ]
    assert waiting.done == []
    assert last.done == ["epoch 1: 3 payees paid, 0 deferred"]
    assert world.service.tick().done == []
