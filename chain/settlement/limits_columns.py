"""Which events caps and credits let through, a column at a time.

What is enough for all events that draw on it refuses none of them; events under licences that draw
on anything else are taken one by one, in their order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chain.columns.order import Flags, Index
from chain.ledger.identifiers import Address, LicenceId
from chain.settlement.counting import LICENCES_MAX, RefusalReason
from chain.settlement.facts import SettlementState

Codes = NDArray[np.uint8]
# A cap of a licence, or a holder's credit, by the reason for which it refuses.
Limit = tuple[RefusalReason, LicenceId | Address]

# Reasons as numbers, for columns; 0 is an event that counts.
REASONS: Final = tuple(RefusalReason)
CODE_OF: Final = {reason: code for code, reason in enumerate(REASONS, start=1)}
COUNTED: Final = 0


@dataclass(frozen=True, slots=True)
class _Draw:
    """What one event takes from a limit."""

    limit: Limit
    amount: int


def over_limits(licence_of: Index, licences: list[LicenceId], state: SettlementState) -> Codes:
    """The reason against each event, none twice here and all fit by themselves, in their order."""
    fate = np.zeros(len(licence_of), np.uint8)
    counts = np.bincount(licence_of, minlength=len(licences)).tolist()
    draws = {index: _draws(licences[index], state) for index, n in enumerate(counts) if n}
    asked: Counter[Limit] = Counter()
    for index in draws:
        for draw in draws[index]:
            asked[draw.limit] += counts[index] * draw.amount
    left = {limit: _left(*limit, state) for limit in asked}
    scarce = {limit for limit, amount in asked.items() if amount > left[limit]}
    near = [i for i in draws if not scarce.isdisjoint(draw.limit for draw in draws[i])]
    in_turn = _under(near, licence_of, len(licences))
    # A licence enters the report with its first event that counts, as long as there is room.
    is_crowded = len(draws) > LICENCES_MAX
    if is_crowded:
        in_turn[np.unique(licence_of, return_index=True)[1]] = True
    entered: set[int] = set()
    for place in np.flatnonzero(in_turn).tolist():
        index = int(licence_of[place])
        fate[place] = _taken(index, draws[index], left, entered)
    if is_crowded:
        kept_out = _under(list(draws.keys() - entered), licence_of, len(licences))
        fate[kept_out & ~in_turn] = CODE_OF[RefusalReason.EPOCH_FULL]
    return fate


def _draws(licence_id: LicenceId, state: SettlementState) -> tuple[_Draw, ...]:
    """What each event under a licence takes, in the order in which limits refuse."""
    licence, path = state.licences[licence_id], state.path_of(licence_id)
    price = licence.terms.unit_price
    return (
        *(_Draw((RefusalReason.UNIT_CAP, each), 1) for each in path),
        *(_Draw((RefusalReason.REVENUE_CAP, each), price) for each in path),
        _Draw((RefusalReason.UNFUNDED, licence.holder), price),
    )


def _left(reason: RefusalReason, of: LicenceId | Address, state: SettlementState) -> int:
    """How much of a limit the epochs before have left."""
    if isinstance(of, str):
        return state.credits.get(of, 0)
    licence = state.licences[of]
    if reason is RefusalReason.UNIT_CAP:
        return licence.terms.unit_cap - licence.units_used
    return licence.terms.revenue_cap - licence.revenue_used


def _under(chosen: list[int], licence_of: Index, count: int) -> Flags:
    """Which events are under some of `count` licences."""
    is_chosen = np.zeros(count, np.bool_)
    is_chosen[chosen] = True
    flags: Flags = is_chosen[licence_of]
    return flags


def _taken(
    index: int,
    draws: tuple[_Draw, ...],
    left: dict[Limit, int],
    entered: set[int],
) -> int:
    """Take one event under licence `index` from its limits, or the code of why it is refused."""
    for draw in draws:
        if left[draw.limit] < draw.amount:
            return CODE_OF[draw.limit[0]]
    if index not in entered and len(entered) == LICENCES_MAX:
        return CODE_OF[RefusalReason.EPOCH_FULL]
    entered.add(index)
    for draw in draws:
        left[draw.limit] -= draw.amount
    return COUNTED
