"""A development node of our own, its accounts by role, and the contracts deployed as in production.

Brownie's `chain` object is called `devnet` here: `chain` is one of our packages.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import brownie
import brownie.network.contract
import pytest
from brownie._config import CONFIG
from brownie.network.rpc import Rpc
from brownie.network.transaction import TransactionReceipt

from chain.ledger.rights import WorkKind
from scripts.deployment import DEV_ETHER, DeploymentPlan, deploy_all
from tests.contracts.permits import (
    ACCOUNTS,
    NO_PERMIT,
    Permit,
    key_of,
    sign_permit,
)
from tests.contracts.rights import FOREVER, ConsentProposal, Terms, by, digest, split_hash

ROOT = Path(__file__).resolve().parents[2]
WINDOW_SECONDS = 2 * 60 * 60
THRESHOLD = 3
PLENTY = 10**15
BLOCK_GAS = 30_000_000
RECEIPT_SECONDS, RECEIPT_POLL_SECONDS = 30, 0.005

# Brownie knows the node by the name of its command, so anvil is found through the path, not by it.
_anvil = Path(os.environ.get("ANTIPHON_ANVIL", ROOT / ".tools" / "anvil"))
os.environ["PATH"] = f"{_anvil.parent}{os.pathsep}{os.environ['PATH']}"
_node = CONFIG.networks["development"]["cmd_settings"]
_node["accounts"] = ACCOUNTS
_node["gas_limit"] = BLOCK_GAS
_node["port"] = int(os.environ.get("ANTIPHON_TEST_PORT", _node["port"]))

# Immutables differ from the compiled code; Brownie would drop traces and coverage of contracts
# that have them.
brownie.network.contract._verify_deployed_code = lambda *_: True


def _revert(rpc: Rpc, snapshot_id: int) -> int:
    rpc.backend.revert(snapshot_id)
    return int(brownie.web3.eth.block_number)


# Brownie's own walk the interpreter's stack at every snapshot, to warn of calls nobody makes here.
Rpc.snapshot = lambda rpc: rpc.backend.snapshot()
Rpc.revert = _revert

_brownie_awaits = TransactionReceipt._await_confirmation


def _await_confirmation(receipt: TransactionReceipt, *arguments: Any, **options: Any) -> None:
    brownie.web3.eth.wait_for_transaction_receipt(
        receipt.txid, timeout=RECEIPT_SECONDS, poll_latency=RECEIPT_POLL_SECONDS
    )
    _brownie_awaits(receipt, *arguments, **options)


# Anvil counts a nonce a moment before it has the receipt. Brownie, asking in between, calls the
# transaction dropped, or looks again a whole second later.
TransactionReceipt._await_confirmation = _await_confirmation


@pytest.fixture(scope="session", autouse=True)
def own_node() -> None:
    """Brownie attaches silently to whatever answers on its port, and would rewind that chain."""
    assert brownie.rpc.is_child(), "the port is in use: set ANTIPHON_TEST_PORT to a free one"
    # Every revert collects garbage; what is loaded by now never becomes any.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def isolation(fn_isolation: Any) -> None:
    """Every test starts from its module's state."""


@pytest.fixture(scope="session")
def devnet() -> Any:
    return brownie.chain


@pytest.fixture(scope="session")
def mine_at() -> Callable[[int], None]:
    """Mines a block of that time; what Brownie's own `mine` sends, anvil does not understand."""

    def mine_at(timestamp: int) -> None:
        answer = brownie.web3.provider.make_request("evm_mine", [hex(timestamp)])
        assert "error" not in answer, answer["error"]

    return mine_at


# --- accounts by role, as on the demonstration's node -------------------------------------------


@pytest.fixture(scope="session")
def deployer(accounts: Any) -> Any:
    return accounts[0]


@pytest.fixture(scope="session")
def curator(accounts: Any) -> Any:
    return accounts[1]


