"""The one composition root: every part of a running Antiphon, opened from one set of settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from chain.client.blocks import BlockPin
from chain.client.consent_registry import ConsentRegistry
from chain.client.deployment import Deployment
from chain.client.derivative_graph import DerivativeGraph
from chain.client.epoch_distributor import EpochDistributor
from chain.client.licence_registry import LicenceRegistry
from chain.client.node import Node
from chain.client.royalty_ledger import RoyaltyLedger
from chain.client.stablecoin import Stablecoin
from chain.client.usage_oracle import UsageOracle
from chain.client.work_registry import WorkRegistry
from chain.ledger.identifiers import Address
from chain.provenance import FsBlockStore
from watermark.client import WatermarkClient


@dataclass(frozen=True)
class Settings:
    """Where the parts are. `state` holds the index, the outbox and the blocks."""

    state: Path
    rpc: str
    watermark_url: str
    deployment_file: Path

    @property
    def index_url(self) -> str:
        return f"sqlite:///{self.state / 'index.sqlite'}"


class Application:
    """Opens parts when they are first used; nothing is written until something is asked for."""

    def __init__(self, settings: Settings) -> None:
        """Raises DeploymentInvalid, RpcUnavailable or WrongChain."""
        self.settings = settings
        self.deployment = Deployment.load(settings.deployment_file)
        self.node = Node(settings.rpc)
        self.node.expect_chain(self.deployment.chain_id)
        self.works = WorkRegistry.of(self.node, self.deployment)
        self.consents = ConsentRegistry.of(self.node, self.deployment)
        self.licences = LicenceRegistry.of(self.node, self.deployment)
        self.graph = DerivativeGraph.of(self.node, self.deployment)
        self.ledger = RoyaltyLedger.of(self.node, self.deployment)
        self.oracle = UsageOracle.of(self.node, self.deployment)
        self.distributor = EpochDistributor.of(self.node, self.deployment)
        self.token = Stablecoin.of(self.node, self.deployment)

    @cached_property
    def blocks(self) -> FsBlockStore:
        """Blocks that may be published; the gate still decides."""
        return FsBlockStore(self.settings.state / "blocks")

    @cached_property
    def watermark(self) -> WatermarkClient:
        return WatermarkClient(self.settings.watermark_url)

    def head(self) -> BlockPin:
        return self.node.head()

    def account(self, address: Address) -> str:
        """An address as CAIP-10, the form manifests name accounts in."""
        return f"eip155:{self.deployment.chain_id}:{address.lower()}"

    def chain_time(self) -> datetime:
        """What the chain says the time is: manifests and licences must agree on one clock."""
        return datetime.fromtimestamp(self.head().timestamp, UTC)
