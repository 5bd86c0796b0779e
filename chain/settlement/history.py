"""What each epoch brought a community, from the index alone: the pools its sharing rule divided.

The posted use per licence stands on chain in full, so no segment is needed. Every epoch of the
token is divided anew and held against its report, to the last leaf: what is said here of a
community's past is what its payees were in fact promised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.indexer.records import EpochRecord
from chain.indexer.store import Store
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, CommunityId, Digest, EpochNumber
from chain.ledger.sharing import Announcement
from chain.ledger.sum_tree import SumTree
from chain.settlement.carried import Carried
from chain.settlement.pools import Parts, divide_pool, parts_by_split
from chain.settlement.settle import Division, divide_usage, income_by_work
from chain.settlement.state import settlement_state


@dataclass(frozen=True)
class CommunityPool:
    """One community's pool of one epoch: `parts` are what the splits in force would give, in
    numerators of `UNIT_NUMERATOR`; `announced` is the rule that held, None for none."""

    epoch: EpochNumber
    previous_report: Digest
    announced: Announcement | None
    parts: Parts

    def as_settled(self) -> Parts:
        """The pool as it was divided."""
        if self.announced is None:
            return dict(self.parts)
        return divide_pool(self.parts, self.announced, self.previous_report)


def community_pools(
    store: Store,
    community: CommunityId,
    token: Address,
    *,
    at: BlockPin,
    pin_of: Callable[[int], BlockPin],
) -> tuple[CommunityPool, ...]:
    """The pools of all epochs in a token that stand at a block and brought the community anything.

    `pin_of` gives the block of a number. Raises Inconsistent when an epoch is not what its report
    says, NotIndexedYet, IndexEmpty, and what `pin_of` raises.
    """
    rejected = {root.epoch for root in store.roots(at=at) if root.fault is not None}
    carried: dict[Digest, Carried] = {}
    pools = []
    for record in store.epochs(at=at):
        report = record.report
        if report.token != token or report.epoch in rejected:
            continue
        state_block = pin_of(report.state_block)
        state = settlement_state(
            store,
            at=state_block,
            token=token,
            epoch=report.epoch,
            previous_report=report.previous_report,
            counted_ids=frozenset(),
        )
        before = carried.get(report.previous_report, Carried())
        division = divide_usage(record.licence_usage, state, before)
        _compare(record, division)
        carried[record.report_hash] = division.carried
        works = store.works_of_communities([community], at=state_block)
        income = {w: n for w, n in income_by_work(division.credits).items() if w in works}
        if income:
            pool = CommunityPool(
                report.epoch,
                report.previous_report,
                state.rules.get(community),
                parts_by_split(income, state.splits),
            )
            settled = {share: n for share, n in division.entitled.items() if share[0] in works}
            if pool.as_settled() != settled:
                raise Inconsistent(f"the pool of community {community}", settled, pool.as_settled())
            pools.append(pool)
    return tuple(pools)


def _compare(record: EpochRecord, division: Division) -> None:
    root = SumTree(division.token, division.payouts).root
    expected = (record.report.sum_root.hex(), record.report.cumulative_total)
    found = (root.hash.hex(), root.sum)
    if expected != found:
        raise Inconsistent(f"payouts of epoch {record.report.epoch}", expected, found)
