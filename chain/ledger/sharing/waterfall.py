"""The derivative waterfall: income of a work runs down to what it comes from, work by work.

Each work keeps a part of what reaches it and passes the rest on to its parents by weight. A parent
is always older than its child, so works are taken from the newest down and every work divides once,
whatever the number of paths to it: all that reaches it is known by then. The sum is exactly the
amount.

Contracts do the same in one step, by an ancestor vector (`chain.ledger.vectors`). The two give the
same money where no floor is raised, no ancestor folded and no share rounded; the vector rounds
shares to 1e-9 when a derivative is linked, the waterfall rounds money when it flows.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from chain.ledger.errors import BadLink, Malformed
from chain.ledger.identifiers import UINT64_MAX, Digest, WorkId, checked_uint
from chain.ledger.rights import SHARE_SCALE
from chain.ledger.sharing.dividing import pro_rata
from chain.ledger.vectors import DEPTH_MAX, PARENTS_MAX, LicensedParent

_WEIGHT_BITS = 64


@dataclass(frozen=True)
class Descent:
    """What a work comes from: the share of its income it passes on, of `SHARE_SCALE`, and by which
    weights. Raises Malformed, and BadLink for too many parents or none."""

    passed_on: int
    parents: Mapping[WorkId, int]

    def __post_init__(self) -> None:
        if checked_uint(self.passed_on, 32, "share passed on") > SHARE_SCALE:
            raise Malformed("share passed on", f"{self.passed_on} of {SHARE_SCALE}")
        if not 1 <= len(self.parents) <= PARENTS_MAX:
            raise BadLink("BadParentCount", f"{len(self.parents)} parents, not 1 to {PARENTS_MAX}")
        for weight in self.parents.values():
            checked_uint(weight, _WEIGHT_BITS, "weight of a parent")

    @classmethod
    def licensed(cls, *parents: LicensedParent) -> Descent:
        """The descent that licences give: each parent's royalty share is its weight, and all that
        is passed on is their sum."""
        shares = {parent.work_id: parent.royalty_share for parent in parents}
        return cls(sum(shares.values()), shares)


@dataclass(frozen=True)
class Waterfall:
    """What each work keeps, ascending by id, and what was passed on where no parent has a weight;
    together exactly what came in."""

    kept: Mapping[WorkId, int]
    left_over: int


def waterfall(
    amount: int, work: WorkId, descents: Mapping[WorkId, Descent], epoch_hash: Digest
) -> Waterfall:
    """Let income of `work` run down. What passing on rounds away stays with the work.

    Works without an entry in `descents` come from nothing and keep all. Raises Malformed as
    `pro_rata`; BadLink for a parent that is not older than its child (so no circle can be), and for
    a line of more than `DEPTH_MAX` links.
    """
    checked_uint(work, 64, "work")
    checked_uint(amount, 256, "amount")
    reached: dict[WorkId, int] = {work: amount}
    depths: dict[WorkId, int] = {work: 0}
    kept: dict[WorkId, int] = {}
    left_over = 0
    waiting = [-work]
    while waiting:
        child = WorkId(-heapq.heappop(waiting))
        descent = descents.get(child)
        if descent is None:
            kept[child] = reached[child]
            continue
        parents = sorted(descent.parents)
        _check_line(child, parents, depths[child] + 1)
        passed = reached[child] * descent.passed_on // SHARE_SCALE
        divided = pro_rata(passed, [descent.parents[p] for p in parents], epoch_hash)
        kept[child] = reached[child] - passed
        left_over += divided.left_over
        for parent, part in zip(parents, divided.amounts, strict=True):
            if parent not in reached:
                heapq.heappush(waiting, -parent)
            reached[parent] = reached.get(parent, 0) + part
            depths[parent] = max(depths.get(parent, 0), depths[child] + 1)
    return Waterfall({each: kept[each] for each in sorted(kept)}, left_over)


def _check_line(child: WorkId, parents: list[WorkId], depth: int) -> None:
    if parents[0] <= 0 or parents[-1] > UINT64_MAX:
        raise Malformed("parent", f"of work {child}: ids are 1 to 2^64 - 1")
    if parents[-1] >= child:
        raise BadLink("ParentsOutOfOrder", f"work {parents[-1]} does not come before {child}")
    if depth > DEPTH_MAX:
        raise BadLink("TooDeep", f"{depth} links, at most {DEPTH_MAX}")
