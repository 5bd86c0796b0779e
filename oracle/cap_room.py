"""Whether an epoch leaves room for single uses that were signed and are not in its state.

Each operator knows those that it signed, and no others. So it signs an epoch while those are within
its own part of what the epoch leaves of each cap that they share, that being divided by all
operators: every report that can be posted was signed by an honest signer of the epoch, hence all of
them together fit, and the epoch can be posted whichever comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import LicenceId
from chain.settlement.facts import SettlementState
from oracle.chain_facts import ChainFacts, path_of


def crowded(
    usage: Iterable[LicenceUsage],
    coming: Iterable[LicenceId],
    facts: ChainFacts,
    state: SettlementState,
    operators: int,
) -> frozenset[LicenceId]:
    """The licences whose caps an epoch of this `usage` and the uses that are `coming`, named by
    their licences, might pass together; a tree has one price."""
    under_way = Counter(each for licence in coming for each in path_of(licence, facts))
    units: Counter[LicenceId] = Counter()
    for line in usage:
        for each in state.path_of(line.licence_id):
            units[each] += line.units
    return frozenset(
        each
        for each in units.keys() & under_way.keys()
        if _is_short(each, units[each] + operators * under_way[each], state)
    )


def _is_short(licence_id: LicenceId, units: int, state: SettlementState) -> bool:
    licence = state.licences[licence_id]
    terms = licence.terms
    revenue = licence.revenue_used + units * terms.unit_price
    return licence.units_used + units > terms.unit_cap or revenue > terms.revenue_cap
