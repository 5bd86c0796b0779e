"""Lines: what earned a payee how much, each derived from one event of the chain and no estimate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from chain.indexer.records import Place
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    LicenceId,
    WorkId,
    address_bytes,
)
from chain.ledger.sharing import Announcement

_WORD = 32
_NAME_BYTES = 12


class Source(StrEnum):
    """What the money was paid for."""

    LICENCE = "licence"
    """The price of one or more licences, paid when they were taken."""
    DIRECT_REPORT = "direct report"
    """One usage event, paid by itself."""
    PAYMENT = "payment"
    """Money paid to a work without a licence, for instance for a copy of a derivative."""
    USAGE = "usage"
    """All use under one licence in one epoch."""
    SHARING_RULE = "sharing rule"
    """What a community's announced rule gives a payee above its split, or takes from it."""


@dataclass(frozen=True)
class EpochPaper:
    """Where a line of the epoch lane is proven: the report, the payee's leaf in the payout tree and
    the set of segments that was counted. `leaf_root` is the root over those leaves."""

    epoch: EpochNumber
    report_hash: Digest
    leaf_root: Digest
    leaf_index: int
    segments_digest: Digest


@dataclass(frozen=True)
class Line:
    """One amount: `gross` base units, times `share` of SHARE_SCALE, times `bps`, is `numerator`.

    `source_work` took the money in, `work_id` passed it on by version `version` of its split (in
    the epoch lane: the split in force, version 0). `share` is that of an ancestor, or what the work
    keeps. `units` are counted uses. `paid_in` is where the money came in, `booked` where it became
    the payee's, or where it was taken back: then `numerator` is negative. With a sharing rule
    `gross`, `share` and `bps` are zero: `announced` says more.
    """

    payee: Address
    source: Source
    source_work: WorkId
    work_id: WorkId
    licences: tuple[LicenceId, ...]
    units: int | None
    gross: int
    share: int
    bps: int
    numerator: int
    version: int
    paid_in: Place
    booked: Place
    event_id: Digest | None = None
    paper: EpochPaper | None = None
    announced: Announcement | None = None
    community_id: CommunityId | None = None
    by_split: int = 0
    """What the split alone would have brought, where a rule says otherwise; in numerators."""

    @property
    def is_epoch_lane(self) -> bool:
        return self.paper is not None

    @property
    def name(self) -> str:
        """24 hex digits that name this line in every statement it is in."""
        numbers = (
            self.paid_in.block_number,
            self.paid_in.log_index,
            self.booked.block_number,
            self.booked.log_index,
            self.source_work,
            self.work_id,
            self.version,
            len(self.licences),
            *self.licences,
            self.gross,
            self.share,
            self.bps,
            self.numerator % (1 << 8 * _WORD),
        )
        said = hashlib.sha256(self.source.encode() + b"\0" + address_bytes(self.payee))
        for place in (self.paid_in, self.booked):
            said.update(place.tx_hash)
        for number in numbers:
            said.update(number.to_bytes(_WORD, "big"))
        return said.digest()[:_NAME_BYTES].hex()
