"""What settlement must know of the chain at one block. Whoever builds it reads nothing later."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.rights import Parent, Split, Terms, Tier
from chain.ledger.sharing import Announcement
from chain.ledger.vectors import AncestorVector


@dataclass(frozen=True)
class LicenceFacts:
    """One licence: times in Unix seconds, `revenue_used` in base units of its token.

    Its `holder` pays for its use; `parent` is the licence that it is a sublicence of.
    """

    work_id: WorkId
    tier: Tier
    terms: Terms
    taken_at: int
    expiry: int
    holder: Address
    parent: LicenceId | None = None
    units_used: int = 0
    revenue_used: int = 0


@dataclass(frozen=True)
class DerivativeFacts:
    """The derivative that a generation became, and the works it was linked to."""

    child: WorkId
    parents: tuple[Parent, ...]

    def has_parent(self, work_id: WorkId) -> bool:
        """Whether the derivative was linked to this work itself, not to a descendant of it."""
        return any(parent.work_id == work_id for parent in self.parents)


@dataclass(frozen=True)
class SettlementState:
    """The chain at `block`, of Unix time `time`, as far as one epoch in `token` needs it.

    `vectors` has the linked derivatives; every other work keeps its income whole (no licence can be
    taken for a derivative before it is linked). `splits` are those in force. `counted_ids` are the
    events of all earlier epochs, `directly_reported` those that were reported one by one and not
    rejected: they are paid for. `frozen` are the shares under dispute: their income is kept back.
    `credits` are what licence holders have in the lane, in base units of `token`; one that is not
    there has nothing.
    `rules` are the announced sharing rules that hold for `epoch`, `communities` at least the works
    of those that have one. `previous_report` is the hash of the report before in this token.
    """

    token: Address
    epoch: EpochNumber
    previous_report: Digest
    block: int
    time: int
    licences: Mapping[LicenceId, LicenceFacts]
    derivatives: Mapping[GenerationId, DerivativeFacts]
    vectors: Mapping[WorkId, AncestorVector]
    splits: Mapping[WorkId, Split]
    counted_ids: AbstractSet[Digest] = frozenset()
    directly_reported: AbstractSet[Digest] = frozenset()
    frozen: AbstractSet[tuple[WorkId, Address]] = frozenset()
    credits: Mapping[Address, int] = field(default_factory=dict)
    rules: Mapping[CommunityId, Announcement] = field(default_factory=dict)
    communities: Mapping[WorkId, CommunityId] = field(default_factory=dict)

    def vector_of(self, work_id: WorkId) -> AncestorVector:
        """The work's ancestor vector; empty for a work without parents."""
        return self.vectors.get(work_id, AncestorVector())

    def path_of(self, licence_id: LicenceId) -> tuple[LicenceId, ...]:
        """A licence and those above it, up to the one that was taken of the work itself: use under
        the first counts for all of them."""
        path = [licence_id]
        while (parent := self.licences[path[-1]].parent) is not None:
            path.append(parent)
        return tuple(path)
