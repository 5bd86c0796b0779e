"""Building the service from settings: the one place where its parts are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain.client.deployment import Deployment
from chain.client.errors import KeyRefused
from chain.client.keys import open_key, passphrase_from
from chain.client.node import FeePolicy, Node
from chain.client.signer import DEVELOPMENT_CHAIN_ID, LocalSigner, Signer, dev_signer
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import address
from chain.provenance import FsBlockStore
from oracle.chain_view import ChainView
from oracle.node_wire import NodeWire
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.outbox import Outbox
from oracle.service import OracleKeys, OracleService
from oracle.settings import KEYS_VARIABLE, OracleSettings, RemoteOperators

# Accounts of the development mnemonic.
DEV_OPERATORS = range(3, 8)
DEV_RELAY = 8


@contextmanager
def open_oracle(settings: OracleSettings, *, worker: bool = True) -> Iterator[OracleService]:
    """The service over the settings' stores; they are let go on leaving. Only one process at a time
    may be the `worker`; others file and read.

    Raises DeploymentInvalid, KeyRefused, RpcUnavailable, WrongChain, and what `Outbox` raises.
    """
    node = Node(settings.chain.rpc_url, fees=FeePolicy(cap_wei=settings.relay.fee_cap_wei))
    deployment = Deployment.load(settings.chain.deployment_path)
    node.expect_chain(deployment.chain_id)
    remote = settings.remote_operators
    if remote is None:
        keys = load_keys(settings.keys_folder, deployment)
    else:
        keys = keys_beside_operators(remote, deployment)
    token = deployment.token if settings.token is None else address(settings.token)
    engine = open_database(settings.chain.index_url)
    witnesses = [Node(url) for url in settings.chain.witness_urls]
    depth = settings.chain.reorg_depth
    follower = Follower(node, deployment, engine, depth=depth, witnesses=witnesses)
    view = ChainView(node, Store(engine), deployment, follower.catch_up, settings.final_depth)
    outbox = Outbox(settings.outbox, identity_of(node, deployment), worker=worker)
    wire = NodeWire(
        node,
        anchor=node.block(deployment.block),
        witnesses=witnesses,
        head_age_max=settings.head_age_seconds,
    )
    try:
        yield OracleService(
            outbox,
            view,
            FsBlockStore(settings.blocks_folder),
            keys,
            token,
            wire=wire,
            relay_policy=settings.relay,
            remote_operators=[] if remote is None else _asked(remote),
            answer_seconds=ANSWER_SECONDS if remote is None else remote.answer_seconds,
            direct_price_min=settings.direct_price_min,
        )
    finally:
        outbox.close()
        engine.dispose()


def identity_of(node: Node, deployment: Deployment) -> dict[str, str]:
    """What tells one deployment from another, a restarted development chain included.

    Raises StaleNode when the node does not have the deployment's first block.
    """
    return {
        "chainId": str(deployment.chain_id),
        "usageOracle": deployment.contracts["UsageOracle"],
        "deploymentBlock": "0x" + node.block(deployment.block).hash.hex(),
    }


def _asked(remote: RemoteOperators) -> list[RemoteOperator]:
    return [
        RemoteOperator(url, token=remote.token, answer_seconds=remote.answer_seconds)
        for url in remote.urls
    ]


def keys_beside_operators(remote: RemoteOperators, deployment: Deployment) -> OracleKeys:
    """The keys of a process whose operators are processes of their own. Raises KeyRefused."""

    def opened(place: str) -> Signer:
        return open_key(
            place,
            chain_id=deployment.chain_id,
            passphrase=passphrase_from(remote.passphrase_file),
            variables=remote.variables,
        )

    producer = None if remote.producer_key is None else opened(remote.producer_key)
    return OracleKeys((), producer, opened(remote.relay_key))


def load_keys(folder: Path | None, deployment: Deployment) -> OracleKeys:
    """Keys from a folder, or the development keys on the development chain. Raises KeyRefused."""
    if folder is None:
        if deployment.chain_id != DEVELOPMENT_CHAIN_ID:
            raise KeyRefused(
                f"chain {deployment.chain_id} needs keys of your own. Next: put operator-1.key … "
                f"and relay.key into a folder and name it in {KEYS_VARIABLE}"
            )
        operators = tuple(dev_signer(index) for index in DEV_OPERATORS)
        return OracleKeys(operators, operators[0], dev_signer(DEV_RELAY))
    operators = tuple(LocalSigner.from_file(path) for path in sorted(folder.glob("operator-*.key")))
    if not operators:
        raise KeyRefused(f"{folder} holds no operator-*.key. Next: check {KEYS_VARIABLE}")
    relay = LocalSigner.from_file(folder / "relay.key")
    more = tuple(LocalSigner.from_file(path) for path in sorted(folder.glob("relay-*.key")))
    return OracleKeys(operators, operators[0], relay, more)
