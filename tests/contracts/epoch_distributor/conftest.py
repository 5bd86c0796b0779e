"""A distributor whose oracle and council are plain accounts, and a funded lane."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from brownie.project import get_loaded_projects

from tests.contracts.royalty_ledger.stage import (
    EVERYTHING,
    PayoutTree,
    ascending,
    by,
    deploy_distributor,
)

WINDOW = 7_200
FUNDS = 10**12


@pytest.fixture(autouse=True)
def isolation(fn_isolation: Any) -> None:
    """Every test starts from the module's state."""


@pytest.fixture(scope="module")
def roles(accounts: Any) -> SimpleNamespace:
    names = ("deployer", "oracle", "council", "platform", "keeper")
    return SimpleNamespace(**dict(zip(names, accounts[:5], strict=True)))


@pytest.fixture(scope="module")
def contracts() -> Any:
    return get_loaded_projects()[0]


@pytest.fixture(scope="module")
def distributor(contracts: Any, roles: SimpleNamespace) -> Any:
    return deploy_distributor(contracts, roles.deployer, roles.oracle, roles.council, WINDOW)


@pytest.fixture(scope="module")
def token(DevStablecoin: Any, distributor: Any, roles: SimpleNamespace) -> Any:
    return prepare(DevStablecoin.deploy(by(roles.deployer)), distributor, roles)


def prepare(token: Any, distributor: Any, roles: SimpleNamespace) -> Any:
    """Gives the platform plenty of a token and the distributor the allowance."""
    token.mint(roles.platform, 10**40, by(roles.deployer))
    token.approve(distributor, EVERYTHING, by(roles.platform))
    return token


def put_in(distributor: Any, token: Any, amount: int, roles: SimpleNamespace) -> None:
    """Money that roots may promise: the platform funded it, and was charged for its use."""
    distributor.fund(token, amount, by(roles.platform))
    distributor.charge(token, [(roles.platform, amount)], by(roles.oracle))


@pytest.fixture
def lane(distributor: Any, token: Any, roles: SimpleNamespace) -> Any:
    """The token, with funds in the distributor that are charged for use already."""
    put_in(distributor, token, FUNDS, roles)
    return token


@pytest.fixture(scope="module")
def payees(accounts: Any) -> list[str]:
    return ascending(*accounts[8:16])


@pytest.fixture
def activate(distributor: Any, roles: SimpleNamespace, chain: Any) -> Any:
    """Proposes a tree of payouts, waits its window out and activates it."""
    epochs = iter(range(1, 1_000))

    def activate(token: Any, payouts: dict[str, int]) -> PayoutTree:
        tree = PayoutTree(token, payouts)
        distributor.propose(*tree.proposal(next(epochs), token), by(roles.oracle))
        chain.sleep(WINDOW)
        distributor.activate(token, by(roles.keeper))
        return tree

    return activate
