"""A node of its own on a free port, with everything deployed on it through Brownie."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("ANTIPHON_ROOT", str(ROOT))
os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".tools" / "solcx"))
os.environ.setdefault("ANTIPHON_ANVIL", str(ROOT / ".tools" / "anvil"))
os.environ["PATH"] = f"{ROOT / '.tools'}{os.pathsep}{os.environ['PATH']}"

from scripts.deployment import DeploymentPlan, deploy_all  # noqa: E402  (Brownie reads these)

MNEMONIC = "test test test test test test test test test test test junk"
ACCOUNTS = 30
OPERATORS = range(3, 8)
WINDOW_SECONDS = 3_600
BLOCK_GAS = 30_000_000
PLENTY = 10**18
EVERYTHING = 2**256 - 1


@dataclass(frozen=True)
class Workplace:
    """Brownie's contracts by name, a plain six-decimals token, and the node's accounts."""

    contracts: dict[str, Any]
    token: Any
    accounts: list[Any]
    chain: Any
    web3: Any

    def send(
        self, name: str, method: str, *arguments: Any, sender: Any, gas: int = BLOCK_GAS
    ) -> int:
        """Sends one transaction, past Brownie's own bookkeeping; the gas it used, all in."""
        call = getattr(self.contracts[name], method)
        sent = self.web3.eth.send_transaction(
            {
                "from": sender.address,
                "to": call._address,
                "data": call.encode_input(*arguments),
                "gas": gas,
                "gasPrice": 0,
            }
        )
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
        if receipt["status"] != 1:
            raise SystemExit(f"{name}.{method} was refused in {sent.hex()}")
        return int(receipt["gasUsed"])

    @property
    def curator(self) -> Any:
        return self.accounts[1]

    @property
    def platform(self) -> Any:
        """Takes licences, owns the derivatives, funds the epochs."""
        return self.accounts[9]

    @property
    def customer(self) -> Any:
        return self.accounts[10]

    @property
    def steward(self) -> Any:
        """Owns the originals."""
        return self.accounts[11]

    @property
    def payees(self) -> list[str]:
        return sorted((account.address for account in self.accounts[17:27]), key=str.lower)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Everything deployed and funded, on a node that lives as long as the block."""
    from brownie import network, project, rpc
    from brownie._config import CONFIG

    with redirect_stdout(sys.stderr):  # what is printed while compiling is not the table
        loaded = project.load(str(ROOT), name="AntiphonGas")
    node = CONFIG.networks["development"]["cmd_settings"]
    node |= {"port": free_port(), "accounts": ACCOUNTS, "mnemonic": MNEMONIC}
    node |= {"gas_limit": BLOCK_GAS}
    # Brownie tells nodes apart by the first word of their command, so it must be found by name.
    CONFIG.networks["development"]["cmd"] = "anvil"
    try:
        with redirect_stdout(sys.stderr):
            network.connect("development")
            place = furnish(loaded)
        # Somebody may have taken the port meanwhile; Brownie would use their node and not say so.
        if not rpc.is_child():
            raise RuntimeError("another node answered on the port chosen for this one; run again")
        yield place
    finally:
        with redirect_stdout(sys.stderr):
            network.disconnect()


def furnish(loaded: Any) -> Workplace:
    from brownie import accounts, chain, web3

    known = list(accounts)
    plan = DeploymentPlan(
        curator=known[1].address,
        council=known[2].address,
        operators=tuple(sorted((known[i].address for i in OPERATORS), key=str.lower)),
        threshold=3,
        window_seconds=WINDOW_SECONDS,
        curator_delay_seconds=0,
    )
    contracts = deploy_all(loaded, known[0], plan)
    contracts["PlainToken"] = token = known[0].deploy(loaded["PlainToken"], 6)
    place = Workplace(contracts, token, known, chain, web3)
    place.send("RoyaltyLedger", "acceptToken", token, sender=place.curator)
    for account in (place.platform, place.customer):
        place.send("PlainToken", "mint", account, PLENTY, sender=account)
        for spender in ("RoyaltyLedger", "EpochDistributor"):
            place.send("PlainToken", "approve", contracts[spender], EVERYTHING, sender=account)
    return place
