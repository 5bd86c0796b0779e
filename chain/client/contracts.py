"""Every contract of one deployment, each by the word the rest of the code has for it."""

from __future__ import annotations

from chain.client.consent_registry import ConsentRegistry
from chain.client.deployment import Deployment
from chain.client.derivative_graph import DerivativeGraph
from chain.client.direct_reports import DirectReports
from chain.client.dispute_court import DisputeCourt
from chain.client.epoch_distributor import EpochDistributor
from chain.client.licence_registry import LicenceRegistry
from chain.client.node import Node
from chain.client.royalty_ledger import RoyaltyLedger
from chain.client.sharing_rules import SharingRules
from chain.client.stablecoin import Stablecoin
from chain.client.usage_oracle import UsageOracle
from chain.client.work_registry import WorkRegistry


class Contracts:
    """The contracts of `deployment` as `node` knows them; nothing is asked of the node here."""

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self.node, self.deployment = node, deployment
        self.works = WorkRegistry.of(node, deployment)
        self.consents = ConsentRegistry.of(node, deployment)
        self.licences = LicenceRegistry.of(node, deployment)
        self.graph = DerivativeGraph.of(node, deployment)
        self.ledger = RoyaltyLedger.of(node, deployment)
        self.oracle = UsageOracle.of(node, deployment)
        self.distributor = EpochDistributor.of(node, deployment)
        self.direct_reports = DirectReports.of(node, deployment)
        self.court = DisputeCourt.of(node, deployment)
        self.sharing = SharingRules.of(node, deployment)
        self.token = Stablecoin.of(node, deployment)
