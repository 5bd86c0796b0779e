"""A deployment gives every restricted function to one role, and keeps no power for the deployer."""

from __future__ import annotations

import re
from typing import Any

import brownie
import pytest

from chain.client.interfaces import interface
from scripts.access import ADMIN_DELAY_SECONDS, ADMIN_ROLE, ROLES, RULES
from scripts.deployment import DEPLOYMENT_ORDER, DeploymentPlan, deploy_all
from scripts.export_abi import imports_of, source_of, unit_of
from tests.contracts.refusals import refused
from tests.contracts.rights import by

RESTRICTED = re.compile(r"function (\w+)\([^)]*\)[^{;]*\brestricted\b", re.DOTALL)


def restricted_functions(name: str) -> set[str]:
    """By the source: those of the contract itself, and of the abstract ones it is made of; one that
    is only imported gives it none."""
    waiting, seen, found = [unit_of(name)], set[str](), set[str]()
    while waiting:
        unit = waiting.pop()
        text = source_of(unit).read_text()
        if unit in seen or (seen and "abstract contract" not in text):
            continue
        seen.add(unit)
        found |= set(RESTRICTED.findall(text))
        waiting += [base for base in imports_of(unit, text) if base.startswith("contracts/")]
    return found & set(interface(name).functions)


@pytest.fixture(scope="module")
def plan(accounts: Any, curator: Any, council: Any, operators: list[Any]) -> DeploymentPlan:
    return DeploymentPlan(
        curator=curator.address,
        council=council.address,
        guardian=accounts[17].address,
        operator_admin=accounts[18].address,
        admin=accounts[19].address,
        operators=tuple(sorted((o.address for o in operators), key=str.lower)),
        threshold=3,
        window_seconds=7_200,
    )


@pytest.fixture(scope="module")
def deployed(deployer: Any, plan: DeploymentPlan) -> dict[str, Any]:
    return deploy_all(brownie.project.get_loaded_projects()[0], deployer, plan)


def test_each_role_has_its_holder_and_its_delay(deployed, plan):
    authority = deployed["Authority"]
    holders = {h.role: h.account for h in plan.holders("nobody")}

    assert set(holders) == set(ROLES)
    for name, role in ROLES.items():
        assert authority.hasRole(role.number, holders[name]) == (True, role.delay_seconds)
        for other in {h for n, h in holders.items() if n != name}:
            assert authority.hasRole(role.number, other)[0] is False
    assert authority.hasRole(ADMIN_ROLE, plan.admin) == (True, ADMIN_DELAY_SECONDS)


def test_the_deployer_keeps_no_role(deployed, deployer):
    authority = deployed["Authority"]

    for number in (ADMIN_ROLE, *(role.number for role in ROLES.values())):
        assert authority.hasRole(number, deployer)[0] is False


def test_what_a_curator_announced_a_guardian_takes_back(
    deployed, plan, curator, accounts, stranger, deployer, devnet
):
    """Sixteen worthless coins would take the place of all that come later, for good."""
    authority, ledger = deployed["Authority"], deployed["RoyaltyLedger"]
    guardian = accounts.at(plan.guardian)
    call = ledger.acceptToken.encode_input(deployed["DevStablecoin"])
    authority.schedule(ledger, call, 0, by(curator))
    announced = (curator, ledger, call)
    for role, guard in ((role, ROLES.get(role.guardian)) for role in ROLES.values()):
        expected = guard.number if guard else ADMIN_ROLE
        assert authority.getRoleGuardian(role.number) == expected
    for outsider in (stranger, deployer):
        with refused("AccessManagerUnauthorizedCancel"):
            authority.cancel(*announced, by(outsider))

    authority.cancel(*announced, by(guardian))
    devnet.sleep(ROLES["curator"].delay_seconds)

    with refused("AccessManagerNotScheduled"):
        ledger.acceptToken(deployed["DevStablecoin"], by(curator))
    assert not ledger.isAccepted(deployed["DevStablecoin"])


def test_every_restricted_function_has_a_role_of_its_own():
    ruled = {(rule.contract, function) for rule in RULES for function in rule.functions}
    written = {
        (name, function)
        for name in DEPLOYMENT_ORDER
        if name != "Authority"
        for function in restricted_functions(name)
    }

    assert ruled == written


def test_the_rules_are_those_of_the_authority(deployed):
    for rule in RULES:
        functions = interface(rule.contract).functions
        for name in rule.functions:
            role = deployed["Authority"].getTargetFunctionRole(
                deployed[rule.contract], functions[name].selector
            )
            assert role == ROLES[rule.role].number
