"""Who may call what in a deployment: the roles, their delays, and the functions each one has.

A `restricted` function that no rule names belongs to the admin, and takes seven days. No rule can
name a function that moves money: there is none. Everything here is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.client.interfaces import interface

DAY: Final = 24 * 60 * 60
ADMIN_ROLE: Final = 0
ADMIN_DELAY_SECONDS: Final = 7 * DAY


@dataclass(frozen=True)
class Role:
    """`delay_seconds` pass between announcing a call and making it; meanwhile the role named as
    its `guardian` may take the announcement back (beside the admin, and whoever made it)."""

    number: int
    delay_seconds: int
    guardian: str | None = None


ROLES: Final = {
    "curator": Role(1, 2 * DAY, guardian="guardian"),
    "guardian": Role(2, 0),
    "council": Role(3, 0),
    "operator admin": Role(4, 7 * DAY),
}


@dataclass(frozen=True)
class Rule:
    """These functions of this contract belong to this role."""

    role: str
    contract: str
    functions: tuple[str, ...]


# One line for every contract that has `restricted` functions, and every role it gives them to.
RULES: Final[tuple[Rule, ...]] = (
    Rule("council", "CouncilArbiter", ("decide",)),
    Rule("curator", "RoyaltyLedger", ("acceptToken",)),
    Rule("guardian", "RoyaltyLedger", ("pause", "unpause")),
    Rule("guardian", "DerivativeGraph", ("pause", "unpause")),
    Rule("council", "EpochDistributor", ("cosign", "reject")),
    Rule("guardian", "UsageOracle", ("pause", "unpause")),
    Rule("council", "DirectReports", ("reject",)),
    Rule("guardian", "DirectReports", ("pause", "unpause")),
    Rule("operator admin", "UsageOracle", ("changeOperators",)),
)


@dataclass(frozen=True)
class Holder:
    """An account that holds a role; `delay_seconds` when it is not the role's own."""

    role: str
    account: str
    delay_seconds: int | None = None


def access_calls(
    contracts: dict[str, str],
    holders: tuple[Holder, ...],
    *,
    admin: str,
    deployer: str,
    tokens: tuple[str, ...] = (),
) -> list[bytes]:
    """What the deployer asks of the Authority, in order; at the end it has no power any more.

    The first payment currencies are accepted on the way; later ones wait out the curator's delay.
    Raises KeyError when a rule names a function that its contract does not have.
    """
    authority = interface("Authority").functions
    calls = []
    for name, role in ROLES.items():
        calls.append(authority["labelRole"].call_data((role.number, name)))
        if role.guardian:
            guards = (role.number, ROLES[role.guardian].number)
            calls.append(authority["setRoleGuardian"].call_data(guards))
    for rule in RULES:
        functions = interface(rule.contract).functions
        selectors = [functions[name].selector for name in rule.functions]
        arguments = (contracts[rule.contract], selectors, ROLES[rule.role].number)
        calls.append(authority["setTargetFunctionRole"].call_data(arguments))
    if tokens:
        calls += _accepting(contracts["RoyaltyLedger"], tokens, deployer)
    for holder in holders:
        role = ROLES[holder.role]
        delay = role.delay_seconds if holder.delay_seconds is None else holder.delay_seconds
        arguments = (role.number, holder.account, delay)
        calls.append(authority["grantRole"].call_data(arguments))
    arguments = (ADMIN_ROLE, admin, ADMIN_DELAY_SECONDS)
    calls.append(authority["grantRole"].call_data(arguments))
    if admin.lower() != deployer.lower():
        calls.append(authority["renounceRole"].call_data((ADMIN_ROLE, deployer)))
    return calls


def _accepting(ledger: str, tokens: tuple[str, ...], deployer: str) -> list[bytes]:
    """The deployer is curator for as long as it takes to accept these currencies."""
    authority, accept = interface("Authority").functions, interface("RoyaltyLedger").functions
    curator = ROLES["curator"].number
    return [
        authority["grantRole"].call_data((curator, deployer, 0)),
        *(
            authority["execute"].call_data((ledger, accept["acceptToken"].call_data((token,))))
            for token in tokens
        ),
        authority["revokeRole"].call_data((curator, deployer)),
    ]
