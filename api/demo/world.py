"""What the chapters of the story hand on to one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from api.application import Application
from api.demo.cast import PLATFORM, CommunityRole
from api.demo.narrator import Narrator
from api.demo.recordings import Recordings, Source
from api.generating import DerivativeFiled
from api.registration import TermsOffered
from api.stack.stack import Stack
from chain.client.signer import LocalSigner, dev_signer
from chain.ledger.identifiers import Address, CommunityId, LicenceId, WorkId
from chain.ledger.rights import Split, Tier
from chain.metrics.traceability import TraceOutcome
from chain.provenance import Cid

if TYPE_CHECKING:
    from oracle.service import OracleService


@dataclass
class CommunityFounded:
    role: CommunityRole
    community_id: CommunityId
    steward: LocalSigner
    split_bps: dict[Address, int]


@dataclass
class WorkInPlay:
    """A registered work and what it has on offer; `never_train` works refuse that tier."""

    work_id: WorkId
    source: Source
    manifest: Cid
    community: CommunityFounded
    split: Split
    never_train: bool
    offers: dict[Tier, TermsOffered] = field(default_factory=dict)
    licences: dict[Tier, LicenceId] = field(default_factory=dict)


@dataclass
class World:
    """The state of one telling."""

    narrator: Narrator
    stack: Stack
    recordings: Recordings
    app: Application
    folder: Path
    communities: list[CommunityFounded] = field(default_factory=list)
    works: list[WorkInPlay] = field(default_factory=list)
    derivatives: list[DerivativeFiled] = field(default_factory=list)
    parents: dict[WorkId, list[WorkInPlay]] = field(default_factory=dict)
    outcomes: list[TraceOutcome] = field(default_factory=list)
    rejecting_payee: Address | None = None
    oracle: OracleService | None = None

    @property
    def platform(self) -> LocalSigner:
        return dev_signer(PLATFORM)

    def money(self, units: int) -> str:
        """An amount of the payment token as people read it: every digit, nothing rounded."""
        return f"{self.app.currency.text(units)} {self.app.currency.symbol}"

    def warp(self, seconds: int) -> None:
        """Move the development chain's clock; never possible, and never done, elsewhere."""
        self.app.node.rpc.request("evm_increaseTime", seconds)
        self.app.node.rpc.request("evm_mine")

    def name_of(self, payee: Address) -> str:
        """A payee by community and number, for people."""
        for community in self.communities:
            for number, address in enumerate(community.split_bps, start=1):
                if address == payee:
                    suffix = ", refuses all money" if payee == self.rejecting_payee else ""
                    return f"{community.role.key} payee {number}{suffix}"
        return "the platform" if payee == self.platform.address else payee