@pytest.fixture(scope="session")
def council(accounts: Any) -> Any:
    return accounts[2]


@pytest.fixture(scope="session")
def operators(accounts: Any) -> list[Any]:
    return list(accounts[3:8])


@pytest.fixture(scope="session")
def relay(accounts: Any) -> Any:
    return accounts[8]


@pytest.fixture(scope="session")
def platform(accounts: Any) -> Any:
    return accounts[9]


@pytest.fixture(scope="session")
def customer(accounts: Any) -> Any:
    return accounts[10]


@pytest.fixture(scope="session")
def stewards(accounts: Any) -> list[Any]:
    return list(accounts[11:14])


@pytest.fixture(scope="session")
def steward(stewards: list[Any]) -> Any:
    return stewards[0]


@pytest.fixture(scope="session")
def elders(accounts: Any) -> list[Any]:
    return list(accounts[14:17])


@pytest.fixture(scope="session")
def payees(accounts: Any) -> list[Any]:
    return list(accounts[17:30])


@pytest.fixture(scope="session")
def stranger(accounts: Any) -> Any:
    return accounts[30]


@pytest.fixture(scope="session")
def key_for(accounts: Any) -> Callable[[Any], bytes]:
    """The private key of one of the node's accounts."""
    return lambda account: key_of(list(accounts).index(account))


@pytest.fixture
def wallet(SignerWallet: Any, stranger: Any) -> Any:
    """An account that is a contract: who asks by `tx.origin` finds the stranger who keeps it."""
    return SignerWallet.deploy(stranger, by(stranger))


@pytest.fixture
def through(wallet: Any, stranger: Any) -> Callable[..., Any]:
    """Calls a function of a contract as the wallet; the transaction."""

    def through(function: Any, *arguments: Any) -> Any:
        call = function.encode_input(*arguments)
        return wallet.execute(function._address, call, by(stranger))

    return through


# --- the contracts, wired as in production ------------------------------------------------------


@pytest.fixture(scope="session")
def ledger_contracts(
    deployer: Any, curator: Any, council: Any, operators: list[Any]
) -> dict[str, Any]:
    """All of them by name, deployed once; Brownie's resets come back to this state from then on."""
    plan = DeploymentPlan(
        curator=curator.address,
        council=council.address,
        operators=tuple(sorted((o.address for o in operators), key=str.lower)),
        threshold=THRESHOLD,
        window_seconds=WINDOW_SECONDS,
        curator_delay_seconds=0,
        wrapped_ether=DEV_ETHER,
    )
    deployed = deploy_all(brownie.project.get_loaded_projects()[0], deployer, plan)
    snapshot = brownie.chain._take_snapshot()
    brownie.chain._reset_id = brownie.chain._current_id = snapshot
    return deployed


