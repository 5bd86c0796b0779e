"""Which usage events an epoch counts, and why it refuses the others.

Events are taken in the order (occurred_at, event id), whatever order they arrive in: so every
operator lets the same ones through a cap. None is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Digest, LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.facts import LicenceFacts, SettlementState

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
    """The licence covers no further event."""
    REVENUE_CAP = "revenue-cap"
    """The licence does not cover so much income."""
    EPOCH_FULL = "epoch-full"
    """The report names as many licences as it can; give the event to the next epoch."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is not counted, and why."""

    event_id: Digest
    event: UsageEvent
    reason: RefusalReason


@dataclass
class Tally:
    """What has been let through so far; lives for one epoch."""

    state: SettlementState

    def __post_init__(self) -> None:
        self.counted: dict[Digest, UsageEvent] = {}
        self.refused: list[Refusal] = []
        self._units: dict[LicenceId, int] = {}
        self._standing: dict[LicenceId, RefusalReason | None] = {}

    def count(self, events: Iterable[UsageEvent]) -> None:
        """Count or refuse every event, in its own order."""
        for _, event_id, event in sorted(
            ((event.occurred_at, event.event_id, event) for event in events),
            key=lambda item: item[:2],
        ):
            reason = self._reason_against(event, event_id)
            if reason is None:
                self.counted[event_id] = event
                self._units[event.licence_id] = self._units.get(event.licence_id, 0) + 1
            else:
                self.refused.append(Refusal(event_id, event, reason))

    def licence_usage(self) -> tuple[LicenceUsage, ...]:
        """Units and revenue per licence, ascending by licence."""
        return tuple(
            LicenceUsage(licence, units, units * self.state.licences[licence].terms.unit_price)
            for licence, units in sorted(self._units.items())
        )

    def _reason_against(self, event: UsageEvent, event_id: Digest) -> RefusalReason | None:
        if event_id in self.counted or event_id in self.state.counted_ids:
            return RefusalReason.ALREADY_COUNTED
        if event_id in self.state.directly_reported:
            return RefusalReason.DIRECTLY_REPORTED
        licence = self.state.licences.get(event.licence_id)
        if licence is None:
            return RefusalReason.LICENCE_UNKNOWN
        return (
            _unfit_use(event, licence, self.state)
            or self._unfit_licence(event.licence_id, licence)
            or self._over_a_cap(event.licence_id, licence)
        )

    def _unfit_licence(self, licence_id: LicenceId, licence: LicenceFacts) -> RefusalReason | None:
        # The same for all events of a licence, and there are many events.
        if licence_id not in self._standing:
            self._standing[licence_id] = unfit_income(licence, self.state)
        return self._standing[licence_id]

    def _over_a_cap(self, licence_id: LicenceId, licence: LicenceFacts) -> RefusalReason | None:
        units = self._units.get(licence_id, 0) + 1
        if licence.units_used + units > licence.terms.unit_cap:
            return RefusalReason.UNIT_CAP
        if licence.revenue_used + units * licence.terms.unit_price > licence.terms.revenue_cap:
            return RefusalReason.REVENUE_CAP
        if licence_id not in self._units and len(self._units) == LICENCES_MAX:
            return RefusalReason.EPOCH_FULL
        return None


def _unfit_use(
    event: UsageEvent, licence: LicenceFacts, state: SettlementState
) -> RefusalReason | None:
    if licence.tier not in TIERS_OF_KIND[event.kind]:
        return RefusalReason.TIER_UNFIT
    derivative = state.derivatives.get(event.generation_id)
    if derivative is None:
        return RefusalReason.GENERATION_UNKNOWN
    if not derivative.has_parent(licence.work_id):
        return RefusalReason.NOT_A_PARENT
    if event.occurred_at < licence.taken_at:
        return RefusalReason.BEFORE_LICENCE
    if event.occurred_at >= licence.expiry:
        return RefusalReason.AFTER_EXPIRY
    return None


def unfit_income(licence: LicenceFacts, state: SettlementState) -> RefusalReason | None:
    """Why no event of a licence can be paid for, whatever it is; None when it can."""
    if licence.terms.token != state.token:
        return RefusalReason.OTHER_TOKEN
    parts = state.vector_of(licence.work_id).divide(licence.work_id, 1)
    if any(numerator and work not in state.splits for work, numerator in parts):
        return RefusalReason.NO_SPLIT
    return None
