"""Which usage events an epoch counts, and why it refuses the others.

Events are taken in the order (occurred_at, event id), whatever order they arrive in: so every
operator lets the same ones through a cap, and has the same ones paid from a holder's credit. None
is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.counted_ids import ids_among
from chain.settlement.facts import LicenceFacts, SettlementState
from chain.settlement.rows import TIME, USE, event_in, id_in

# What UsageOracle takes in one report.
LICENCES_MAX: Final = 64

TIERS_OF_KIND: Final[Mapping[UsageKind, frozenset[Tier]]] = {
    UsageKind.GENERATION: frozenset({Tier.GENERATION}),
    UsageKind.PLAY: frozenset({Tier.DISTRIBUTION}),
    UsageKind.DETECTION: frozenset({Tier.GENERATION, Tier.DISTRIBUTION}),
}


class RefusalReason(StrEnum):
    """Why a usage event is not counted."""

    ALREADY_COUNTED = "already-counted"
    """The same event was counted in this epoch or an earlier one."""
    DIRECTLY_REPORTED = "directly-reported"
    """The same event was reported by itself and is paid for in the direct lane."""
    LICENCE_UNKNOWN = "licence-unknown"
    """No such licence was ever taken."""
    TIER_UNFIT = "tier-unfit"
    """The licence is of a tier that does not allow this kind of use."""
    OTHER_TOKEN = "other-token"  # noqa: S105 -- a currency, not a secret
    """The licence is paid in another token than this epoch."""
    GENERATION_UNKNOWN = "generation-unknown"
    """No derivative is linked for the generation."""
    NOT_A_PARENT = "not-a-parent"
    """The licence's work is no parent of the derivative."""
    BEFORE_LICENCE = "before-licence"
    """The use happened before the licence was taken."""
    AFTER_EXPIRY = "after-expiry"
    """The use happened when the licence no longer held."""
    NO_SPLIT = "no-split"
    """A work that would receive income has nobody to pay it to."""
    UNIT_CAP = "unit-cap"
    """The licence, or one above it, covers no further event."""
    REVENUE_CAP = "revenue-cap"
    """The licence, or one above it, does not cover so much income."""
    UNFUNDED = "unfunded"
    """The holder has not funded so much. Nothing is lost: hand it in again, or let it wait."""
    EPOCH_FULL = "epoch-full"
    """The report names as many licences as it can; give the event to the next epoch."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is not counted, and why."""

    event_id: Digest
    event: UsageEvent
    reason: RefusalReason


@dataclass(slots=True)
class _Room:
    """What a licence still covers."""

    units: int
    revenue: int


@dataclass(slots=True)
class _Purse:
    """What a holder still has in the lane."""

    credit: int


@dataclass(frozen=True, slots=True)
class _Use:
    """What is so of all events of one kind, licence and generation. `unfit` is against each of
    them; `unpaid` is, too, unless its time is. Each that counts takes a unit and its price from
    every room on the licence's path, and its price from the holder's purse."""

    licence_id: LicenceId
    unfit: RefusalReason | None
    taken_at: int = 0
    expiry: int = 0
    unpaid: RefusalReason | None = None
    price: int = 0
    path: tuple[_Room, ...] = ()
    purse: _Purse = field(default_factory=partial(_Purse, 0))


