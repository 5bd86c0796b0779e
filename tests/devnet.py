"""A real node with every contract deployed, for tests that need a chain.

Use it from a conftest: `from tests.devnet import devnet, devnet_process  # noqa: F401`. Each test
starts from the freshly deployed state: the node is rolled back after it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import rlp

from api.stack.listening import start_anvil
from api.stack.stack import ANVIL
from chain.client.blocks import BlockPin, Call
from chain.client.contracts import Contracts
from chain.client.deployment import Deployment
from chain.client.interfaces import interface
from chain.client.node import Node
from chain.client.royalty_ledger import RoyaltyLedger
from chain.client.sending import send
from chain.client.signer import LocalSigner, dev_signers
from chain.ledger.identifiers import Address, address_bytes, address_from_bytes
from chain.ledger.keccak import keccak256
from scripts.access import access_calls
from scripts.deployment import DeploymentPlan, constructor_arguments

ACCOUNTS = 30
DEPLOYER, CURATOR, COUNCIL, FIRST_OPERATOR, RELAY, PLATFORM, CUSTOMER = 0, 1, 2, 3, 8, 9, 10
OPERATORS = 5
THRESHOLD = 3
WINDOW_SECONDS = 7200
FINISHES_SECONDS = 0.005


class Devnet(Contracts):
    """The node, the contracts and thirty funded accounts (see the roles by index above)."""

    def __init__(
        self, node: Node, deployment: Deployment, signers: tuple[LocalSigner, ...]
    ) -> None:
        super().__init__(node, deployment)
        self.signers = signers
        # Where it was left by what was rolled back last, if nothing happened since.
        self._left: BlockPin | None = None

    def address(self, index: int) -> Address:
        return self.signers[index].address

    def rpc(self, method: str, *params: Any) -> Any:
        """A request of the node's own, for instance to reorganise it."""
        return self.node.rpc.request(method, *params, null_allowed=True)

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def pass_time(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def reorganise(self, depth: int, replacements: list[Any] | None = None) -> None:
        """Replace the last `depth` blocks, and make sure that they are other blocks.

        Replaying empty blocks gives the same hashes; a changed time gives others.
        """
        head = self.node.head()
        before = [h.pin.hash for h in self._headers(head.number - depth + 1, head.number)]
        if replacements is None:
            self.rpc("anvil_rollback", depth)
            # Later than every replaced block, whatever the wall clock says meanwhile.
            self.rpc("evm_setNextBlockTimestamp", hex(head.timestamp + 1))
            self.mine(depth)
        else:
            self.rpc("anvil_reorg", depth, replacements)
        after = [h.pin.hash for h in self._headers(head.number - depth + 1, head.number)]
        assert not set(before) & set(after), "the reorganisation left block hashes as they were"

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Undo what happens inside."""
        self._go_back_to_left()
        before = self.node.head()
        snapshot = self.rpc("evm_snapshot")
        self._left = None
        try:
            yield
        finally:
            self._let_it_finish()
            self.rpc("evm_revert", snapshot)
            self._left = before
            self._go_back_to_left()

    def _let_it_finish(self) -> None:
        """After two transactions at once the node mines one more block, an empty one, a little
        later: it must not do so when it was taken back already."""
        self.rpc("anvil_dropAllTransactions")
        head = None
        while head != (head := self.node.head()):
            time.sleep(FINISHES_SECONDS)

    def _go_back_to_left(self) -> None:
        """Undo a block that was mined later still."""
        if self._left is None or self.node.head() == self._left:
            return
        self.rpc("anvil_rollback", self.node.head().number - self._left.number)
        assert self.node.head() == self._left, "the node did not go back to where it was"

    def _headers(self, first: int, last: int) -> list[Any]:
        found = self.node.headers(list(range(first, last + 1)))
        assert all(header is not None for header in found)
        return found

    def deploy(self, name: str, *arguments: Any) -> Address:
        """Deploy a contract of the committed artefacts, for instance RejectingPayee."""
        call = Call(None, interface(name).creation_data(arguments))
        receipt = send(self.node, call, signer=self.signers[DEPLOYER])
        assert receipt.contract is not None
        return receipt.contract


@contextmanager
def running_anvil(*more: str) -> Iterator[str]:
    """A node of its own; gives its address."""
    binary = Path(os.environ.get("ANTIPHON_ANVIL", ANVIL))
    arguments = ["--accounts", str(ACCOUNTS), "--hardfork", "cancun", *more]
    with TemporaryDirectory() as folder:
        process, endpoint = start_anvil(binary, arguments, Path(folder) / "node.log")
        try:
            yield endpoint
        finally:
            process.stop()


def created_address(sender: Address, nonce: int) -> Address:
    """Where CREATE puts the contract of a sender's transaction."""
    return address_from_bytes(keccak256(rlp.encode([address_bytes(sender), nonce]))[12:])


def deploy_all(
    node: Node,
    signers: tuple[LocalSigner, ...],
    *,
    window_seconds: int = WINDOW_SECONDS,
    operator_count: int = OPERATORS,
    faults: int = 0,
) -> Deployment:
    """Deploy from the committed bytecode, in the order and wiring of the deployment script."""
    deployer = signers[DEPLOYER]
    nonce = node.nonce(deployer.address)
    operators = sorted(
        (signer.address for signer in signers[FIRST_OPERATOR : FIRST_OPERATOR + operator_count]),
        key=address_bytes,
    )
    plan = DeploymentPlan(
        curator=signers[CURATOR].address,
        council=signers[COUNCIL].address,
        operators=tuple(operators),
        threshold=THRESHOLD,
        faults=faults,
        window_seconds=window_seconds,
        curator_delay_seconds=0,
    )
    at = {name: created_address(deployer.address, nonce + i) for i, name in enumerate(plan.order)}
    arguments = constructor_arguments(plan, deployer.address, dict(at))
    first_block = node.head().number + 1
    contracts = {}
    for name in plan.order:
        call = Call(None, interface(name).creation_data(arguments[name]))
        receipt = send(node, call, signer=deployer)
        assert receipt.contract is not None
        assert receipt.contract == at[name]
        contracts[name] = receipt.contract
    calls = access_calls(
        dict(at),
        plan.holders(deployer.address),
        admin=deployer.address,
        deployer=deployer.address,
    )
    configure = interface("Authority").functions["multicall"].call_data((calls,))
    send(node, Call(at["Authority"], configure), signer=deployer)
    deployment = Deployment(
        node.chain_id,
        first_block,
        contracts,
        tuple(operators),
        THRESHOLD,
        window_seconds,
        Address(plan.curator),
        Address(plan.council),
    )
    RoyaltyLedger.of(node, deployment).accept_token(deployment.token, signer=signers[CURATOR])
    return deployment


@pytest.fixture(scope="session")
def devnet_process() -> Iterator[Devnet]:
    """One node for the whole run, deployed once."""
    with running_anvil() as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        yield Devnet(node, deploy_all(node, signers), signers)


@pytest.fixture
def devnet(devnet_process: Devnet) -> Iterator[Devnet]:
    """The node as freshly deployed; rolled back afterwards, whatever the test did to it."""
    with devnet_process.rolled_back():
        yield devnet_process
