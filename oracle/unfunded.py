"""Usage that waits until its licences' holders fund the epoch lane, while that of others goes on.

Settlement refuses what a holder's credit does not cover. So that nobody has to hand anything in
again, such usage is left where it is and taken when there is money for it: a platform's segment as
a whole, what evidence gives use by use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np

from chain.columns.digests import digests_of
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
    """What a holder lacks, in base units of `token`, for `events` uses under its licences."""

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


@dataclass(frozen=True)
class Cost:
    """What uses of one holder's cost it, in base units."""

    events: int
    units: int


# What some usage costs each holder of its licences.
Costs = Mapping[Address, Cost]


@dataclass
class Unfunded:
    """What waits for money, as the credits of one state leave it: segments, and single events of
    evidence."""

    state: SettlementState
    segments: dict[Digest, Costs] = field(default_factory=dict)
    events: dict[Digest, Costs] = field(default_factory=dict)

    def later(self, state: SettlementState) -> Unfunded:
        """What waits at another state before anything is looked at: the segments whose holders
        have what they had. Evidence is always looked at."""
        if self.state.token != state.token:
            return Unfunded(state)
        kept = {
            digest: costs
            for digest, costs in self.segments.items()
            if all(_credit(holder, self.state) == _credit(holder, state) for holder in costs)
        }
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
        for event_id, costs in asked.one_by_one(packed):
            if not _paid(costs, left):
                self.events[event_id] = costs
        for number in range(packed, len(chosen)):
            costs = asked.of_segment(number)
            if not _paid(costs, left):
                self.segments[chosen[number].digest] = costs
        return True

    def shortfalls(self, settlement: ColumnarSettlement | None = None) -> tuple[Shortfall, ...]:
        """What each holder lacks for what waits, once an epoch is charged; by holder."""
        left: Counter[Address] = Counter(self.state.credits)
        for line in () if settlement is None else settlement.licence_usage:
            left[self.state.licences[line.licence_id].holder] -= line.revenue
        events: Counter[Address] = Counter()
        units: Counter[Address] = Counter()
        for costs in (*self.segments.values(), *self.events.values()):
            for holder, cost in costs.items():
                events[holder] += cost.events
                units[holder] += cost.units
        return tuple(
            Shortfall(holder, self.state.token, events[holder], units[holder] - left[holder])
            for holder in sorted(units)
            if units[holder] > left[holder]
        )


class _Asked:
    """What the events of an epoch that count, or would if they were funded, cost their holders.

    `ends` are where each segment's records end.
    """

    def __init__(
        self, records: Records, ends: Sequence[int], count: ColumnarCount, state: SettlementState
    ) -> None:
        self._records = records
        self._ends = ends
        self._state = state
        codes = np.empty_like(count.codes)
        codes[count.places] = count.codes
        self._is_asked = (codes == COUNTED) | (codes == _UNFUNDED)
        refused = np.unique(records["licence_id"][codes == _UNFUNDED])
        self.short = {self._holder(number) for number in refused.tolist()}

    def of_segment(self, number: int) -> Costs:
        """What one segment costs each holder."""
        begin, end = self._bounds(number)
        asked = self._records["licence_id"][begin:end][self._is_asked[begin:end]]
        costs: dict[Address, Cost] = {}
        numbers, counts = np.unique(asked, return_counts=True)
        for licence, events in zip(numbers.tolist(), counts.tolist(), strict=True):
            before = costs.get(self._holder(licence), Cost(0, 0))
            units = before.units + events * self._price(licence)
            costs[self._holder(licence)] = Cost(before.events + events, units)
        return costs

    def one_by_one(self, segments: int) -> Iterator[tuple[Digest, Costs]]:
        """What each event of the first segments costs."""
        end = self._bounds(segments - 1)[1] if segments else 0
        places = np.flatnonzero(self._is_asked[:end])
        records = self._records[places]
        ids, licences = digests_of(record_ids(records)), records["licence_id"].tolist()
        for event_id, licence in zip(ids, licences, strict=True):
            yield event_id, {self._holder(licence): Cost(1, self._price(licence))}

    def _bounds(self, number: int) -> tuple[int, int]:
        return (self._ends[number - 1] if number else 0), self._ends[number]

    def _holder(self, licence: int) -> Address:
        return self._state.licences[LicenceId(licence)].holder

    def _price(self, licence: int) -> int:
        return self._state.licences[LicenceId(licence)].terms.unit_price


def _credit(holder: Address, state: SettlementState) -> int:
    return state.credits.get(holder, 0)


def _paid(costs: Costs, left: dict[Address, int]) -> bool:
    """Take costs from what holders have left, all or none; others than those have enough."""
    if any(cost.units > left.get(holder, cost.units) for holder, cost in costs.items()):
        return False
    for holder in costs.keys() & left.keys():
        left[holder] -= costs[holder].units
    return True
