"""Why an index cannot go on, or cannot answer.

IndexerError
├── IndexOfAnotherChain   the database follows another chain or deployment
├── ReorgTooDeep          the chain forked deeper than is undone without help: repair
├── ReorgUnconfirmed      no other endpoint confirms a deep fork; nothing was undone
├── IndexDiffers          what is stored is not what the chain says
├── IndexMoved            another process moved the cursor meanwhile; nothing was written
├── IndexUnusable         the database is damaged, full, locked, or cannot be written
├── IndexEmpty            nothing was indexed yet
└── NotIndexedYet         a block above the cursor was asked for
"""

from __future__ import annotations

from collections.abc import Sequence

REBUILD: str = "python -m chain.indexer rebuild"
REPAIR: str = "python -m chain.indexer repair"
REINDEX: str = "python -m chain.indexer reindex"


class IndexerError(Exception):
    """Base of everything this package raises."""


class IndexOfAnotherChain(IndexerError):
    """The database holds `what` of another chain or deployment; it was left as it is."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the index was made for another {what}. Next: use another database, or `{REBUILD}`"
        )
        self.what = what


class ReorgTooDeep(IndexerError):
    """No common block among the last `depth`; the index is paused and keeps what it has."""

    def __init__(self, cursor: int, depth: int) -> None:
        super().__init__(
            f"the chain was reorganised by more than {depth} blocks below {cursor}, so the index "
            f"is paused and nothing is paid by it. Next: check the node, then `{REPAIR}`"
        )
        self.cursor = cursor
        self.depth = depth


class ReorgUnconfirmed(IndexerError):
    """The node left the indexed branch and no witness did; nothing was undone."""

    def __init__(self, cursor: int, ancestor: int) -> None:
        super().__init__(
            f"the node no longer has the blocks {ancestor + 1} to {cursor}, and no other endpoint "
            "confirms it, so the index waits. Next: find out which node is wrong"
        )
        self.cursor = cursor
        self.ancestor = ancestor


class IndexDiffers(IndexerError):
    """An audit found `differences` between stored blocks and the chain; the index is paused."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(
            f"{len(differences)} stored things are not what the chain says, first: "
            f"{differences[0]}. Next: check the node, then `{REINDEX}`"
        )
        self.differences = tuple(differences)


class IndexMoved(IndexerError):
    """Another process moved the cursor since it was read; nothing was written."""

    def __init__(self) -> None:
        super().__init__("another indexer is writing to this database. Next: stop one of the two")


class IndexUnusable(IndexerError):
    """The database refused; what was being written is undone. `reason` is the database's own."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the index cannot be used: {reason}. Next: check space and rights of its folder; a "
            f"damaged index holds nothing of its own, so delete the file and `{REBUILD}`"
        )
        self.reason = reason


class IndexEmpty(IndexerError):
    """The database holds no index yet."""

    def __init__(self) -> None:
        super().__init__("nothing is indexed yet. Next: `python -m chain.indexer follow`")


class NotIndexedYet(IndexerError):
    """Block `number` is above the cursor, which is at `cursor`, or is not on the indexed chain."""

    def __init__(self, number: int, cursor: int) -> None:
        super().__init__(
            f"block {number} is not indexed, the index is at {cursor}. "
            "Next: wait for it, or ask for an earlier block"
        )
        self.number = number
        self.cursor = cursor
