"""A restricted function answers its role alone, and a role with a delay only what it announced."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, by

KEEPER = 7
DELAY = 2 * DAY


@pytest.fixture(scope="module")
def authority(Authority: Any, deployer: Any) -> Any:
    return Authority.deploy(deployer, by(deployer))


@pytest.fixture(scope="module")
def turnstile(Turnstile: Any, authority: Any, curator: Any, council: Any, deployer: Any) -> Any:
    """Its capacity is set by keepers: the curator at once, the council after two days."""
    turnstile = Turnstile.deploy(authority, by(deployer))
    selectors = [turnstile.setCapacity.signature]
    authority.setTargetFunctionRole(turnstile, selectors, KEEPER, by(deployer))
    authority.grantRole(KEEPER, curator, 0, by(deployer))
    authority.grantRole(KEEPER, council, DELAY, by(deployer))
    return turnstile


def test_a_role_without_delay_acts_at_once(turnstile, curator):
    turnstile.setCapacity(80, by(curator))

    assert turnstile.capacity() == 80


def test_others_are_refused_by_name_and_function(turnstile, stranger):
    selector = bytes.fromhex(turnstile.setCapacity.signature[2:])

    with refused("NotPermitted", stranger.address, selector):
        turnstile.setCapacity(80, by(stranger))


def test_a_delayed_role_acts_only_on_what_it_scheduled(turnstile, authority, council, devnet):
    call = turnstile.setCapacity.encode_input(80)
    with refused("AccessManagerNotScheduled"):
        turnstile.setCapacity(80, by(council))

    authority.schedule(turnstile, call, 0, by(council))
    with refused("AccessManagerNotReady"):
        turnstile.setCapacity(80, by(council))
    devnet.sleep(DELAY)
    with refused("AccessManagerNotScheduled"):
        turnstile.setCapacity(81, by(council))
    turnstile.setCapacity(80, by(council))

    assert turnstile.capacity() == 80
    with refused("AccessManagerNotScheduled"):
        turnstile.setCapacity(80, by(council))


def test_a_scheduled_call_can_be_executed_through_the_authority(
    turnstile, authority, council, devnet
):
    call = turnstile.setCapacity.encode_input(90)
    authority.schedule(turnstile, call, 0, by(council))
    devnet.sleep(DELAY)

    authority.execute(turnstile, call, by(council))

    assert turnstile.capacity() == 90


def test_nobody_ticks_a_scheduled_call_off_in_passing(turnstile, authority, council, devnet):
    call = turnstile.setCapacity.encode_input(80)
    authority.schedule(turnstile, call, 0, by(council))
    devnet.sleep(DELAY)

    assert turnstile.isConsumingScheduledOp() == "0x00000000"
    with refused("AccessManagerUnauthorizedConsume", turnstile.address):
        authority.consumeScheduledOp.call(council, call, {"from": turnstile.address})


def test_no_admin_exchanges_the_authority(turnstile, authority, deployer, stranger):
    with pytest.raises(Exception, match="revert"):
        authority.updateAuthority(turnstile, stranger, by(deployer))

    assert turnstile.authority() == authority
