"""Deploys the seven contracts, wired for good.

Contracts that name each other are given addresses predicted from the deployer's nonce (CREATE), so
that every reference can be an immutable and nobody holds a key that could rewire the money path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"

# The order of deployment is the order of nonces.
DEPLOYMENT_ORDER = (
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
    """Everything a deployment decides and nobody can change afterwards."""

    curator: str
    council: str
    operators: tuple[str, ...]
    threshold: int
    window_seconds: int
    court: str = ZERO_ADDRESS


def deploy_all(project: Any, deployer: Any, plan: DeploymentPlan) -> dict[str, Any]:
    """Deploy through Brownie and return the contracts by name.

    Raises `RuntimeError` when an address differs from its prediction: something was sent between.
    """
    nonce = deployer.nonce
    at = {
        name: deployer.get_deployment_address(nonce + offset)
        for offset, name in enumerate(DEPLOYMENT_ORDER)
    }
    arguments: dict[str, tuple[Any, ...]] = {
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
    deployed = {}
    for name in DEPLOYMENT_ORDER:
        contract = deployer.deploy(project[name], *arguments[name], silent=True)
        if contract.address != at[name]:
            raise RuntimeError(f"{name} landed at {contract.address}, not at {at[name]}")
        deployed[name] = contract
    return deployed
