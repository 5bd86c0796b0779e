"""What the next epoch is made of: as much of what waits as a report takes and its holders pay for.

Nothing is kept here; sealing fixes what was taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.carried import Carried
from chain.settlement.counting import LICENCES_MAX
from chain.settlement.segments import Records, decode_record, joined_records, segment_records
from chain.settlement.settle_columns import ColumnarSettlement, settle_records
from oracle.attribution import DetectionPolicy
from oracle.chain_facts import ChainFacts
from oracle.chain_view import ChainView
from oracle.direct_reporting import HeldBack
from oracle.epoch_book import EpochRow
from oracle.errors import EpochNotReady, HoldersNotFunded, NothingToSeal
from oracle.evidence_book import EvidenceBook
from oracle.harvest import Harvest, chunks_of, evidence_for, look
from oracle.history import EpochHistory
from oracle.papers import Evidence, producers_of
from oracle.unfunded import Shortfall, Unfunded
from oracle.usage_book import StoredSegment

# What one epoch takes; the rest waits for the next.
EPOCH_EVENTS_MAX: Final = 1_000_000

# Signs a segment of events that evidence gave.
Pack = Callable[[Sequence[UsageEvent]], StoredSegment]


@dataclass(frozen=True)
class Lot:
    """What one report takes: `segments`, the first of them `harvested` from evidence."""

    harvested: tuple[StoredSegment, ...]
    segments: tuple[StoredSegment, ...]
    records: Records


@dataclass(frozen=True)
class Taken(Lot):
    """What goes into one epoch and what it comes to, on top of what was `carried`. `shortfalls`
    say what is left for want of money."""

    harvest: Harvest
    settlement: ColumnarSettlement
    carried: Carried
    shortfalls: tuple[Shortfall, ...]


class Taker:
    """Chooses what goes into epochs in one currency. Without `pack`, events that evidence gave
    wait, as do those that `held_back` holds, for reports of their own."""

    def __init__(
        self,
        history: EpochHistory,
        view: ChainView,
        token: Address,
        policy: DetectionPolicy,
        pack: Pack | None,
        held_back: Callable[[BlockPin], HeldBack],
    ) -> None:
        self._history = history
        self._view = view
        self._token = token
        self._policy = policy
        self._pack = pack
        self._held_back = held_back
        self._unfunded: Unfunded | None = None

    def take(self, book: EvidenceBook, last: EpochRow | None, at: BlockPin) -> Taken:
        """What the epoch after the `last` sealed one is made of, at a pinned block.

        Raises NothingToSeal, HoldersNotFunded when there is money for nothing that waits,
        EpochNotReady.
        """
        prior = self._history.last(self._token, at)
        number = self._history.next_number(at)
        if last is not None and last.number >= number:
            raise EpochNotReady(last.number, "not at the pinned block", "posted", "wait a block")
        state = self._view.settlement_state(
            at, self._token, number, prior.report_hash, prior.counted
        )
        unfunded = self._unfunded.later(state) if self._unfunded else Unfunded(state)
        self._unfunded = unfunded
        facts, operators = self._view.facts(at), self._view.operator_set(at).members
        harvest, held_back = look(book, facts, self._policy, operators), self._held_back(at)
        while lot := self._lot(book, harvest, facts, held_back, unfunded):
            settlement = settle_records(lot.records, state, prior.carried)
            beside = held_back.beside(settlement.licence_usage, state, len(operators))
            if beside != held_back:
                held_back = beside
                continue
            if not unfunded.leave_out(lot.segments, len(lot.harvested), lot.records, settlement):
                shortfalls = unfunded.shortfalls(settlement)
                outcome = (harvest, settlement, prior.carried, shortfalls)
                return Taken(lot.harvested, lot.segments, lot.records, *outcome)
        shortfalls = unfunded.shortfalls()
        raise HoldersNotFunded(shortfalls) if shortfalls else NothingToSeal

    def _lot(
        self,
        book: EvidenceBook,
        harvest: Harvest,
        facts: ChainFacts,
        held_back: HeldBack,
        unfunded: Unfunded,
    ) -> Lot | None:
        """What evidence gives, and the oldest platform segments, as far as one report takes and
        nobody is known to lack money for; None when that is nothing."""
        fresh = [
            event
            for event in harvest.fresh
            if not held_back.holds(event) and event.event_id not in unfunded.events
        ]
        packed = [] if self._pack is None else list(map(self._pack, chunks_of(fresh, facts)))
        waiting = book.usage.waiting_segments(besides=unfunded.segments)
        ready = (s for s in waiting if _is_ready(_licences_of(s), facts, held_back))
        chosen = _fitting(itertools.chain(packed, ready))
        if not chosen:
            return None
        records = joined_records([segment_records(segment.body) for segment in chosen])
        harvested = tuple(segment for segment in packed if segment in chosen)
        return Lot(harvested, tuple(chosen), records)


def evidence_behind(book: EvidenceBook, taken: Taken, operators: Collection[Address]) -> Evidence:
    """The signed papers behind everything that was taken."""
    attributed = taken.records[taken.records["kind"] != UsageKind.PLAY]
    events = [decode_record(each) for each in attributed]
    return Evidence(producers_of(taken.segments), *evidence_for(book, events, operators))


def _fitting(segments: Iterable[StoredSegment]) -> list[StoredSegment]:
    """The first segments whose events and licences fit one report together."""
    chosen: list[StoredSegment] = []
    licences: set[LicenceId] = set()
    count = 0
    for segment in segments:
        together = licences | _licences_of(segment)
        count += segment.count
        if chosen and (count > EPOCH_EVENTS_MAX or len(together) > LICENCES_MAX):
            break
        chosen.append(segment)
        licences = together
    return chosen


def _is_ready(named: set[LicenceId], facts: ChainFacts, held_back: HeldBack) -> bool:
    """Whether a segment under these licences may go into an epoch of the block. A licence taken
    since was known when its plays were filed: they wait for it, and are not refused as unlicensed.
    """
    known = all(facts.licence(licence) is not None for licence in named)
    return known and not any(map(held_back.holds_licence, named))


def _licences_of(segment: StoredSegment) -> set[LicenceId]:
    named = np.unique(segment_records(segment.body)["licence_id"])
    return {LicenceId(licence) for licence in named.tolist()}
