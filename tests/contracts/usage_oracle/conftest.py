"""An oracle of five operators, a real distributor behind it and a licence registry that counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from tests.contracts.royalty_ledger.stage import EVERYTHING, PayoutTree, by, double
from tests.vectors.make_epoch_report import FIELDS, MNEMONIC, OPERATORS, TYPES

WINDOW = 3_600
FUNDS = 10**9
DAY = 24 * 60 * 60
NO_HASH = "0x" + "00" * 32
ZERO = "0x" + "00" * 20
NO_BOND = (ZERO, 0, ZERO)


@pytest.fixture(autouse=True)
def isolation(fn_isolation: Any) -> None:
    """Every test starts from the module's state."""


@pytest.fixture(scope="module")
def roles(accounts: Any) -> SimpleNamespace:
    names = ("deployer", "council", "platform", "relay", "guardian", "admin", "home")
    chosen = [*accounts[:4], *accounts[8:11]]
    return SimpleNamespace(**dict(zip(names, chosen, strict=True)))


@pytest.fixture(scope="module")
def keys() -> list[Any]:
    """The operators' keys, ascending by address."""
    Account.enable_unaudited_hdwallet_features()
    found = [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        for index in OPERATORS
    ]
    return sorted(found, key=lambda key: key.address.lower())


@pytest.fixture(scope="module")
def licences(roles: SimpleNamespace) -> Any:
    """Every licence is the platform's, unless a test says otherwise."""
    licences = double("Surroundings").deploy(by(roles.deployer))
    licences.hold["address"](roles.platform, by(roles.deployer))
    return licences


@pytest.fixture(scope="module")
def authority(Authority: Any, roles: SimpleNamespace) -> Any:
    return Authority.deploy(roles.deployer, by(roles.deployer))


@pytest.fixture(scope="module")
def wired(
    UsageOracle: Any,
    EpochDistributor: Any,
    authority: Any,
    licences: Any,
    keys: Any,
    roles: SimpleNamespace,
) -> SimpleNamespace:
    ahead = roles.deployer.get_deployment_address(roles.deployer.nonce + 1)
    plan = ([key.address for key in keys], 3, 0)
    wiring = (licences, ahead, licences, authority)
    oracle = UsageOracle.deploy(*wiring, plan, NO_BOND, by(roles.deployer))
    distributor = EpochDistributor.deploy(oracle, authority, WINDOW, 10_000, by(roles.deployer))
    assert distributor.address == ahead
    give_roles(authority, oracle, roles)
    council = [distributor.signatures[name] for name in ("cosign", "reject")]
    authority.setTargetFunctionRole(distributor, council, 3, by(roles.deployer))
    authority.grantRole(3, roles.council, 0, by(roles.deployer))
    return SimpleNamespace(oracle=oracle, distributor=distributor)


def give_roles(authority: Any, oracle: Any, roles: SimpleNamespace) -> None:
    """The guardian pauses at once, the operators' admin changes them after seven days."""
    rules = {2: ("pause", "unpause"), 4: ("changeOperators",)}
    for role, names in rules.items():
        selectors = [oracle.signatures[name] for name in names]
        authority.setTargetFunctionRole(oracle, selectors, role, by(roles.deployer))
    authority.grantRole(2, roles.guardian, 0, by(roles.deployer))
    authority.grantRole(4, roles.admin, 7 * DAY, by(roles.deployer))


@pytest.fixture(scope="module")
def oracle(wired: SimpleNamespace) -> Any:
    return wired.oracle


@pytest.fixture(scope="module")
def distributor(wired: SimpleNamespace) -> Any:
    return wired.distributor


@pytest.fixture(scope="module")
def token(PlainToken: Any, distributor: Any, roles: SimpleNamespace) -> Any:
    token = PlainToken.deploy(6, by(roles.deployer))
    token.mint(roles.platform, FUNDS, by(roles.deployer))
    token.approve(distributor, EVERYTHING, by(roles.platform))
    distributor.fund(token, FUNDS, by(roles.platform))
    return token


class Quorum:
    """Writes reports and signs them, apart from the product's own code."""

    def __init__(self, oracle: Any, token: Any, keys: list[Any]) -> None:
        self.oracle, self.token, self.keys = oracle, token, keys

    def report(self, **changes: Any) -> dict[str, Any]:
        """The first epoch: two payees, 30 units, one licence; `usage` is hashed into it."""
        usage, withheld = changes.pop("usage", [(1, 2, 30)]), changes.pop("withheld", [])
        payees = {f"0x{i:040x}": 10 * i for i in (1, 2)}
        tree = PayoutTree(self.token, changes.pop("payouts", payees))
        defaults = {
            "epoch": 1,
            "previousReport": NO_HASH,
            "token": self.token.address,
            "usageRoot": "0x" + keccak(text="usage").hex(),
            "eventCount": 2,
            "segmentsDigest": "0x" + keccak(text="segments").hex(),
            "sumRoot": "0x" + tree.root.hex(),
            "leafRoot": "0x" + keccak(text="leaves").hex(),
            "leafCount": tree.leaf_count,
            "cumulativeTotal": tree.total,
            "stateBlock": 5,
            "stateTime": 1_700_000_000,
            "licenceUsageHash": "0x" + usage_hash(usage).hex(),
            "withheldHash": "0x" + withheld_hash(withheld).hex(),
            "programHash": "0x" + keccak(text="rules").hex(),
        }
        return {**defaults, **changes}

    def message(self, report: dict[str, Any], **domain: Any) -> Any:
        separator = {
            "name": "Antiphon Usage Oracle",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": self.oracle.address,
            **domain,
        }
        typed = {"domain": separator, "types": TYPES, "primaryType": "EpochReport"}
        return encode_typed_data(full_message={**typed, "message": report})

    def signatures(
        self, report: dict[str, Any], signers: tuple[int, ...] = (0, 2, 4), **domain: Any
    ) -> list[tuple[bytes, bytes]]:
        message = self.message(report, **domain)
        return [compacted(self.keys[i].sign_message(message)) for i in signers]

    def posting(
        self, report: dict[str, Any], usage: Any = ((1, 2, 30),), signatures: Any = None
    ) -> tuple[Any, ...]:
        """The arguments of postEpoch."""
        given = self.signatures(report) if signatures is None else signatures
        return (tuple(report[name] for _, name in FIELDS), list(usage), given)


def compacted(signed: Any) -> tuple[bytes, bytes]:
    """r, and s with v's parity in its highest bit (ERC-2098)."""
    vs = signed.s | (signed.v - 27) << 255
    return signed.r.to_bytes(32, "big"), vs.to_bytes(32, "big")


def withheld_hash(withheld: Any) -> bytes:
    return bytes(keccak(encode(["(uint64,address,uint256)[]"], [list(withheld)])))


def usage_hash(usage: Any) -> bytes:
    return bytes(keccak(encode(["(uint64,uint64,uint128)[]"], [list(usage)])))


@pytest.fixture(scope="module")
def quorum(oracle: Any, token: Any, keys: list[Any]) -> Quorum:
    return Quorum(oracle, token, keys)
