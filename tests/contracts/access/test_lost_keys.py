"""What whoever steals one key can do at worst, on a real deployment: a test per row of the table.

The table is in docs/THREATS.md. Every key here is one account; a Safe is one too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import brownie
import pytest

from chain.client.interfaces import interface
from scripts.access import ADMIN_DELAY_SECONDS, ADMIN_ROLE, ROLES
from scripts.deployment import DeploymentPlan, deploy_all
from scripts.export_abi import source_of, unit_of
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, ConsentProposal, by, digest, split_hash

INCOME = 10_000
EVERYTHING = 2**256 - 1
# Functions that pay out, of every contract that holds money: nobody's role may stop or take them.
PAYING = {
    "RoyaltyLedger": ("claim", "push", "settle", "setPayoutAddress"),
    "EpochDistributor": ("claim", "pushRange", "setPayoutAddress"),
    "DirectReports": ("release", "takeBack", "deposit"),
    "DisputeCourt": ("collect", "lapse", "release", "concede", "rule"),
}


@dataclass(frozen=True)
class World:
    """A deployment with all keys apart, a work of one payee, and money that waits for it."""

    contracts: dict[str, Any]
    plan: DeploymentPlan
    coin: Any
    work: int
    split: list[tuple[str, int]]
    payee: Any

    def __getitem__(self, name: str) -> Any:
        return self.contracts[name]

    def claims(self, anyone: Any) -> int:
        """The payee's money, claimed by anybody; what arrived."""
        before = self.coin.balanceOf(self.payee)
        ledger = self["RoyaltyLedger"]
        ledger.claim(self.work, self.coin, 1, self.split, self.payee, by(anyone))
        return int(self.coin.balanceOf(self.payee) - before)


@pytest.fixture(scope="module")
def keys(accounts: Any, curator: Any, council: Any, operators: list[Any]) -> dict[str, Any]:
    return {
        "curator": curator,
        "council": council,
        "guardian": accounts[17],
        "operator admin": accounts[18],
        "admin": accounts[19],
        "operators": operators,
    }


@pytest.fixture(scope="module")
def world(
    module_isolation: Any, keys: dict[str, Any], deployer: Any, platform: Any, steward: Any,
    payees: list[Any], devnet: Any
) -> World:  # fmt: skip
    plan = DeploymentPlan(
        curator=keys["curator"].address,
        council=keys["council"].address,
        guardian=keys["guardian"].address,
        operator_admin=keys["operator admin"].address,
        admin=keys["admin"].address,
        operators=tuple(sorted((o.address for o in keys["operators"]), key=str.lower)),
        threshold=3,
        window_seconds=72 * 3600,
        tokens=("DevStablecoin",),
    )
    contracts = deploy_all(brownie.project.get_loaded_projects()[0], deployer, plan)
    coin, ledger = contracts["DevStablecoin"], contracts["RoyaltyLedger"]
    for account in (platform, deployer):
        coin.mint(account, 10**15, by(deployer))
        for spender in (ledger, contracts["EpochDistributor"], contracts["DisputeCourt"]):
            coin.approve(spender, EVERYTHING, by(account))
    registration = (0, 1, digest("samples"), digest("manifest"))
    tx = contracts["WorkRegistry"].register(registration, by(steward))
    work = int(tx.events["WorkRegistered"]["workId"])
    payee = payees[5]
    split = [(payee.address, 10_000)]
    ledger.setSplit(work, split, by(steward))
    ledger.pay(work, coin, INCOME, by(platform))
    return World(contracts, plan, coin, work, split, payee)


def test_a_lost_curator_key_adds_currencies_and_moves_none(world, keys, stranger):
    """It may open a lane for a worthless coin; those that are open stay open, with their money."""
    thief = keys["curator"]

    may = callable_by(world, thief)

    assert may == {("RoyaltyLedger", "acceptToken")}
    assert ROLES["curator"].delay_seconds == 2 * DAY
    assert world.claims(stranger) == INCOME


def test_a_lost_guardian_key_pauses_new_money_and_no_claim(world, keys, stranger):
    thief = keys["guardian"]

    assert len(pausable(world)) >= 2
    for contract in pausable(world):
        contract.pause(by(thief))

    assert {function for _, function in callable_by(world, thief)} <= {"pause", "unpause"}
    assert world.claims(stranger) == INCOME


