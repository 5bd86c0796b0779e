"""What the store answers with: facts as they stood after one block, each with its place on chain.

Money is in base units of the token named beside it; times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from chain.ledger.catalogue import Catalogue
from chain.ledger.epoch import EpochReport, LicenceUsage
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.rights import ConsentState, Parent, Split, Terms, Tier, WorkKind
from chain.ledger.vectors import AncestorVector


@dataclass(frozen=True, order=True)
class Place:
    """Where on the chain something was said; orders as the chain does."""

    block_number: int
    log_index: int
    tx_hash: bytes
    timestamp: int

    @property
    def time(self) -> datetime:
        """The block's own time, in UTC."""
        return datetime.fromtimestamp(self.timestamp, UTC)


@dataclass(frozen=True)
class WorkRecord:
    """`community_id` zero is a work of a single account; `owner` holds its token.

    `displaced_by` is the work that took this one's content, by an older commitment.
    """

    work_id: WorkId
    community_id: CommunityId
    owner: Address
    kind: WorkKind
    content_commitment: Digest
    manifest_digest: Digest
    place: Place
    displaced_by: WorkId | None = None


@dataclass(frozen=True)
class CatalogueRecord:
    """Works registered under one root; `materialised` are those used since, by position."""

    catalogue: Catalogue
    materialised: Mapping[int, WorkId]
    place: Place


@dataclass(frozen=True)
class CommunityRecord:
    community_id: CommunityId
    steward: Address
    elders: tuple[Address, ...]
    approvals_required: int
    profile_digest: Digest
    place: Place


@dataclass(frozen=True)
class ConsentRecord:
    """`state` as last said: that a GRANTED consent lapsed at `live_until` is for readers to see.

    `live_until` is `until`, or earlier where nobody reaffirmed for `reaffirm_seconds`; zero before
    the grant. `labels` are codes of TK and BC labels, a byte each, zeros at the end.
    """

    work_id: WorkId
    tier: Tier
    state: ConsentState
    terms_hash: Digest | None
    until: int
    approvals: int
    offer: int
    reaffirm_seconds: int
    by_voucher: bool
    labels: bytes
    live_until: int
    place: Place


@dataclass(frozen=True)
class LicenceRecord:
    """`terms` hold the licence's own caps: a sublicence has narrower ones than those consented to,
    which `terms_hash` names. What was used under its sublicences counts as used.
    """

    licence_id: LicenceId
    work_id: WorkId
    holder: Address
    taken_at: int
    expiry: int
    terms: Terms
    terms_hash: Digest
    parent_id: LicenceId | None
    units_used: int
    revenue_used: int
    place: Place


@dataclass(frozen=True)
class DerivativeRecord:
    child: WorkId
    generation_id: GenerationId
    parents: tuple[Parent, ...]
    depth: int
    vector: AncestorVector
    place: Place


@dataclass(frozen=True)
class FloorRecord:
    """A floor, of `SHARE_SCALE`, under a root's share of what is made from its derivatives.

    Lines that begin at the root are in its protection from the Unix time `binds_from` on.
    """

    work_id: WorkId
    floor: int
    binds_from: int
    place: Place


@dataclass(frozen=True)
class ProvenanceEdge:
    """A derivative came from a parent under a licence."""

    child: WorkId
    parent: WorkId
    licence_id: LicenceId
    royalty_share: int
    generation_id: GenerationId


@dataclass(frozen=True)
class Provenance:
    """All that a work comes from and all that came from it, as a graph; nodes ascend by id."""

    root: WorkId
    nodes: tuple[WorkRecord, ...]
    edges: tuple[ProvenanceEdge, ...]


@dataclass(frozen=True)
class SplitRecord:
    work_id: WorkId
    version: int
    split: Split
    place: Place


@dataclass(frozen=True)
class SplitProposalRecord:
    """A split put forward: `is_open` until it is enacted or another is put forward.

    `enactable_from` is when the time to object is over; `consents` and `objections` are payees of
    the split that it would follow, each by its last word.
    """

    work_id: WorkId
    version: int
    split: Split
    enactable_from: int
    consents: tuple[Address, ...]
    objections: tuple[Address, ...]
    is_open: bool
    place: Place


@dataclass(frozen=True)
class PaymentRecord:
    """`gross` is cumulative for the work and token."""

    work_id: WorkId
    token: Address
    payer: Address
    amount: int
    gross: int
    place: Place


@dataclass(frozen=True)
class SettledRecord:
    """Income of a derivative passed on; `settled` is cumulative."""

    work_id: WorkId
    token: Address
    amount: int
    settled: int
    place: Place


@dataclass(frozen=True)
class DirectPayout:
    """`paid` is cumulative for payee, work, token and version."""

    work_id: WorkId
    token: Address
    payee: Address
    version: int
    recipient: Address
    amount: int
    paid: int
    place: Place


@dataclass(frozen=True)
class EpochPayout:
    """`claimed` is cumulative for payee and token."""

    token: Address
    payee: Address
    recipient: Address
    amount: int
    claimed: int
    place: Place


@dataclass(frozen=True)
class Deferral:
    """A push that its payee could not take; `work_id` and `version` are None in the epoch lane.

    `waiting` while no payout followed: the money is still there for the payee.
    """

    work_id: WorkId | None
    token: Address
    payee: Address
    version: int | None
    amount: int
    waiting: bool
    place: Place


@dataclass(frozen=True)
class EpochRecord:
    report: EpochReport
    report_hash: Digest
    licence_usage: tuple[LicenceUsage, ...]
    place: Place


class RootState(StrEnum):
    """What became of a payout root."""

    PENDING = "pending"
    """Its window is open, or has closed and nobody activated it yet."""
    ACTIVE = "active"
    """Payouts are proven against it."""
    SUPERSEDED = "superseded"
    """A later root took its place; totals are cumulative, so nothing was lost."""
    REJECTED = "rejected"
    """It was thrown out: by the council, by a proof, or with a root that it was built on."""


class RootFault(IntEnum):
    """Why a payout root was thrown out, as IEpochDistributor.Fault."""

    COUNCIL = 0
    DECREASE = 1
    """A payee was promised less than before."""
    DISORDER = 2
    """Leaves did not ascend by payee, or one payee had two."""
    SUMS = 3
    """A node did not add up."""
    OMISSION = 4
    """A frozen share was not withheld."""
    BUILT_ON_REJECTED = 5
    """The root before it was thrown out."""


@dataclass(frozen=True)
class RootRecord:
    token: Address
    epoch: EpochNumber
    sum_root: Digest
    total: int
    leaf_count: int
    claimable_from: int
    state: RootState
    decided: Place | None
    """When it was activated or rejected."""
    fault: RootFault | None
    place: Place


class CreditChange(StrEnum):
    """Why a licence holder's credit in the epoch lane changed."""

    FUNDED = "funded"
    """Somebody paid in for the holder."""
    CHARGED = "charged"
    """An epoch counted use under its licences."""
    RETURNED = "returned"
    """That epoch was rejected."""


@dataclass(frozen=True)
class CreditStep:
    """`credit` is what the holder has after it; `funded` is cumulative for the token, and zero
    where nobody paid in."""

    token: Address
    holder: Address
    change: CreditChange
    amount: int
    credit: int
    funded: int
    place: Place


@dataclass(frozen=True)
class TransferRecord:
    """A token moved from or to a contract that holds money."""

    token: Address
    sender: Address
    recipient: Address
    amount: int
    place: Place
