"""The port to places that keep copies. Copies are optional: the local store is complete alone."""

from __future__ import annotations

from typing import Protocol

from chain.provenance.block_store import BlockSink
from chain.provenance.car import CarLimits
from chain.provenance.cid import Cid
from chain.provenance.publish_gate import ClearedBlocks


class Replicator(Protocol):
    """Keeps copies elsewhere. Every method raises a ReplicationError and leaves the local store
    as it was, so that a caller can always try again later."""

    def push(self, cleared: ClearedBlocks) -> None:
        """Copy a cleared tree there, and return only once it is pinned there."""
        ...

    def holds(self, root: Cid) -> bool:
        """Whether the tree is pinned there, by its own account."""
        ...

    def fetch(self, cid: Cid) -> bytes:
        """One block, verified."""
        ...

    def pull(self, root: Cid, store: BlockSink, *, limits: CarLimits | None = None) -> None:
        """Copy the whole tree here, verified before the first block is kept."""
        ...