def test_a_guardians_pause_ends_and_is_not_renewed(world, keys, devnet, mine_at):
    thief = keys["guardian"]
    for contract in pausable(world):
        until = contract.pause(by(thief)).timestamp + 14 * DAY
        mine_at(until + 14 * DAY - 60)
        with refused("PauseTooSoon"):
            contract.pause(by(thief))
        assert contract.pausedUntil() == until < devnet[-1].timestamp


def test_a_lost_admin_key_changes_policy_after_seven_days_in_everybodys_sight(
    world, keys, stranger, devnet
):
    thief, authority = keys["admin"], world["Authority"]
    guardian = ROLES["guardian"].number
    grab = authority.grantRole.encode_input(guardian, thief, 0)
    with refused("AccessManagerNotScheduled"):
        authority.grantRole(guardian, thief, 0, by(thief))

    announced = authority.schedule(authority, grab, 0, by(thief))
    devnet.sleep(ADMIN_DELAY_SECONDS - 60)
    with refused("AccessManagerNotReady"):
        authority.execute(authority, grab, by(thief))
    devnet.sleep(61)
    authority.execute(authority, grab, by(thief))

    assert announced.events["OperationScheduled"]["data"] == grab
    assert authority.hasRole(guardian, thief)[0]
    assert world.claims(stranger) == INCOME


def test_no_admin_takes_accounted_tokens_by_the_authority_itself(world, keys, devnet, deployer):
    """The authority can call whatever it likes, as itself; it holds nothing and is owed nothing."""
    thief, authority = keys["admin"], world["Authority"]
    ledger, coin = world["RoyaltyLedger"], world.coin
    attempts = [
        (coin, coin.transferFrom.encode_input(ledger, thief, INCOME)),
        (coin, coin.transfer.encode_input(thief, 1)),
        (ledger, ledger.setPayoutAddress.encode_input(thief)),
    ]
    held = coin.balanceOf(ledger)
    for target, call in attempts:
        authority.schedule(target, call, 0, by(thief))
    devnet.sleep(ADMIN_DELAY_SECONDS + 1)

    for target, call in attempts[:2]:
        with pytest.raises(Exception, match=r"revert|ERC20"):
            authority.execute(target, call, by(thief))
    authority.execute(*attempts[2], by(thief))

    assert coin.balanceOf(ledger) == held
    assert world.claims(deployer) == INCOME


def test_closing_every_contract_to_all_roles_stops_no_claim(world, keys, devnet, stranger):
    thief, authority = keys["admin"], world["Authority"]
    calls = [
        authority.setTargetClosed.encode_input(world[name], True)
        for name in world.contracts
        if name != "Authority" and "authority" in interface(name).functions
    ]
    for call in calls:
        authority.schedule(authority, call, 0, by(thief))
    devnet.sleep(ADMIN_DELAY_SECONDS + 1)
    for call in calls:
        authority.execute(authority, call, by(thief))

    assert calls
    assert world.claims(stranger) == INCOME


def test_a_lost_operator_admin_key_waits_seven_days_and_touches_no_money(world, keys, stranger):
    may = callable_by(world, keys["operator admin"])

    assert {name for name, _ in may} <= {"UsageOracle"}
    assert ROLES["operator admin"].delay_seconds == 7 * DAY
    assert world.claims(stranger) == INCOME


def test_a_lost_community_key_reaches_that_communitys_consents_alone(
    world, steward, stewards, stranger, other_community
):
    """Another community's steward, stolen: nothing of this work is theirs to decide."""
    thief = stewards[1]
    consents, ledger = world["ConsentRegistry"], world["RoyaltyLedger"]

    with refused("NotController"):
        consents.proposeConsent(world.work, 0, ConsentProposal(digest("terms")), by(thief))
    with refused("NotController"):
        ledger.proposeSplit(world.work, [(thief.address, 10_000)], by(thief))
    assert world.claims(stranger) == INCOME


@pytest.fixture
def other_community(world, stewards):
    founder = by(stewards[1])
    return world["ConsentRegistry"].foundCommunity([], 0, digest("theirs"), founder)


