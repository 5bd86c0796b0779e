"""Building the service from settings: the one place where its parts are chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from chain.client.deployment import Deployment
from chain.client.errors import KeyRefused
from chain.client.keys import open_key, passphrase_from
from chain.client.node import FeePolicy, Node
from chain.client.signer import DEVELOPMENT_CHAIN_ID, LocalSigner, Signer, dev_signer
from chain.client.usage_oracle import OperatorSet
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import address
from chain.provenance import BlockStore, FsBlockStore
from chain.settings import SettingsInvalid
from oracle.chain_view import ChainView
from oracle.lease import LEASE_SECONDS, Role
from oracle.node_wire import NodeWire
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.outbox import Outbox
from oracle.quorum import require_sound
from oracle.service import OracleKeys, OracleService
from oracle.settings import (
    KEYS_VARIABLE,
    OPERATORS_VARIABLE,
    RELAY_VARIABLE,
    OracleSettings,
    RemoteOperators,
)
from oracle.shared_blocks import SharedBlocks

# Accounts of the development mnemonic.
DEV_OPERATORS = range(3, 8)
DEV_RELAY = 8


@contextmanager
def open_oracle(
    settings: OracleSettings, *, roles: Collection[Role] = tuple(Role)
) -> Iterator[OracleService]:
    """The service over the settings' stores; they are let go on leaving. Only one process at a time
    holds a role; others file and read.

    Raises DeploymentInvalid, KeyRefused, QuorumUnsound, SettingsInvalid (fewer operators than must
    sign), RpcUnavailable, WrongChain, and what `Outbox` raises.
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
    if Role.EPOCH in roles:
        operators = view.operator_set(node.head())
        require_sound(operators)
        _require_enough(operators, len(keys.operators) + (len(remote.urls) if remote else 0))
    if Role.SUBMIT in roles and keys.relay is None:
        raise SettingsInvalid(RELAY_VARIABLE, "is needed: the key that pays for gas")
    outbox = Outbox(
        settings.outbox,
        identity_of(node, deployment),
        roles=roles,
        # Whoever looks in seldom still says in time that it is there.
        lease_seconds=max(LEASE_SECONDS, 4 * settings.poll_seconds),
    )
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
            blocks_of(settings, outbox),
            keys,
            token,
            wire=wire,
            relay_policy=settings.relay,
            remote_operators=[] if remote is None else _asked(remote),
            answer_seconds=ANSWER_SECONDS if remote is None else remote.answer_seconds,
            direct_price_min=settings.direct_price_min,
            epoch_seconds=settings.epoch_seconds,
        )
    finally:
        outbox.close()
        engine.dispose()


def blocks_of(settings: OracleSettings, outbox: Outbox) -> BlockStore:
    """Papers of epochs: in a folder, and in the outbox too where machines share one."""
    own = FsBlockStore(settings.blocks_folder)
    return own if settings.outbox_url is None else SharedBlocks(own, outbox)


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
    relay = None if remote.relay_key is None else opened(remote.relay_key)
    return OracleKeys((), producer, relay)


def _require_enough(operators: OperatorSet, asked: int) -> None:
    if asked < operators.threshold:
        raise SettingsInvalid(
            OPERATORS_VARIABLE,
            f"{operators.threshold} operators must sign and {asked} are asked: give the others' "
            "addresses",
        )


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
