"""Compiles through py-solc-x and deploys through Brownie, then records where everything landed.

    python -m scripts.deploy --rpc http://127.0.0.1:8545 --out chain/client/deployments/31337.json

Run by `make demo` and `make up` against the development node. For another chain give `--key-file`,
a file with one hexadecimal private key that only its owner can read.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("ANTIPHON_ROOT", str(ROOT))
os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".tools" / "solcx"))
os.environ.setdefault("ANTIPHON_ANVIL", str(ROOT / ".tools" / "anvil"))

from chain.client.deployment import Deployment  # noqa: E402
from chain.ledger.identifiers import Address, address  # noqa: E402
from scripts.deployment import (  # noqa: E402  (Brownie reads the variables on import)
    DEV_COIN,
    DEV_ETHER,
    MINIMUM_BOND,
    NO_TOKEN,
    DeploymentPlan,
    deploy_all,
)

DEVELOPMENT_CHAIN_ID = 31337
DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk"
DEVELOPMENT_ACCOUNTS = 30
OPERATORS = 5
THRESHOLD = 3
WINDOW_SECONDS = 2 * 60 * 60
ROLE_ARGUMENTS = ("curator", "council", "guardian", "operator_admin", "admin", "treasury")


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.deploy",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--rpc", required=True, help="HTTP address of the node")
    parser.add_argument("--out", required=True, type=Path, help="deployment file to write (JSON)")
    parser.add_argument(
        "--window-seconds", type=int, default=WINDOW_SECONDS, help="objection window of an epoch"
    )
    parser.add_argument(
        "--key-file", type=Path, help="deployer's private key; not needed on the development chain"
    )
    parser.add_argument(
        "--operator", action="append", default=[], help="operator address (five of them)"
    )
    parser.add_argument("--curator", help="who may add payment tokens")
    parser.add_argument("--council", help="who may reject a pending payout root")
    parser.add_argument("--guardian", help="who may pause new money, for 14 days")
    parser.add_argument("--operator-admin", help="who may change the oracle's operators")
    parser.add_argument("--admin", help="who may give roles, seven days after announcing it")
    parser.add_argument(
        "--token", action="append", default=[], help="payment token to accept (else a dev coin)"
    )
    parser.add_argument(
        "--wrapped-ether",
        default=NO_TOKEN,
        help="token that wraps ether, as WETH9 does, for resale royalties (else none is taken;\n"
        "a development chain gets one)",
    )
    parser.add_argument("--treasury", help="who gets half of what losers of disputes put up")
    parser.add_argument(
        "--minimum-bond",
        type=int,
        default=MINIMUM_BOND,
        help="least bond of a dispute, in base units of the first --token",
    )
    return parser.parse_args(argv)


def connect(rpc: str) -> Any:
    """Point Brownie at a running node; for a `development` network it would start its own."""
    from brownie import network
    from brownie._config import CONFIG

    CONFIG.networks["antiphon"] = {
        "id": "antiphon",
        "host": rpc,
        "chainid": "31337",
        "name": "Antiphon",
    }
    network.connect("antiphon")
    return network


def read_key(path: Path) -> str:
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        raise SystemExit(f"{path} can be read by others. Next: chmod 600 {path}")
    return path.read_text().strip()


def require_wrapping(wrapped_ether: str, tokens: list[str]) -> None:
    """Refuse a token for ether that the ledger would not take: inboxes name it for good."""
    from brownie import web3

    if wrapped_ether == NO_TOKEN:
        return
    if wrapped_ether.lower() not in map(str.lower, tokens):
        raise SystemExit(
            f"--wrapped-ether {wrapped_ether} is no accepted token, so what it wraps could not be "
            "paid on. Next: give it as a --token too"
        )
    if not web3.eth.get_code(address(wrapped_ether)):
        raise SystemExit(
            f"there is no contract at --wrapped-ether {wrapped_ether}. Next: give the address that "
            "wraps ether on this chain, or leave it out: then inboxes take no ether"
        )


def accounts_for(arguments: argparse.Namespace, chain_id: int) -> tuple[Any, DeploymentPlan]:
    """The deployer and the plan."""
    from brownie import accounts

    if chain_id == DEVELOPMENT_CHAIN_ID and arguments.key_file is None:
        dev = accounts.from_mnemonic(DEVELOPMENT_MNEMONIC, count=DEVELOPMENT_ACCOUNTS)
        operators = tuple(arguments.operator) or tuple(a.address for a in dev[3 : 3 + OPERATORS])
        plan = DeploymentPlan(
            curator=arguments.curator or dev[1].address,
            council=arguments.council or dev[2].address,
            operators=tuple(sorted(operators, key=str.lower)),
            threshold=THRESHOLD,
            window_seconds=arguments.window_seconds,
            curator_delay_seconds=0,
            tokens=(*arguments.token, DEV_COIN, DEV_ETHER),
            wrapped_ether=DEV_ETHER,
        )
        return dev[0], plan
    if arguments.key_file is None:
        raise SystemExit(f"chain {chain_id} is no development chain. Next: give --key-file")
    missing = [n for n in ROLE_ARGUMENTS if getattr(arguments, n) is None]
    if missing or len(arguments.operator) != OPERATORS or not arguments.token:
        raise SystemExit(
            "a real chain needs --curator, --council, --guardian, --operator-admin, --admin, "
            "--treasury, five --operator and at least one --token"
        )
    require_wrapping(arguments.wrapped_ether, arguments.token)
    deployer = accounts.add(read_key(arguments.key_file))
    plan = DeploymentPlan(
        curator=arguments.curator,
        council=arguments.council,
        operators=tuple(sorted(arguments.operator, key=str.lower)),
        threshold=THRESHOLD,
        window_seconds=arguments.window_seconds,
        guardian=arguments.guardian,
        operator_admin=arguments.operator_admin,
        admin=arguments.admin,
        bond_token=arguments.token[0],
        tokens=tuple(arguments.token),
        wrapped_ether=arguments.wrapped_ether,
        minimum_bond=arguments.minimum_bond,
        treasury=arguments.treasury,
    )
    return deployer, plan


def recorded(
    chain_id: int, block: int, plan: DeploymentPlan, addresses: dict[str, str]
) -> Deployment:
    """What every part of a running ledger reads."""
    return Deployment(
        chain_id,
        block,
        {name: Address(place) for name, place in addresses.items()},
        tuple(map(Address, plan.operators)),
        plan.threshold,
        plan.window_seconds,
        Address(plan.curator),
        Address(plan.council),
    )


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    from brownie import project

    # Brownie remembers where it deployed and refuses a chain that forgot; development chains do.
    shutil.rmtree(ROOT / "build" / "deployments" / str(DEVELOPMENT_CHAIN_ID), ignore_errors=True)
    loaded = project.load(str(ROOT), name="Antiphon")
    network = connect(arguments.rpc)
    from brownie import web3

    chain_id = web3.eth.chain_id
    if chain_id == DEVELOPMENT_CHAIN_ID:
        network.gas_price("1 gwei")
    first_block = web3.eth.block_number + 1
    deployer, plan = accounts_for(arguments, chain_id)
    deployed = deploy_all(loaded, deployer, plan)
    addresses = {name: contract.address for name, contract in deployed.items()}
    recorded(chain_id, first_block, plan, addresses).write(arguments.out)
    for name, place in addresses.items():
        print(f"{name:18} {place}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
