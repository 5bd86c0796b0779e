"""The one composition root: every part of a running Antiphon, opened from one set of settings."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from chain.client.blocks import BlockPin
from chain.client.contracts import Contracts
from chain.client.deployment import Deployment
from chain.client.node import Node
from chain.indexer.cursor import IndexStatus
from chain.indexer.database import open_database
from chain.indexer.errors import IndexEmpty, IndexMoved
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Address
from chain.ledger.money import Currency
from chain.provenance import BlockStore, FsBlockStore
from chain.settings import ChainSettings
from oracle.chain_view import ChainView
from oracle.opening import blocks_of, identity_of
from oracle.outbox import Outbox
from oracle.settings import OracleSettings
from watermark.client import WatermarkClient

# Whoever else follows the same index moves its cursor by whole batches: these are soon through.
INDEX_TRIES = 50


@dataclass(frozen=True)
class Settings:
    """Where the parts are. `state` holds the index, the outbox and the blocks."""

    state: Path
    rpc: str
    watermark_url: str
    deployment_file: Path
    watermark_token: str | None = None  # where the process answers in full to partners alone
    outbox_url: str | None = None  # where several processes share the oracle's outbox

    @property
    def index_url(self) -> str:
        return f"sqlite:///{self.state / 'index.sqlite'}"

    @property
    def oracle(self) -> OracleSettings:
        """The oracle's own settings over the same state."""
        return OracleSettings(
            chain=ChainSettings(
                rpc_url=self.rpc,
                deployment_path=self.deployment_file,
                index_url=self.index_url,
            ),
            outbox_path=self.state / "outbox.sqlite",
            outbox_url=self.outbox_url,
            blocks_folder=self.state / "blocks",
        )


class Application(Contracts):
    """Opens parts when they are first used; nothing is written until something is asked for."""

    def __init__(self, settings: Settings) -> None:
        """Raises DeploymentInvalid, RpcUnavailable or WrongChain."""
        self.settings = settings
        self._following = threading.Lock()
        deployment, node = Deployment.load(settings.deployment_file), Node(settings.rpc)
        node.expect_chain(deployment.chain_id)
        super().__init__(node, deployment)

    @cached_property
    def _engine(self) -> Engine:
        return open_database(self.settings.index_url)

    @cached_property
    def store(self) -> Store:
        return Store(self._engine)

    def refresh(self) -> BlockPin:
        """Bring the index to the node's head; the newest indexed block.

        Threads take turns. The oracle follows the same index from a process of its own: when it was
        faster, what it wrote is read instead. Raises what `Follower.catch_up` raises.
        """
        with self._following:
            follower = Follower(self.node, self.deployment, self._engine)
            for _ in range(INDEX_TRIES - 1):
                with suppress(IndexMoved):
                    return follower.catch_up().cursor
            return follower.catch_up().cursor

    @cached_property
    def view(self) -> ChainView:
        """The chain as the oracle's own code reads it, over the same index."""
        depth = self.settings.oracle.final_depth
        return ChainView(self.node, self.store, self.deployment, self.refresh, depth)

    def index_status(self) -> IndexStatus | None:
        """How far the index is, as it stands; None before there is one."""
        try:
            return self.store.status()
        except IndexEmpty:
            return None

    @cached_property
    def blocks(self) -> FsBlockStore:
        """Blocks that may be published; the gate still decides."""
        return FsBlockStore(self.settings.state / "blocks")

    @cached_property
    def papers(self) -> BlockStore:
        """The blocks, and what other machines of the outbox know of epochs."""
        oracle = self.settings.oracle
        return self.blocks if oracle.outbox_url is None else blocks_of(oracle, self.outbox)

    @cached_property
    def outbox(self) -> Outbox:
        """The oracle's outbox, to file into and to read; its worker is a process of its own."""
        identity = identity_of(self.node, self.deployment)
        return Outbox(self.settings.oracle.outbox, identity, roles=())

    @cached_property
    def watermark(self) -> WatermarkClient:
        return WatermarkClient(self.settings.watermark_url, token=self.settings.watermark_token)

    @cached_property
    def currency(self) -> Currency:
        """The payment token's symbol and decimals, asked once: tokens do not change them."""
        return self.token.currency(at=self.head())

    def head(self) -> BlockPin:
        return self.node.head()

    def account(self, address: Address) -> str:
        """An address as CAIP-10, the form manifests name accounts in."""
        return f"eip155:{self.deployment.chain_id}:{address.lower()}"

    def chain_time(self) -> datetime:
        """What the chain says the time is: manifests and licences must agree on one clock."""
        return datetime.fromtimestamp(self.head().timestamp, UTC)
