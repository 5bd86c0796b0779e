"""An operator's process: one key, its own node and index, its own memory of what it signed.

Read from the environment: ANTIPHON_RPC_URL and ANTIPHON_DEPLOYMENT (its own copy),
ANTIPHON_OPERATOR_STATE (a folder: memory, index, blocks), ANTIPHON_OPERATOR_KEY and
ANTIPHON_PASSPHRASE_FILE (see chain.client.keys), ANTIPHON_BLOCKS_FROM (an API, an IPFS gateway or a
daemon's multiaddr), ANTIPHON_OPERATOR_TOKEN, ANTIPHON_FINAL_DEPTH.
"""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from chain.client.deployment import Deployment
from chain.client.keys import open_key, passphrase_from
from chain.client.node import Node
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.errors import LedgerError
from chain.provenance import FsBlockStore
from chain.provenance.fetching import FetchingBlocks, source_of_blocks
from chain.settings import INDEX_VARIABLE, ChainSettings, SettingsInvalid
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.direct_operator import DirectOperator
from oracle.opening import identity_of
from oracle.operator import Operator
from oracle.operators.desk import UNABLE, OperatorDesk
from oracle.operators.http import create_app
from oracle.operators.memory import OutboxMemory
from oracle.outbox import Outbox
from oracle.settings import (
    DEPTH_VARIABLE,
    FINAL_DEPTH_DEFAULT,
    FINAL_DEPTH_MAX,
    PASSPHRASE_VARIABLE,
    number_in,
    path_in,
)

STATE_VARIABLE: Final = "ANTIPHON_OPERATOR_STATE"
KEY_VARIABLE: Final = "ANTIPHON_OPERATOR_KEY"
SOURCE_VARIABLE: Final = "ANTIPHON_BLOCKS_FROM"
TOKEN_VARIABLE: Final = "ANTIPHON_OPERATOR_TOKEN"  # noqa: S105 (a variable's name)
STATE_DEFAULT: Final = Path("var/operator")
PORT_DEFAULT: Final = 8548


@dataclass(frozen=True)
class OperatorSettings:
    """`key` and `blocks_from` are places, as `chain.client.keys` and `source_of_blocks` read them;
    `variables` is where a key of the environment is looked up."""

    chain: ChainSettings
    state: Path
    key: str
    blocks_from: str
    passphrase_file: Path | None
    token: str | None
    final_depth: int
    variables: Mapping[str, str]

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> OperatorSettings:
        """Settings from environment variables. Raises SettingsInvalid naming the variable."""
        state = Path(variables.get(STATE_VARIABLE, str(STATE_DEFAULT)))
        for name in (KEY_VARIABLE, SOURCE_VARIABLE):
            if not variables.get(name):
                raise SettingsInvalid(name, "is needed; see `python -m oracle --help`")
        usual = {INDEX_VARIABLE: f"sqlite:///{state / 'index.sqlite'}"}
        depth = number_in(variables, DEPTH_VARIABLE, FINAL_DEPTH_DEFAULT, FINAL_DEPTH_MAX)
        return cls(
            ChainSettings.parse({**usual, **variables}),
            state,
            variables[KEY_VARIABLE],
            variables[SOURCE_VARIABLE],
            path_in(variables, PASSPHRASE_VARIABLE),
            variables.get(TOKEN_VARIABLE) or None,
            depth,
            variables,
        )


@contextmanager
def open_operator(settings: OperatorSettings) -> Iterator[OperatorDesk]:
    """The operator over its own stores; they are let go on leaving.

    Its memory has one holder at a time: a second process with the same state folder is refused.
    Raises DeploymentInvalid, KeyRefused, RpcUnavailable, WrongChain, DaemonUnreachable, and what
    `Outbox` raises.
    """
    node = Node(settings.chain.rpc_url)
    deployment = Deployment.load(settings.chain.deployment_path)
    node.expect_chain(deployment.chain_id)
    signer = open_key(
        settings.key,
        chain_id=deployment.chain_id,
        passphrase=passphrase_from(settings.passphrase_file),
        variables=settings.variables,
    )
    held = FsBlockStore(settings.state / "blocks")
    blocks = FetchingBlocks(held, source_of_blocks(settings.blocks_from))
    engine = open_database(settings.chain.index_url)
    witnesses = [Node(url) for url in settings.chain.witness_urls]
    follower = Follower(
        node, deployment, engine, depth=settings.chain.reorg_depth, witnesses=witnesses
    )
    view = ChainView(node, Store(engine), deployment, follower.catch_up, settings.final_depth)
    memory = Outbox(settings.state / "memory.sqlite", identity_of(node, deployment))
    try:
        keeps, policy = OutboxMemory(memory), DetectionPolicy()
        operator = Operator(signer, view, blocks, keeps, policy)
        directly = DirectOperator(signer, view, blocks, keeps, policy, operator.history)
        yield OperatorDesk(operator, directly, view)
    finally:
        memory.close()
        engine.dispose()


def serve(settings: OperatorSettings, host: str, port: int, listener: int | None) -> bool:
    """Answer until interrupted; whether it ever did. `listener` is an open socket to use instead.

    Raises SettingsInvalid for an address that others can reach, without a token; as
    `open_operator`.
    """
    if settings.token is None and listener is None and not _is_loopback(host):
        raise SettingsInvalid(
            TOKEN_VARIABLE, f"is needed where others can reach {host}; or listen on 127.0.0.1"
        )
    with open_operator(settings) as desk:
        app = create_app(desk, settings.token)
        config = uvicorn.Config(app, host=host, port=port, log_level="warning")
        handed = None if listener is None else socket.socket(fileno=listener)
        server = uvicorn.Server(config)
        with suppress(KeyboardInterrupt):
            server.run([handed or config.bind_socket()])
        return server.started


def main(arguments: Sequence[str]) -> int:
    """`python -m oracle operator`: 1 with a plain sentence when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m oracle operator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT_DEFAULT)
    parser.add_argument(
        "--listener", type=int, metavar="FD", help="an open socket to listen on instead"
    )
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = OperatorSettings.parse(os.environ)
        started = serve(settings, given.host, given.port, given.listener)
    except (*UNABLE, LedgerError, SettingsInvalid, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0 if started else 1


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
