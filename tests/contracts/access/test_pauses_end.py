"""A pause stops what comes in, for fourteen days at most, and never what goes out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, by

GUARDIAN = 2
LONGEST = GAP = 14 * DAY


@pytest.fixture(scope="module")
def guardian(council: Any) -> Any:
    return council


@pytest.fixture(scope="module")
def turnstile(Turnstile: Any, Authority: Any, guardian: Any, deployer: Any) -> Any:
    authority = Authority.deploy(deployer, by(deployer))
    turnstile = Turnstile.deploy(authority, by(deployer))
    selectors = [turnstile.pause.signature, turnstile.unpause.signature]
    authority.setTargetFunctionRole(turnstile, selectors, GUARDIAN, by(deployer))
    authority.grantRole(GUARDIAN, guardian, 0, by(deployer))
    turnstile.enter(by(deployer))
    return turnstile


def test_nothing_is_paused_at_first(turnstile, stranger):
    turnstile.enter(by(stranger))

    assert turnstile.pausedUntil() == 0
    assert turnstile.inside() == 2


def test_a_pause_stops_what_comes_in_and_nothing_else(turnstile, guardian, stranger):
    tx = turnstile.pause(by(guardian))
    until = tx.timestamp + LONGEST

    assert dict(tx.events["PauseBegan"]) == {"guardian": guardian, "until": until}
    with refused("NewMoneyPaused", until):
        turnstile.enter(by(stranger))
    turnstile.leave(by(stranger))


def test_a_pause_ends_by_itself_to_the_second(turnstile, guardian, stranger, mine_at):
    until = turnstile.pause(by(guardian)).timestamp + LONGEST

    mine_at(until - 1)
    with refused("NewMoneyPaused", until):
        turnstile.enter.call(by(stranger))
    mine_at(until)
    turnstile.enter(by(stranger))


def test_a_pause_cannot_be_renewed_before_the_gap_is_over(turnstile, guardian, mine_at):
    until = turnstile.pause(by(guardian)).timestamp + LONGEST

    with refused("PauseTooSoon", until + GAP):
        turnstile.pause(by(guardian))
    mine_at(until + GAP - 10)
    with refused("PauseTooSoon", until + GAP):
        turnstile.pause.call(by(guardian))
    mine_at(until + GAP)
    turnstile.pause(by(guardian))


def test_a_pause_ended_early_shortens_no_gap(turnstile, guardian, stranger, devnet):
    turnstile.pause(by(guardian))
    devnet.sleep(DAY)
    tx = turnstile.unpause(by(guardian))

    assert dict(tx.events["PauseEnded"]) == {"guardian": guardian}
    turnstile.enter(by(stranger))
    with refused("PauseTooSoon", tx.timestamp + GAP):
        turnstile.pause(by(guardian))


def test_only_a_pause_that_is_on_is_ended(turnstile, guardian, devnet):
    with refused("NotPaused"):
        turnstile.unpause(by(guardian))

    turnstile.pause(by(guardian))
    devnet.sleep(LONGEST)
    with refused("NotPaused"):
        turnstile.unpause(by(guardian))


@pytest.mark.parametrize("function", ["pause", "unpause"])
def test_only_the_guardian_pauses(turnstile, stranger, function):
    method = getattr(turnstile, function)

    with refused("NotPermitted", stranger.address, bytes.fromhex(method.signature[2:])):
        method(by(stranger))
