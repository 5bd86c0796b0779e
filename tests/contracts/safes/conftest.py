"""Safes as their makers publish them: the compiled contracts of npm's package, not built by us."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from brownie.network.contract import Contract
from eth_abi import encode
from eth_account import Account

from tests.contracts.rights import ZERO, by

PUBLISHED = (
    Path(__file__).resolve().parents[3]
    / "node_modules/@safe-global/safe-smart-account/build/artifacts/contracts"
)
CALL, DELEGATECALL = 0, 1


@dataclass(frozen=True)
class Safe:
    """An account of several owners, some of whom must sign."""

    contract: Any
    handler: Any
    key_for: Callable[[Any], bytes]

    @property
    def address(self) -> str:
        return str(self.contract.address)

    def execute(self, function: Any, *arguments: Any, owners: Sequence[Any], **how: int) -> Any:
        """Call a function of another contract as the Safe; these owners sign, the first sends."""
        call = function.encode_input(*arguments)
        what = (function._address, 0, call, how.get("operation", CALL), 0, 0, 0, ZERO, ZERO)
        hashed = self.contract.getTransactionHash(*what, self.contract.nonce())
        signatures = self._signatures(hashed, owners)
        return self.contract.execTransaction(*what, signatures, by(owners[0]))

    def sign(self, digest: bytes, owners: Sequence[Any]) -> bytes:
        """What ERC-1271 is shown: every owner's signature over the Safe's own hash of it."""
        return self._signatures(self.message_hash(digest), owners)

    def message_hash(self, digest: bytes) -> bytes:
        message = encode(["bytes32"], [digest])
        return bytes(self.handler.getMessageHashForSafe(self.contract, message))

    def _signatures(self, hashed: Any, owners: Sequence[Any]) -> bytes:
        ordered = sorted(owners, key=lambda owner: int(str(owner), 16))
        return b"".join(
            bytes(Account.unsafe_sign_hash(bytes(hashed), self.key_for(owner)).signature)
            for owner in ordered
        )


def published(path: str, deployer: Any) -> Any:
    """Deploy one of the package's contracts."""
    artifact = json.loads((PUBLISHED / path).read_text())
    made = deployer.transfer(data=artifact["bytecode"], silent=True)
    return Contract.from_abi(artifact["contractName"], made.contract_address, artifact["abi"])


@pytest.fixture(scope="module")
def safe_library(module_isolation: Any, ledger_contracts: Any, deployer: Any) -> dict[str, Any]:
    places = {
        "SafeL2": "SafeL2.sol/SafeL2.json",
        "factory": "proxies/SafeProxyFactory.sol/SafeProxyFactory.json",
        "handler": "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json",
        "messages": "libraries/SignMessageLib.sol/SignMessageLib.json",
    }
    return {name: published(path, deployer) for name, path in places.items()}


@pytest.fixture(scope="module")
def make_safe(safe_library: dict[str, Any], key_for: Any, deployer: Any) -> Callable[..., Safe]:
    """Creates a Safe of these owners, as Safe's own factory does it."""

    def make(owners: Sequence[Any], threshold: int, salt: int = 0) -> Safe:
        handler, singleton = safe_library["handler"], safe_library["SafeL2"]
        setup = singleton.setup.encode_input(
            [str(owner) for owner in owners], threshold, ZERO, b"", handler, ZERO, 0, ZERO
        )
        made = safe_library["factory"].createProxyWithNonce(singleton, setup, salt, by(deployer))
        place = made.events["ProxyCreation"]["proxy"]
        abi = [*singleton.abi, *(f for f in handler.abi if f.get("name") == "isValidSignature")]
        return Safe(Contract.from_abi(f"Safe {salt}", place, abi), handler, key_for)

    return make
