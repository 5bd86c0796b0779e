"""The second calculator: an epoch settled from columns of records, for millions of events.

Ids, counting, refusals, division and both trees are computed by other code than `settle`'s, and
must come to the same bytes. What an announced rule makes of a pool is one piece of code for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.columns.keccak import Rows
from chain.columns.standard_tree import ColumnarStandardTree, standard_leaves
from chain.columns.sum_tree import ColumnarSumTree
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import Digest
from chain.settlement.carried import Carried
from chain.settlement.counting_columns import ColumnarCount, count_records
from chain.settlement.division_by_fractions import divide_by_fractions
from chain.settlement.facts import SettlementState
from chain.settlement.segments import Records
from chain.settlement.settle import Division


@dataclass(frozen=True)
class ColumnarSettlement(Division):
    """Everything one epoch comes to: as `EpochSettlement`, with events as columns.

    `counted` are ids, `(count, 32)` bytes ascending; `count` says what became of each record.
    """

    count: ColumnarCount
    counted: Rows
    sum_tree: ColumnarSumTree
    leaf_root: Digest
    usage_tree: ColumnarStandardTree

    def report(self, segments_digest: Digest) -> EpochReport:
        """The report that operators sign for this epoch."""
        return self._report(
            self.usage_tree.root,
            len(self.counted),
            self.sum_tree,
            self.leaf_root,
            segments_digest,
        )

    def refused(self) -> list[tuple[Digest, str]]:
        """Ids that are not counted, with the reason, in the order in which events are taken; an
        event that came twice and was counted is not among them."""
        refusals = self.count.refusals(besides=self.counted)
        return [(event_id, str(reason)) for event_id, reason in refusals]


def settle_records(
    records: Records, state: SettlementState, carried: Carried
) -> ColumnarSettlement:
    """Settle one epoch from its segments' records, in any order; raises as `settle_epoch`."""
    count = count_records(records, state)
    division = divide_by_fractions(count.usage, state, carried)
    counted = count.counted
    tree = ColumnarSumTree.of(state.token, division.payouts)
    return ColumnarSettlement(
        **vars(division),
        count=count,
        counted=counted,
        sum_tree=tree,
        leaf_root=ColumnarStandardTree(tree.leaves).root,
        usage_tree=ColumnarStandardTree(standard_leaves(counted)),
    )
