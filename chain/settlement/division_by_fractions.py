"""What an epoch's counted use comes to in money, reckoned in exact fractions of a base unit: the
other calculator's division.

`settle.divide_usage` hands whole numerators from step to step; here everybody's part of every
licence's revenue is a fraction until the end, and becomes a numerator once. What an announced rule
makes of a community's pool is one piece of code for both (`pools.divide_pool`).
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Final

from chain.ledger.epoch import LicenceUsage, Withheld
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, CommunityId, WorkId
from chain.ledger.rights import BPS_WHOLE, SHARE_SCALE, UNIT_NUMERATOR
from chain.ledger.sum_tree import Payout
from chain.settlement.carried import Carried
from chain.settlement.facts import SettlementState
from chain.settlement.pools import Parts, divide_pool
from chain.settlement.settle import Credit, Division

_WHOLE: Final = Fraction(1)


def divide_by_fractions(
    usage: tuple[LicenceUsage, ...], state: SettlementState, carried: Carried
) -> Division:
    """As `divide_usage`. Raises Inconsistent if a unit were lost or created."""
    earned: dict[WorkId, Fraction] = defaultdict(Fraction)
    flows: list[Credit] = []
    for line in usage:
        for work, part in _parts_of(state.licences[line.licence_id].work_id, state):
            amount = line.revenue * part
            if amount:
                earned[work] += amount
                flows.append(Credit(line.licence_id, work, _counted(amount, SHARE_SCALE)))
    revenue = sum(line.revenue for line in usage)
    entitled = _shared(earned, state)
    if sum(entitled.values()) != revenue * UNIT_NUMERATOR:
        raise Inconsistent("an epoch's entitlements", revenue, sum(entitled.values()))
    after = _carried_on(entitled, revenue, state, carried)
    token = state.token
    kept_back = after.kept_back[token]
    return Division(
        token=token,
        epoch=state.epoch,
        previous_report=state.previous_report,
        state_block=state.block,
        state_time=state.time,
        licence_usage=usage,
        payouts=_payouts(after, token),
        credits=tuple(flows),
        entitled=entitled,
        withheld=tuple(
            Withheld(work, payee, kept_back.get((work, payee), 0) // UNIT_NUMERATOR)
            for work, payee in sorted(state.frozen, key=lambda share: (share[0], _order(share[1])))
        ),
        carried=after,
    )


def _parts_of(own: WorkId, state: SettlementState) -> list[tuple[WorkId, Fraction]]:
    """Who receives a work's income, and which part of it: its ancestors, and then itself."""
    above = [
        (entry.work_id, Fraction(entry.share, SHARE_SCALE))
        for entry in state.vector_of(own).entries
    ]
    return [*above, (own, _WHOLE - sum((part for _, part in above), Fraction()))]


def _shared(earned: dict[WorkId, Fraction], state: SettlementState) -> Parts:
    """What each work's income brings each payee, as numerators of `UNIT_NUMERATOR`."""
    shared: Parts = {}
    pools: dict[CommunityId, Parts] = defaultdict(dict)
    for work, income in earned.items():
        community = state.communities.get(work)
        ruled = community if community in state.rules else None
        for share in state.splits[work].shares:
            part = _counted(income * Fraction(share.bps, BPS_WHOLE), UNIT_NUMERATOR)
            shared[work, share.payee] = part
            if ruled is not None:
                pools[ruled][work, share.payee] = part
    for community, pool in pools.items():
        shared |= divide_pool(pool, state.rules[community], state.previous_report)
    return shared


def _carried_on(entitled: Parts, revenue: int, state: SettlementState, carried: Carried) -> Carried:
    """What was carried, and this epoch's, with what frozen shares earned kept back."""
    token = state.token
    everybody: dict[Address, int] = defaultdict(int, carried.of(token))
    kept = {
        share: numerator
        for share, numerator in carried.kept_back.get(token, {}).items()
        if share in state.frozen
    }
    for (work, payee), numerator in entitled.items():
        everybody[payee] += numerator
        if (work, payee) in state.frozen:
            kept[work, payee] = kept.get((work, payee), 0) + numerator
    return Carried(
        {**carried.numerators, token: dict(everybody)},
        {**carried.values, token: carried.value_of(token) + revenue},
        {**carried.kept_back, token: kept},
    )


def _payouts(after: Carried, token: Address) -> tuple[Payout, ...]:
    """Whole units that may be paid, of everybody who was ever entitled to a part of one."""
    held: dict[Address, int] = defaultdict(int)
    for (_, payee), numerator in after.kept_back[token].items():
        held[payee] += numerator
    return tuple(
        Payout(payee, (numerator - held[payee]) // UNIT_NUMERATOR)
        for payee, numerator in sorted(after.of(token).items(), key=lambda item: _order(item[0]))
        if numerator
    )


def _counted(amount: Fraction, scale: int) -> int:
    """An amount as a whole number of `scale`ths. Raises Inconsistent for one that is none."""
    numerator = amount * scale
    if numerator.denominator != 1:
        raise Inconsistent("a part of a base unit", scale, numerator.denominator)
    return numerator.numerator


def _order(account: Address) -> int:
    return int(account, 16)
