"""Statements: what one payee, or the payees of one community's works, earned and got in a period.

Identity, per token and exact: opening + earned - withheld - paid == closing, where opening and
closing are what is payable after the blocks before and at the end, and withheld is what frozen,
pending and deferred together grew by. What closes one period opens the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chain.client.deployment import Deployment
from chain.indexer.records import LicenceRecord
from chain.ledger.identifiers import Address, CommunityId, EpochNumber, WorkId
from chain.ledger.money import Currency
from chain.statements.entries import Entry
from chain.statements.periods import Period
from chain.statements.stocks import ByWork, Stocks, total


@dataclass(frozen=True)
class DirectBalance:
    """One version's share of a work at the closing block: what `paidTo` and `dueTo` say."""

    payee: Address
    work_id: WorkId
    version: int
    bps: int
    income: int
    """Of the version's segment, in numerators of SHARE_SCALE."""
    paid: int
    due: int
    below_a_unit: int


@dataclass(frozen=True)
class EpochBalance:
    """The epoch lane at the closing block: what the leaf of the active root and `claimedBy` say."""

    payee: Address
    epoch: EpochNumber | None
    cumulative: int
    claimed: int
    below_a_unit: int


@dataclass(frozen=True)
class Statement:
    """Who, when and what. `opening` and `closing` are by work; `entries` in chain order.

    `payees` are those of a community, each at the opening and at the closing; none in a creator's.
    `works` and `licences` are those it speaks of. `unsound` are epochs that earned nothing because
    they are not what their segments come to.
    """

    subject: Address | CommunityId
    currency: Currency
    deployment: Deployment
    period: Period
    opening: ByWork
    closing: ByWork
    payees: Mapping[Address, tuple[Stocks, Stocks]]
    entries: tuple[Entry, ...]
    direct: tuple[DirectBalance, ...]
    epochs: tuple[EpochBalance, ...]
    works: tuple[WorkId, ...]
    licences: tuple[LicenceRecord, ...]
    unsound: tuple[EpochNumber, ...]

    @property
    def payee(self) -> Address | None:
        """The creator whose statement it is; None of a community's."""
        return self.subject if isinstance(self.subject, str) else None

    @property
    def change(self) -> Stocks:
        return total(entry.change for entry in self.entries)
