"""Usage that waits until its licences' holders fund the epoch lane, while that of others goes on.

Settlement refuses what a holder's credit does not cover. So that nobody has to hand anything in
again, such usage is left where it is and taken when there is money for it: a platform's segment as
a whole, what evidence gives use by use. Nobody is asked for money that no cap lets it spend: what
is in the lane cannot be taken out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np

from chain.columns.digests import digests_of
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.settlement.counting import RefusalReason
from chain.settlement.counting_columns import ColumnarCount
from chain.settlement.facts import SettlementState
from chain.settlement.limits_columns import CODE_OF, COUNTED
from chain.settlement.segments import Records, record_ids
from chain.settlement.settle_columns import ColumnarSettlement
from oracle.usage_book import StoredSegment

_UNFUNDED: Final = CODE_OF[RefusalReason.UNFUNDED]


@dataclass(frozen=True)
class Shortfall:
    """What a holder lacks, in base units of `token`, for `events` uses under its licences: as many
    as wait and their caps have room for. Holders who share a cap are each told of all of it."""

    holder: Address
    token: Address
    events: int
    missing: int

    def __str__(self) -> str:
        return (
            f"{self.events} uses under licences of {self.holder} wait for money, and nothing is "
            f"lost: fund the lane for {self.holder} with {self.missing} base units of {self.token} "
            "more (EpochDistributor.fund by itself, fundFor by anybody else)"
        )

    def to_plain(self) -> dict[str, object]:
        """For JSON; money as decimal text."""
        plain = {"holder": self.holder, "token": self.token, "events": self.events}
        return plain | {"missing": str(self.missing)}


# How many uses are under which licence, and what uses cost each holder, in base units.
Uses = Mapping[LicenceId, int]
Costs = Mapping[Address, int]


@dataclass
class Unfunded:
    """What waits for money, as the credits of one state leave it: segments, and single events of
    evidence."""

    state: SettlementState
    segments: dict[Digest, Uses] = field(default_factory=dict)
    events: dict[Digest, Uses] = field(default_factory=dict)

    def later(self, state: SettlementState) -> Unfunded:
        """What waits at another state before anything is looked at: the segments whose holders
        have what they had and would pay what they would have. Evidence is always looked at."""
        if self.state.token != state.token:
            return Unfunded(state)

        def is_unchanged(uses: Uses) -> bool:
            if not uses.keys() <= state.licences.keys():
                return False
            costs = _costs(uses, state)
            return costs == _costs(uses, self.state) and all(
                _credit(holder, self.state) == _credit(holder, state) for holder in costs
            )

        kept = {digest: uses for digest, uses in self.segments.items() if is_unchanged(uses)}
        return Unfunded(state, kept)

    def leave_out(
        self,
        chosen: Sequence[StoredSegment],
        packed: int,
        records: Records,
        settlement: ColumnarSettlement,
    ) -> bool:
        """Let so much of an epoch's segments wait that each holder has enough for the rest; the
        first `packed` of them are of evidence. Whether anything must wait that did not before."""
        ends = list(accumulate(segment.count for segment in chosen))
        asked = _Asked(records, ends, settlement.count, self.state)
        if not asked.short:
            return False
        left = {holder: _credit(holder, self.state) for holder in asked.short}
        for event_id, uses in asked.one_by_one(packed):
            if not _paid(_costs(uses, self.state), left):
                self.events[event_id] = uses
        for number in range(packed, len(chosen)):
            uses = asked.of_segment(number)
            if not _paid(_costs(uses, self.state), left):
                self.segments[chosen[number].digest] = uses
        return True

    def shortfalls(self, settlement: ColumnarSettlement | None = None) -> tuple[Shortfall, ...]:
        """What each holder lacks for what waits, once an epoch is charged; by holder."""
        usage = () if settlement is None else settlement.licence_usage
        left: Counter[Address] = Counter(self.state.credits)
        for line in usage:
            left[self._holder(line.licence_id)] -= line.revenue
        waiting: Counter[LicenceId] = Counter()
        for uses in (*self.segments.values(), *self.events.values()):
            waiting.update(uses)
        rooms = {self._holder(licence): _Room(self.state, usage) for licence in waiting}
        events: Counter[Address] = Counter()
        units: Counter[Address] = Counter()
        # The dearest first: whichever uses share a cap, the money is enough.
        for licence in sorted(waiting, key=self._price, reverse=True):
            holder = self._holder(licence)
            uses_paid = rooms[holder].take(licence, waiting[licence])
            events[holder] += uses_paid
            units[holder] += uses_paid * self._price(licence)
        return tuple(
            Shortfall(holder, self.state.token, events[holder], units[holder] - left[holder])
            for holder in sorted(units)
            if units[holder] > left[holder]
        )

    def _holder(self, licence: LicenceId) -> Address:
        return self.state.licences[licence].holder

    def _price(self, licence: LicenceId) -> int:
        return self.state.licences[licence].terms.unit_price


class _Asked:
    """The events of an epoch that count, or would if they were funded and caps had room.

    `ends` are where each segment's records end.
    """

    def __init__(
        self, records: Records, ends: Sequence[int], count: ColumnarCount, state: SettlementState
    ) -> None:
        self._records = records
        self._ends = ends
        codes = np.empty_like(count.codes)
        codes[count.places] = count.codes
        self._is_asked = (codes == COUNTED) | (codes == _UNFUNDED)
        refused = map(LicenceId, np.unique(records["licence_id"][codes == _UNFUNDED]).tolist())
        self.short = {state.licences[licence].holder for licence in refused}

    def of_segment(self, number: int) -> Uses:
        """The uses of one segment."""
        begin, end = self._bounds(number)
        asked = self._records["licence_id"][begin:end][self._is_asked[begin:end]]
        numbers, counts = np.unique(asked, return_counts=True)
        return dict(zip(map(LicenceId, numbers.tolist()), counts.tolist(), strict=True))

    def one_by_one(self, segments: int) -> Iterator[tuple[Digest, Uses]]:
        """Each use of the first segments."""
        end = self._bounds(segments - 1)[1] if segments else 0
        records = self._records[np.flatnonzero(self._is_asked[:end])]
        ids, licences = digests_of(record_ids(records)), records["licence_id"].tolist()
        for event_id, licence in zip(ids, licences, strict=True):
            yield event_id, {LicenceId(licence): 1}

    def _bounds(self, number: int) -> tuple[int, int]:
        return (self._ends[number - 1] if number else 0), self._ends[number]


class _Room:
    """What the caps leave after `usage`: a use takes from every licence on its path."""

    def __init__(self, state: SettlementState, usage: Iterable[LicenceUsage] = ()) -> None:
        self._state = state
        self._units: Counter[LicenceId] = Counter()
        self._revenue: Counter[LicenceId] = Counter()
        for line in usage:
            self._use(line.licence_id, line.units)

    def take(self, licence: LicenceId, uses: int) -> int:
        """Make as many of so many uses as there is room for; how many."""
        price = self._state.licences[licence].terms.unit_price
        for each in self._state.path_of(licence):
            fact = self._state.licences[each]
            units = fact.terms.unit_cap - fact.units_used - self._units[each]
            revenue = fact.terms.revenue_cap - fact.revenue_used - self._revenue[each]
            uses = min(uses, units, revenue // price if price else uses)
        self._use(licence, uses)
        return uses

    def _use(self, licence: LicenceId, uses: int) -> None:
        for each in self._state.path_of(licence):
            self._units[each] += uses
            self._revenue[each] += uses * self._state.licences[licence].terms.unit_price


def _costs(uses: Uses, state: SettlementState) -> Costs:
    """What uses cost each holder at the most. Every licence has its caps to itself here, so that
    where money is short for uses that count, these costs say so too."""
    costs: Counter[Address] = Counter()
    for licence, count in uses.items():
        fact = state.licences[licence]
        costs[fact.holder] += _Room(state).take(licence, count) * fact.terms.unit_price
    return costs


def _credit(holder: Address, state: SettlementState) -> int:
    return state.credits.get(holder, 0)


def _paid(costs: Costs, left: dict[Address, int]) -> bool:
    """Take costs from what holders have left, all or none; others than those have enough."""
    if any(units > left.get(holder, units) for holder, units in costs.items()):
        return False
    for holder in costs.keys() & left.keys():
        left[holder] -= costs[holder]
    return True
