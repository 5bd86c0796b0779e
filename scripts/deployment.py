"""Deploys every contract, wired for good, and hands the roles out.

Contracts that name each other are given addresses predicted from the deployer's nonce (CREATE), so
that every reference can be an immutable and nobody holds a key that could rewire the money path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from scripts.access import Holder, access_calls

ZERO_ADDRESS: Final = "0x0000000000000000000000000000000000000000"

# The order of deployment is the order of nonces.
DEPLOYMENT_ORDER: Final = (
    "Authority",
    "ConsentRegistry",
    "WorkRegistry",
    "LicenceRegistry",
    "DerivativeGraph",
    "RoyaltyLedger",
    "UsageOracle",
    "EpochDistributor",
)


@dataclass(frozen=True)
class DeploymentPlan:
    """Everything a deployment decides. Who holds a role can change; what is wired cannot.

    Where no guardian, operator admin or admin is named, the council, the admin and the deployer
    stand in: fit for a development chain. `curator_delay_seconds` of None is the role's own.
    """

    curator: str
    council: str
    operators: tuple[str, ...]
    threshold: int
    window_seconds: int
    court: str = ZERO_ADDRESS
    guardian: str | None = None
    operator_admin: str | None = None
    admin: str | None = None
    curator_delay_seconds: int | None = None

    def admin_of(self, deployer: str) -> str:
        return self.admin or deployer

    def holders(self, deployer: str) -> tuple[Holder, ...]:
        return (
            Holder("curator", self.curator, self.curator_delay_seconds),
            Holder("guardian", self.guardian or self.council),
            Holder("council", self.council),
            Holder("operator admin", self.operator_admin or self.admin_of(deployer)),
        )


def constructor_arguments(
    plan: DeploymentPlan, deployer: str, at: dict[str, str]
) -> dict[str, tuple[Any, ...]]:
    """What each contract is told at its birth; `at` has the address of every one of them."""
    return {
        "Authority": (deployer,),
        "ConsentRegistry": (at["WorkRegistry"],),
        "WorkRegistry": (at["ConsentRegistry"],),
        "LicenceRegistry": (
            at["WorkRegistry"],
            at["ConsentRegistry"],
            at["RoyaltyLedger"],
            at["UsageOracle"],
        ),
        "DerivativeGraph": (at["WorkRegistry"], at["LicenceRegistry"]),
        "RoyaltyLedger": (
            at["WorkRegistry"],
            at["DerivativeGraph"],
            at["LicenceRegistry"],
            plan.court,
            plan.curator,
        ),
        "UsageOracle": (
            at["LicenceRegistry"],
            at["EpochDistributor"],
            list(plan.operators),
            plan.threshold,
        ),
        "EpochDistributor": (at["UsageOracle"], plan.council, plan.window_seconds),
    }


def deploy_all(project: Any, deployer: Any, plan: DeploymentPlan) -> dict[str, Any]:
    """Deploy through Brownie, hand the roles out, and return the contracts by name.

    Raises `RuntimeError` when an address differs from its prediction: something was sent between.
    """
    nonce = deployer.nonce
    at = {
        name: deployer.get_deployment_address(nonce + offset)
        for offset, name in enumerate(DEPLOYMENT_ORDER)
    }
    arguments = constructor_arguments(plan, deployer.address, at)
    deployed = {}
    for name in DEPLOYMENT_ORDER:
        contract = deployer.deploy(project[name], *arguments[name], silent=True)
        if contract.address != at[name]:
            raise RuntimeError(f"{name} landed at {contract.address}, not at {at[name]}")
        deployed[name] = contract
    calls = access_calls(
        at,
        plan.holders(deployer.address),
        admin=plan.admin_of(deployer.address),
        deployer=deployer.address,
    )
    deployed["Authority"].multicall(calls, {"from": deployer, "silent": True})
    return deployed
