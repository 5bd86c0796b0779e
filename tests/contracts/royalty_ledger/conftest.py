"""A ledger with two originals, one derivative of them, and a court."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.contracts.royalty_ledger.stage import (
    DERIVATIVE,
    EVERYTHING,
    RECORDING,
    SCALE,
    ascending,
    by,
    double,
    vector_bytes,
)

CHANT, DRUM, REMIX, UNLINKED, UNKNOWN = 1, 2, 3, 4, 99
REMIX_VECTOR = {CHANT: SCALE // 10, DRUM: SCALE // 4}


@pytest.fixture(autouse=True)
def isolation(fn_isolation: Any) -> None:
    """Every test starts from the module's state."""


@pytest.fixture(scope="module")
def roles(accounts: Any) -> SimpleNamespace:
    names = ("deployer", "curator", "steward", "licence_registry", "payer", "stranger")
    return SimpleNamespace(**dict(zip(names, accounts[:6], strict=True)))


@pytest.fixture(scope="module")
def around(roles: SimpleNamespace) -> Any:
    around = double("Surroundings").deploy(by(roles.deployer))
    for work, kind in {
        CHANT: RECORDING,
        DRUM: RECORDING,
        REMIX: DERIVATIVE,
        UNLINKED: DERIVATIVE,
    }.items():
        around.register(work, roles.steward, kind, by(roles.deployer))
    around.link(REMIX, vector_bytes(REMIX_VECTOR), by(roles.deployer))
    around.permit(roles.curator, by(roles.deployer))
    return around


@pytest.fixture(scope="module")
def deploy(RoyaltyLedger: Any, around: Any, roles: SimpleNamespace) -> Any:
    """Deploys another ledger; `court` is one that freezes what `around` is told to."""

    def deploy(court: Any = around) -> Any:
        wiring = (around, around, around, roles.licence_registry, court, around)
        return RoyaltyLedger.deploy(*wiring, by(roles.deployer))

    return deploy


@pytest.fixture(scope="module")
def ledger(deploy: Any, around: Any, roles: SimpleNamespace) -> Any:
    ledger = deploy()
    around.preside(ledger, by(roles.deployer))
    return ledger


def funded(token: Any, ledger: Any, roles: SimpleNamespace) -> Any:
    token.mint(roles.payer, 10**30, by(roles.deployer))
    token.approve(ledger, EVERYTHING, by(roles.payer))
    return token


@pytest.fixture(scope="module")
def token(DevStablecoin: Any, ledger: Any, roles: SimpleNamespace) -> Any:
    coin = funded(DevStablecoin.deploy(by(roles.deployer)), ledger, roles)
    ledger.acceptToken(coin, by(roles.curator))
    return coin


@pytest.fixture(scope="module")
def accept(ledger: Any, roles: SimpleNamespace) -> Any:
    """Accepts a token and gives the payer plenty of it."""

    def accept(token: Any) -> Any:
        ledger.acceptToken(token, by(roles.curator))
        return funded(token, ledger, roles)

    return accept


@pytest.fixture(scope="module")
def payees(accounts: Any) -> list[str]:
    return ascending(*accounts[10:14])


@pytest.fixture
def thirds(ledger: Any, payees: list[str], roles: SimpleNamespace) -> list[tuple[str, int]]:
    """The chant's split: three payees, as even as basis points go."""
    shares = list(zip(payees, (3_333, 3_333, 3_334), strict=False))
    ledger.setSplit(CHANT, shares, by(roles.steward))
    return shares
