"""The whole flow, deployed by Brownie, on two implementations of the EVM: only the address differs.

A target of its own (`make test-second-node`), for it installs Hardhat from npm.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.client.deployment import Deployment
from chain.client.errors import ContractRefused
from chain.client.node import Node
from chain.client.signer import dev_signers
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.rights import SHARE_SCALE, Split
from tests.devnet import CUSTOMER, DEPLOYER, PLATFORM, Devnet, running_anvil
from tests.epochs import EpochLane, uses
from tests.heritage import (
    DERIVATIVE_INCOME,
    ROYALTY_SHARE,
    Heritage,
    build_heritage,
    digest_of,
    pay,
)
from tests.second_node.hardhat_node import install, running_hardhat

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = 30
DEPLOY_SECONDS = 600
USES = 7
LATER_INCOME = 1_000_000

pytestmark = pytest.mark.skipif(
    os.environ.get("ANTIPHON_SECOND_NODE") != "1",
    reason="installs and starts Hardhat's node; set ANTIPHON_SECOND_NODE=1",
)


@pytest.fixture(scope="module", params=["anvil", "hardhat"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "hardhat":
        install()
    with running_hardhat() if request.param == "hardhat" else running_anvil() as address:
        yield address


@pytest.fixture(scope="module")
def deployed(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Devnet:
    """The deployment script, told nothing but where the node is."""
    out = tmp_path_factory.mktemp("deployment") / "deployment.json"
    command = [sys.executable, "-m", "scripts.deploy", "--rpc", endpoint, "--out", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=DEPLOY_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    node = Node(endpoint)
    signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
    return Devnet(node, Deployment.load(out), signers)


@pytest.fixture(scope="module")
def heritage(deployed: Devnet) -> Heritage:
    """Registered, consented to, licensed, linked, paid, settled and pushed."""
    return build_heritage(deployed)


def test_it_is_another_implementation(endpoint: str, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["endpoint"]

    assert name in str(Node(endpoint).rpc.request("web3_clientVersion")).lower()


def test_income_reached_the_ancestors_exactly(deployed: Devnet, heritage: Heritage) -> None:
    head, token = deployed.node.head(), deployed.deployment.token
    flow = deployed.ledger.flow_of(heritage.derivative, token, at=head)
    kept = deployed.ledger.accrued_of(heritage.derivative, token, at=head)

    assert (flow.gross, flow.settled) == (DERIVATIVE_INCOME, DERIVATIVE_INCOME)
    assert kept == DERIVATIVE_INCOME * (SHARE_SCALE - 2 * ROYALTY_SHARE)


def test_a_payee_claims(deployed: Devnet, heritage: Heritage) -> None:
    token, payee = deployed.deployment.token, deployed.address(PLATFORM)
    split, before = heritage.splits[heritage.derivative], deployed.node.head()
    due = deployed.ledger.due_to(heritage.derivative, token, 1, split, payee, at=before)

    deployed.ledger.claim(
        heritage.derivative, token, 1, split, payee, signer=deployed.signers[CUSTOMER]
    )

    after = deployed.node.head()
    paid = deployed.token.balance_of(payee, at=after) - deployed.token.balance_of(payee, at=before)
    assert paid == due > 0


def test_an_epoch_is_counted_signed_and_paid(
    deployed: Devnet, heritage: Heritage, tmp_path: Path
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    lane = EpochLane(deployed, Follower(deployed.node, deployed.deployment, engine), Store(engine))
    lane.fund(10**8)
    now = deployed.node.head().timestamp

    outcome = lane.run([uses(heritage.generation[0], heritage.generation_id, USES, at=now)])

    paid = deployed.distributor.lane_of(deployed.deployment.token, at=deployed.node.head())
    assert paid.claimed == paid.committed == outcome.cumulative_total > 0


def test_a_dispute_freezes_and_frees_one_share(deployed: Devnet, heritage: Heritage) -> None:
    work, token = heritage.works[0], deployed.deployment.token
    split: Split = heritage.splits[work]
    disputed, other = split.shares[0].payee, split.shares[1].payee
    disputer = deployed.signers[DEPLOYER]
    pay(deployed, work, LATER_INCOME)
    bond = deployed.court.bond_for(work, disputed, split, at=deployed.node.head())
    deployed.token.mint(disputer.address, bond, signer=disputer)
    deployed.token.approve(deployed.court.address, bond, signer=disputer)

    matter = deployed.court.open(
        work, disputed, digest_of("evidence"), split, bond, signer=disputer
    )
    with pytest.raises(ContractRefused) as frozen:
        deployed.ledger.claim(work, token, 1, split, disputed, signer=disputer)
    deployed.ledger.claim(work, token, 1, split, other, signer=disputer)
    deployed.court.concede(matter, signer=disputer)
    deployed.ledger.claim(work, token, 1, split, disputed, signer=disputer)
    deployed.court.collect(disputed, signer=disputer)

    assert frozen.value.error == "ShareFrozen"
    assert not deployed.court.is_frozen(work, disputed, at=deployed.node.head())
