"""Deploys every contract, wired for good, and hands the roles out.

Contracts that name each other are given addresses predicted from the deployer's nonce (CREATE), so
that every reference can be an immutable and nobody holds a key that could rewire the money path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from scripts.access import Holder, access_calls

DEV_COIN: Final = "DevStablecoin"
DEV_ETHER: Final = "DevEther"
NO_TOKEN: Final = "0x" + "00" * 20
MINIMUM_BOND: Final = 25_000_000

DEPLOYMENT_ORDER: Final = (
    "Authority",
    "ConsentRegistry",
    "WorkRegistry",
    "LicenceRegistry",
    "DerivativeGraph",
    "RoyaltyLedger",
    "UsageOracle",
    "EpochDistributor",
    "CouncilArbiter",
    "ElderArbiter",
    "DisputeCourt",
    "SharingRules",
    "DirectReports",
)


@dataclass(frozen=True)
class DeploymentPlan:
    """Everything a deployment decides. Who holds a role can change; what is wired cannot.

    Where no guardian, operator admin or admin is named, the council, the admin and the deployer
    stand in, and where no currency of bonds is, a development coin is deployed: fit for a
    development chain. `curator_delay_seconds` of None is the role's own. The treasury gets half of
    what losers of disputes put up; the council when none is named.
    """

    curator: str
    council: str
    operators: tuple[str, ...]
    threshold: int
    window_seconds: int
    guardian: str | None = None
    operator_admin: str | None = None
    admin: str | None = None
    curator_delay_seconds: int | None = None
    bond_token: str | None = None
    minimum_bond: int = MINIMUM_BOND
    treasury: str | None = None
    # Currencies the ledger takes from the first day on: addresses, or a development coin's name.
    tokens: tuple[str, ...] = ()
    # What ether that markets pay as resale royalties is wrapped into: an address, or DEV_ETHER to
    # deploy one. Without, inboxes of works take no ether.
    wrapped_ether: str = NO_TOKEN
    # Operators that may be faulty at once, and what each of them bonds before it signs (in the bond
    # token, lost to the treasury).
    faults: int = 0
    operator_bond: int = 0
    # What an epoch may promise of the pool without the council, in basis points.
    ceiling_bps: int = 1_000

    @property
    def order(self) -> tuple[str, ...]:
        """What is deployed, in the order of nonces."""
        coin = () if self.bond_token else (DEV_COIN,)
        ether = (DEV_ETHER,) if self.wrapped_ether == DEV_ETHER else ()
        return (*DEPLOYMENT_ORDER, *coin, *ether)

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
        "WorkRegistry": (
            at["ConsentRegistry"],
            at["RoyaltyLedger"],
            at.get(plan.wrapped_ether, plan.wrapped_ether),
        ),
        "LicenceRegistry": (
            at["WorkRegistry"],
            at["ConsentRegistry"],
            at["RoyaltyLedger"],
            at["UsageOracle"],
            at["DirectReports"],
        ),
        "DerivativeGraph": (at["WorkRegistry"], at["LicenceRegistry"], at["Authority"]),
        "RoyaltyLedger": (
            at["WorkRegistry"],
            at["ConsentRegistry"],
            at["DerivativeGraph"],
            at["LicenceRegistry"],
            at["DisputeCourt"],
            at["Authority"],
        ),
        "UsageOracle": (
            at["LicenceRegistry"],
            at["EpochDistributor"],
            at["DisputeCourt"],
            at["Authority"],
            (list(plan.operators), plan.threshold, plan.faults),
            (plan.bond_token or at[DEV_COIN], plan.operator_bond, plan.treasury or plan.council),
        ),
        "EpochDistributor": (
            at["UsageOracle"],
            at["Authority"],
            plan.window_seconds,
            plan.ceiling_bps,
        ),
        "CouncilArbiter": (at["Authority"],),
        "ElderArbiter": (at["ConsentRegistry"],),
        "DisputeCourt": (
            at["WorkRegistry"],
            at["ConsentRegistry"],
            at["RoyaltyLedger"],
            at["CouncilArbiter"],
            at["ElderArbiter"],
            plan.bond_token or at[DEV_COIN],
            plan.minimum_bond,
            plan.treasury or plan.council,
        ),
        "SharingRules": (at["ConsentRegistry"], at["UsageOracle"]),
        "DirectReports": (
            at["UsageOracle"],
            at["EpochDistributor"],
            at["LicenceRegistry"],
            at["RoyaltyLedger"],
            at["Authority"],
            plan.window_seconds,
        ),
        DEV_COIN: (),
        DEV_ETHER: (),
    }


def deploy_all(project: Any, deployer: Any, plan: DeploymentPlan) -> dict[str, Any]:
    """Deploy through Brownie, hand the roles out, and return the contracts by name.

    Raises `RuntimeError` when an address differs from its prediction: something was sent between.
    """
    nonce = deployer.nonce
    at = {
        name: deployer.get_deployment_address(nonce + offset)
        for offset, name in enumerate(plan.order)
    }
    arguments = constructor_arguments(plan, deployer.address, at)
    deployed = {}
    for name in plan.order:
        contract = deployer.deploy(project[name], *arguments[name], silent=True)
        if contract.address != at[name]:
            raise RuntimeError(f"{name} landed at {contract.address}, not at {at[name]}")
        deployed[name] = contract
    calls = access_calls(
        at,
        plan.holders(deployer.address),
        admin=plan.admin_of(deployer.address),
        deployer=deployer.address,
        tokens=tuple(at.get(token, token) for token in plan.tokens),
    )
    deployed["Authority"].multicall(calls, {"from": deployer, "silent": True})
    return deployed