def test_a_lost_controllers_key_takes_nothing_from_a_payee_that_objects(
    world, steward, stranger, payees, devnet, mine_at
):
    """A stolen steward proposes a split for himself: a payee has a week to object, for good."""
    ledger = world["RoyaltyLedger"]
    stolen = [(steward.address, 10_000)]

    ledger.proposeSplit(world.work, stolen, by(steward))
    ledger.objectToSplit(world.work, split_hash(stolen), world.split, by(world.payee))
    mine_at(devnet[-1]["timestamp"] + 7 * DAY)
    with refused("SplitContested", world.work, 2):
        ledger.enactSplit(world.work, stolen, b"", by(steward))

    assert ledger.dueTo(world.work, world.coin, 1, world.split, world.payee) == INCOME
    assert world.claims(stranger) == INCOME


def test_a_lost_arbiter_key_holds_the_shares_of_its_cases_for_ninety_days(
    world, keys, deployer, steward, stranger, mine_at
):
    """The council rules every dispute of its accomplice upheld, and opens the next at once."""
    thief, court = keys["council"], world["DisputeCourt"]
    arbiter = world["CouncilArbiter"]
    began = None
    for n in range(2):
        evidence = digest(f"forged {n}")
        tx = court.open(world.work, world.payee, evidence, world.split, 10**12, by(deployer))
        began = began or tx.timestamp
        matter = (deployer, world.work, world.payee, evidence)
        arbiter.decide(court, court.caseIdOf(matter), 1, by(thief))
        mine_at(tx.timestamp + 14 * DAY)
        court.rule(matter, by(thief))
    with refused("ShareFrozen"):
        world.claims(stranger)
    assert court.frozenUntil(world.work, world.payee) <= began + 90 * DAY

    mine_at(began + 90 * DAY)
    with refused("FreezeSpent"):
        court.open(world.work, world.payee, digest("z"), world.split, 10**12, by(deployer))
    assert world.claims(stranger) == INCOME


def test_a_lost_council_key_rejects_roots_and_pays_none(world, keys, stranger):
    thief, distributor = keys["council"], world["EpochDistributor"]
    root = (1, digest("report"), world.coin, digest("root"), 1, 1)

    with refused("NotUsageOracle"):
        distributor.propose(*root, by(thief))
    with refused("NoPendingRoot"):
        distributor.reject(world.coin, 1, digest("why"), by(thief))
    assert {name for name, _ in callable_by(world, thief)} <= {
        "CouncilArbiter",
        "DirectReports",
        "EpochDistributor",
    }
    assert world.claims(stranger) == INCOME


def test_a_lost_deployers_key_is_worth_nothing_any_more(world, deployer, stranger):
    assert callable_by(world, deployer) == set()
    assert world["Authority"].hasRole(ADMIN_ROLE, deployer)[0] is False
    assert world.claims(stranger) == INCOME


def test_no_role_owns_a_function_that_pays_out(world):
    """Invariant 23: every one of them is open to all, so no role can close or redirect it."""
    authority = world["Authority"]
    for name, functions in PAYING.items():
        known = interface(name).functions
        for function in set(functions) & set(known):
            selector = known[function].selector
            assert authority.getTargetFunctionRole(world[name], selector) == ADMIN_ROLE, (
                "never given to a role"
            )
            assert "restricted" not in modifiers_of(name, function)


def test_custodians_have_no_way_out_but_paying(world):
    """Invariant 23: no function of theirs sweeps, rescues, recovers, migrates or upgrades."""
    words = ("sweep", "rescue", "recover", "withdraw", "migrate", "upgrade", "owner", "drain")
    for name in PAYING:
        named = {f.lower() for f in interface(name).functions}
        assert not [f for f in named for word in words if word in f]


# --- reading a deployment -----------------------------------------------------------------------


def callable_by(world: World, account: Any) -> set[tuple[str, str]]:
    """The restricted functions an account may call, at once or after a delay."""
    authority = world["Authority"]
    found = set()
    for name, contract in world.contracts.items():
        if name == "Authority":
            continue
        for function in interface(name).functions.values():
            may, delay = authority.canCall(account, contract, function.selector)
            if may or delay:
                found.add((name, function.name))
    return found


def pausable(world: World) -> list[Any]:
    return [c for c in world.contracts.values() if hasattr(c, "pausedUntil")]


def modifiers_of(name: str, function: str) -> str:
    """What stands between a function's parameters and its body in the source."""
    source = source_of(unit_of(name)).read_text()
    found = re.search(rf"function {function}\([^)]*\)([^{{;]*)", source)
    return found.group(1) if found else ""
