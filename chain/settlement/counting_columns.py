"""Which usage events an epoch counts, a column at a time: `counting` for epochs of millions.

The same events are counted and refused, for the same reasons, in the same order. `Tally` takes them
one by one; here each rule is one statement about all of them. What makes that possible: events of
one id differ in nothing but their time, and what is enough for all events that draw on it refuses
none. Only those under licences that come near a limit are taken in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.digests import digests_of
from chain.columns.keccak import Rows
from chain.columns.order import Flags, Index, ascending, found_in, repeats
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageKind
from chain.settlement.counted_ids import counted_ids_of
from chain.settlement.counting import (
    TIERS_OF_KIND,
    RefusalReason,
    unfit_income,
)
from chain.settlement.facts import LicenceFacts, SettlementState
from chain.settlement.limits_columns import CODE_OF, COUNTED, REASONS, Codes, over_limits
from chain.settlement.segments import Records, record_ids

Column = NDArray[np.uint64]

_UINT64_MAX: Final = 2**64 - 1


@dataclass(frozen=True)
class ColumnarCount:
    """What became of each record; all columns are in the order in which events are taken.

    `places` says where in the records each stands, `ids` its event id, `codes` its reason as in
    `REASONS` (counted from 1; 0 if it counts). `usage` is per licence, ascending.
    """

    places: Index
    ids: Rows
    codes: Codes
    usage: tuple[LicenceUsage, ...]

    @property
    def counted(self) -> Rows:
        """The ids that count, `(count, 32)` bytes ascending."""
        ids: Rows = self.ids[self.codes == COUNTED]
        return ids[ascending(ids)]

    def refusals(self, besides: Rows | None = None) -> list[tuple[Digest, RefusalReason]]:
        """Ids that do not count, with the reason, in the order in which events are taken; without
        those in `besides`, ascending ids."""
        refused = np.flatnonzero(self.codes)
        if besides is not None:
            refused = refused[~found_in(besides, self.ids[refused])]
        reasons = (REASONS[code - 1] for code in self.codes[refused].tolist())
        return list(zip(digests_of(self.ids[refused]), reasons, strict=True))


def count_records(records: Records, state: SettlementState) -> ColumnarCount:
    """Count or refuse every record; as `Tally.count` does."""
    ids = record_ids(records)
    by_id = ascending(ids)
    ordered = ids[by_id]
    # Equal ids get equal numbers, and the numbers ascend as the ids do.
    number = np.empty(len(records), np.intp)
    number[by_id] = np.cumsum(~repeats(ordered))
    before, direct = np.empty((2, len(records)), np.bool_)
    before[by_id] = counted_ids_of(state.counted_ids).holds(ordered)
    direct[by_id] = counted_ids_of(state.directly_reported).holds(ordered)
    # By id already, and then by time: stably, so that ids decide where times are equal.
    places = by_id[np.argsort(records["occurred_at"].astype(np.uint64)[by_id], kind="stable")]
    ids, number = ids[places], number[places]
    licences, licence_of = np.unique(_column(records, "licence_id", places), return_inverse=True)
    facts = [state.licences.get(LicenceId(licence)) for licence in licences.tolist()]
    paid = (before[places], direct[places])
    codes = _unfit_by_itself(records, places, paid, licence_of, facts, state)
    chosen = _first_of_each(number, np.flatnonzero(codes == COUNTED))
    fate = over_limits(licence_of[chosen], list(map(LicenceId, licences.tolist())), state)
    _settle_repeats(codes, number, chosen, fate)
    units = np.bincount(licence_of[codes == COUNTED], minlength=len(licences))
    usage = tuple(
        LicenceUsage(LicenceId(licence), used, used * fact.terms.unit_price)
        for licence, used, fact in zip(licences.tolist(), units.tolist(), facts, strict=True)
        if used and fact is not None
    )
    return ColumnarCount(places, ids, codes, usage)


def _unfit_by_itself(
    records: Records,
    places: Index,
    paid: tuple[Flags, Flags],
    licence_of: Index,
    facts: list[LicenceFacts | None],
    state: SettlementState,
) -> Codes:
    """The first reason against each record that no other record of the epoch has a part in.

    `paid` tells of each record whether it was counted before, and whether it was reported directly.
    """
    codes = np.zeros(len(records), np.uint8)

    def refuse(reason: RefusalReason, unfit: Flags) -> None:
        codes[unfit & (codes == COUNTED)] = CODE_OF[reason]

    def by_licence(told: list[bool]) -> Flags:
        return np.array(told, np.bool_)[licence_of]

    refuse(RefusalReason.ALREADY_COUNTED, paid[0])
    refuse(RefusalReason.DIRECTLY_REPORTED, paid[1])
    refuse(RefusalReason.LICENCE_UNKNOWN, by_licence([fact is None for fact in facts]))
    kinds = _column(records, "kind", places)
    for kind in UsageKind:
        unfit = by_licence([fact is None or fact.tier not in TIERS_OF_KIND[kind] for fact in facts])
        refuse(RefusalReason.TIER_UNFIT, unfit & (kinds == kind))
    generations = _column(records, "generation_id", places)
    unknown, foreign = _unfit_generations(generations, licence_of, facts, state)
    refuse(RefusalReason.GENERATION_UNKNOWN, unknown)
    refuse(RefusalReason.NOT_A_PARENT, foreign)
    times = _column(records, "occurred_at", places)
    taken = _times([0 if fact is None else fact.taken_at for fact in facts])
    refuse(RefusalReason.BEFORE_LICENCE, times < taken[licence_of])
    # No time of use is beyond 64 bits, an expiry may be.
    never = np.array([fact is not None and fact.expiry > _UINT64_MAX for fact in facts], np.bool_)
    expiry = _times([0 if fact is None else fact.expiry for fact in facts])
    refuse(RefusalReason.AFTER_EXPIRY, (times >= expiry[licence_of]) & ~never[licence_of])
    standing = [None if fact is None else unfit_income(fact, state) for fact in facts]
    for reason in (RefusalReason.OTHER_TOKEN, RefusalReason.NO_SPLIT):
        refuse(reason, by_licence([found is reason for found in standing]))
    return codes


def _unfit_generations(
    generation_ids: Column,
    licence_of: Index,
    facts: list[LicenceFacts | None],
    state: SettlementState,
) -> tuple[Flags, Flags]:
    """Where the generation is unknown, and where the licence's work is no parent of it."""
    generations, generation_of = np.unique(generation_ids, return_inverse=True)
    known = [state.derivatives.get(GenerationId(number)) for number in generations.tolist()]
    # Each pair of licence and generation is looked at once, however often it was used.
    width = len(generations)
    pairs, pair_of = np.unique(licence_of * width + generation_of, return_inverse=True)
    foreign = [
        (derivative := known[pair % width]) is not None
        and (fact := facts[pair // width]) is not None
        and not derivative.has_parent(fact.work_id)
        for pair in pairs.tolist()
    ]
    unknown = np.array([derivative is None for derivative in known], np.bool_)
    return unknown[generation_of], np.array(foreign, np.bool_)[pair_of]


def _first_of_each(number: Index, fit: Index) -> Index:
    """Of the fit records, those that are the first of their id; ascending."""
    first = np.full(int(number.max(initial=0)) + 1, -1, np.int64)
    # Of several writes to one place the last one stays: so from the end.
    first[number[fit][::-1]] = fit[::-1]
    is_first: Flags = first[number[fit]] == fit
    return fit[is_first]


def _settle_repeats(codes: Codes, number: Index, chosen: Index, fate: Codes) -> None:
    """Give every record of an id the fate of the one that was chosen of it, unless it came before,
    or had reasons of its own and the chosen one is not counted either."""
    codes[chosen] = fate
    chosen_of = np.full(int(number.max(initial=0)) + 1, len(number), np.int64)
    fate_of = np.zeros(len(chosen_of), np.uint8)
    chosen_of[number[chosen]] = chosen
    fate_of[number[chosen]] = fate
    later = np.arange(len(number)) > chosen_of[number]
    of_counted = fate_of[number] == COUNTED
    codes[later & of_counted] = CODE_OF[RefusalReason.ALREADY_COUNTED]
    capped = later & ~of_counted & (codes == COUNTED)
    codes[capped] = fate_of[number[capped]]


def _column(records: Records, name: str, places: Index) -> Column:
    column: Column = records[name].astype(np.uint64)
    return column[places]


def _times(seconds: list[int]) -> Column:
    return np.array([min(at, _UINT64_MAX) for at in seconds], np.uint64)