@pytest.fixture(scope="session")
def consents(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["ConsentRegistry"]


@pytest.fixture(scope="session")
def works(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["WorkRegistry"]


@pytest.fixture(scope="session")
def licences(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["LicenceRegistry"]


@pytest.fixture(scope="session")
def graph(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["DerivativeGraph"]


@pytest.fixture(scope="session")
def royalty_ledger(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["RoyaltyLedger"]


@pytest.fixture(scope="module")
def stablecoin(
    module_isolation: Any,
    DevStablecoin: Any,
    royalty_ledger: Any,
    deployer: Any,
    curator: Any,
    platform: Any,
) -> Any:
    """The development coin, accepted by the ledger; the platform has plenty, and no allowance."""
    token = DevStablecoin.deploy(by(deployer))
    royalty_ledger.acceptToken(token, by(curator))
    token.mint(platform, PLENTY, by(deployer))
    return token


# --- what most tests need before they begin -----------------------------------------------------


@pytest.fixture(scope="session")
def found_community(consents: Any) -> Callable[..., int]:
    def found(steward: Any, elders: Any = (), approvals_required: int = 0) -> int:
        profile = digest("profile")
        tx = consents.foundCommunity(list(elders), approvals_required, profile, by(steward))
        return int(tx.events["CommunityFounded"]["communityId"])

    return found


@pytest.fixture(scope="session")
def approve_split(royalty_ledger: Any, consents: Any, works: Any) -> Callable[..., None]:
    """Elders decide on a work's split, the first one unless told otherwise."""

    def approve(work: int, shares: Any, elders: Any, version: int = 1) -> None:
        decision = royalty_ledger.splitDecision(work, version, split_hash(shares))
        for elder in elders:
            consents.approveDecision(works.communityIdOf(work), decision, by(elder))

    return approve


@pytest.fixture(scope="session")
def register_work(works: Any) -> Callable[..., int]:
    """Registers a work nobody registered before."""
    numbers = count(1)

    def register(owner: Any, community: int = 0, kind: int = WorkKind.RECORDING) -> int:
        number = next(numbers)
        commitment, manifest = digest(f"samples {number}"), digest(f"manifest {number}")
        tx = works.register((community, kind, commitment, manifest), by(owner))
        return int(tx.events["WorkRegistered"]["workId"])

    return register


@pytest.fixture(scope="session")
def grant(consents: Any) -> Callable[..., None]:
    """Consent of a work whose controller decides alone."""

    def grant(controller: Any, work_id: int, terms: Terms, until: int = FOREVER) -> None:
        proposal = ConsentProposal(terms.hash(), until)
        consents.proposeConsent(work_id, terms.tier, proposal, by(controller))

    return grant


@pytest.fixture(scope="session")
def permit(
    royalty_ledger: Any, devnet: Any, key_for: Callable[[Any], bytes]
) -> Callable[..., Permit]:
    """A permit for the ledger over an amount, signed by a node's account."""

    def permit(holder: Any, token: Any, value: int, **others: Any) -> Permit:
        details = {
            "key": key_for(holder),
            "spender": royalty_ledger.address,
            "value": value,
            "deadline": FOREVER,
            "chain_id": devnet.id,
        }
        return sign_permit(token, **{**details, **others})

    return permit


@pytest.fixture(scope="session")
def take_licence(licences: Any, permit: Callable[..., Permit]) -> Callable[..., int]:
    """Takes a licence with one signature, as a platform does."""

    def take(holder: Any, work_id: int, terms: Terms, token: Any) -> int:
        signed = permit(holder, token, terms.price) if terms.price else NO_PERMIT
        tx = licences.takeLicence(work_id, terms, signed, by(holder))
        return int(tx.events["LicenceTaken"]["licenceId"])

    return take


# --- money as it comes --------------------------------------------------------------------------

TOKENS_THAT_PAY = ("DevStablecoin", "BlocklistingToken", "SilentToken", "PlainToken")
TOKENS_THAT_DO_NOT = ("FeeTakingToken", "FalseReturningToken")


def _deployed_token(name: str, deployer: Any) -> Any:
    container = getattr(brownie.project.get_loaded_projects()[0], name)
    arguments = (18,) if name == "PlainToken" else ()
    return container.deploy(*arguments, by(deployer))


@pytest.fixture(params=TOKENS_THAT_PAY)
def paying_token(request: Any, deployer: Any) -> Any:
    """Every kind of token whose transfers deliver what they say, in turn; not accepted yet."""
    return _deployed_token(request.param, deployer)


@pytest.fixture(params=TOKENS_THAT_DO_NOT)
def failing_token(request: Any, deployer: Any) -> Any:
    """Every kind of token whose transfers deliver less than they say, in turn; not accepted yet."""
    return _deployed_token(request.param, deployer)


@pytest.fixture(params=("RejectingPayee", "GasBurningPayee", "ReturnBombPayee"))
def hostile_payee(request: Any, deployer: Any) -> Any:
    """Every kind of payee that cannot be paid, in turn."""
    return getattr(brownie.project.get_loaded_projects()[0], request.param).deploy(by(deployer))