@dataclass
class Tally:
    """What has been let through so far; lives for one epoch. Rows are as in `rows`."""

    state: SettlementState

    def __post_init__(self) -> None:
        self.counted: dict[Digest, bytes] = {}
        self._refused: list[tuple[bytes, RefusalReason]] = []
        self._over: dict[Digest, RefusalReason] = {}
        self._units: dict[LicenceId, int] = {}
        self._uses: dict[bytes, _Use] = {}
        self._rooms: dict[LicenceId, _Room] = {}
        self._purses: dict[Address, _Purse] = {}

    def count(self, rows: Iterable[bytes]) -> None:
        """Count or refuse every event, in its own order.

        One that a limit refused is refused for that limit when it comes again: no room is gained.
        """
        ordered = sorted(rows)
        ids = [id_in(row) for row in ordered]
        before = ids_among(self.state.counted_ids, ids)
        direct = ids_among(self.state.directly_reported, ids)
        for event_id, row in zip(ids, ordered, strict=True):
            if event_id in self.counted or event_id in before:
                self._refused.append((row, RefusalReason.ALREADY_COUNTED))
                continue
            if event_id in direct:
                self._refused.append((row, RefusalReason.DIRECTLY_REPORTED))
                continue
            use = self._uses.get(row[USE]) or self._look_at(row)
            reason = use.unfit or _outside(use, row) or use.unpaid or self._over.get(event_id)
            if reason is None and (reason := self._over_a_limit(use)) is not None:
                self._over[event_id] = reason
            if reason is None:
                self.counted[event_id] = row
                self._take(use)
            else:
                self._refused.append((row, reason))

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """What is not counted, in the order in which events are taken."""
        return tuple(Refusal(id_in(row), event_in(row), why) for row, why in self._refused)

    def licence_usage(self) -> tuple[LicenceUsage, ...]:
        """Units and revenue per licence, ascending by licence."""
        return tuple(
            LicenceUsage(licence, units, units * self.state.licences[licence].terms.unit_price)
            for licence, units in sorted(self._units.items())
        )

    def _look_at(self, row: bytes) -> _Use:
        """What holds for this event and all like it; there are many, so it is remembered."""
        event = event_in(row)
        licence = self.state.licences.get(event.licence_id)
        if licence is None:
            use = _Use(event.licence_id, RefusalReason.LICENCE_UNKNOWN)
        elif (reason := _unfit_use(event, licence, self.state)) is not None:
            use = _Use(event.licence_id, reason)
        else:
            unpaid = unfit_income(licence, self.state)
            use = _Use(
                event.licence_id,
                None,
                licence.taken_at,
                licence.expiry,
                unpaid,
                licence.terms.unit_price,
                tuple(map(self._room, self.state.path_of(event.licence_id))),
                self._purse(licence.holder),
            )
        self._uses[row[USE]] = use
        return use

    def _room(self, licence_id: LicenceId) -> _Room:
        licence = self.state.licences[licence_id]
        units = licence.terms.unit_cap - licence.units_used
        revenue = licence.terms.revenue_cap - licence.revenue_used
        return self._rooms.setdefault(licence_id, _Room(units, revenue))

    def _purse(self, holder: Address) -> _Purse:
        return self._purses.setdefault(holder, _Purse(self.state.credits.get(holder, 0)))

    def _over_a_limit(self, use: _Use) -> RefusalReason | None:
        for room in use.path:
            if room.units < 1:
                return RefusalReason.UNIT_CAP
        for room in use.path:
            if room.revenue < use.price:
                return RefusalReason.REVENUE_CAP
        if use.purse.credit < use.price:
            return RefusalReason.UNFUNDED
        if use.licence_id not in self._units and len(self._units) == LICENCES_MAX:
            return RefusalReason.EPOCH_FULL
        return None

    def _take(self, use: _Use) -> None:
        self._units[use.licence_id] = self._units.get(use.licence_id, 0) + 1
        for room in use.path:
            room.units -= 1
            room.revenue -= use.price
        use.purse.credit -= use.price


def _outside(use: _Use, row: bytes) -> RefusalReason | None:
    occurred_at = int.from_bytes(row[TIME], "big")
    if occurred_at < use.taken_at:
        return RefusalReason.BEFORE_LICENCE
    return RefusalReason.AFTER_EXPIRY if occurred_at >= use.expiry else None


def _unfit_use(
    event: UsageEvent, licence: LicenceFacts, state: SettlementState
) -> RefusalReason | None:
    if licence.tier not in TIERS_OF_KIND[event.kind]:
        return RefusalReason.TIER_UNFIT
    derivative = state.derivatives.get(event.generation_id)
    if derivative is None:
        return RefusalReason.GENERATION_UNKNOWN
    return None if derivative.has_parent(licence.work_id) else RefusalReason.NOT_A_PARENT


def unfit_income(licence: LicenceFacts, state: SettlementState) -> RefusalReason | None:
    """Why no event of a licence can be paid for, whatever it is; None when it can."""
    if licence.terms.token != state.token:
        return RefusalReason.OTHER_TOKEN
    parts = state.vector_of(licence.work_id).divide(licence.work_id, 1)
    if any(numerator and work not in state.splits for work, numerator in parts):
        return RefusalReason.NO_SPLIT
    return None
