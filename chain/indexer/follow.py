"""Following the chain: fast where it can no longer change, block by block where it still can.

Below the reorganisation depth, logs are asked for by ranges of numbers. Above it they are asked
for by block hash, so that a header and its logs are of one branch. A block whose parent is not the
one we have means that the chain forked: we look for the newest block both sides know, undo what is
above it, and go on. Deeper than the depth we stop and say so, rather than guess.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from chain.client.blocks import BlockPin, Header, RawLog
from chain.client.deployment import Deployment
from chain.client.errors import BlockGone, RpcUnavailable, StaleNode
from chain.client.node import Node
from chain.indexer import cursor as index
from chain.indexer.cursor import Batch, IndexStatus
from chain.indexer.errors import ReorgTooDeep
from chain.indexer.events import EventReader
from chain.indexer.projecting import Projector
from chain.settings import REORG_DEPTH_DEFAULT

log = logging.getLogger(__name__)

RANGE_BLOCKS: Final = 1000
TIP_BLOCKS: Final = 50
# A branch that changes this often between two questions is no chain to index yet.
FORKS_PER_ROUND_MAX: Final = 8
POLL_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Progress:
    """What one `catch_up` did."""

    cursor: BlockPin
    blocks: int
    logs: int
    rolled_back: int


class Follower:
    """Brings one database up to one node's head, again and again."""

    def __init__(
        self,
        node: Node,
        deployment: Deployment,
        engine: Engine,
        *,
        depth: int = REORG_DEPTH_DEFAULT,
    ) -> None:
        self._node = node
        self._deployment = deployment
        self._engine = engine
        self._depth = depth
        self._filters = EventReader(deployment).filters()
        self._projector = Projector(deployment)
        self._blocks = 0
        self._logs = 0
        self._rolled_back = 0

    def catch_up(self) -> Progress:
        """Index up to the node's present head; safe to stop and repeat at any point.

        Raises WrongChain, StaleNode, ReorgTooDeep, IndexOfAnotherChain, IndexMoved,
        RpcUnavailable, AnswerMalformed. Whatever is raised, the database holds whole blocks only.
        """
        self._blocks = self._logs = self._rolled_back = 0
        cursor = self._open().cursor
        for _ in range(FORKS_PER_ROUND_MAX):
            head = self._node.head()
            cursor = self._on_this_branch(cursor, head)
            try:
                cursor = self._backfill(cursor, head)
                cursor = self._tip(cursor, head)
            except BlockGone:
                # The branch changed under our hands; what was written so far is whole.
                cursor = index.read_status(self._engine).cursor
                continue
            return Progress(cursor, self._blocks, self._logs, self._rolled_back)
        raise StaleNode(cursor.number, self._node.head().number)

    def follow(self, stop: threading.Event, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Catch up until `stop` is set. A node that is away or behind is waited for.

        Raises what `catch_up` raises for everything that waiting does not mend.
        """
        while not stop.is_set():
            try:
                self.catch_up()
            except (RpcUnavailable, StaleNode) as error:
                log.warning("indexer waits for the node", extra={"reason": str(error)})
            stop.wait(poll_seconds)

    def _open(self) -> IndexStatus:
        self._node.expect_chain(self._deployment.chain_id)
        genesis = self._node.block(0)
        before_first = self._node.block(max(0, self._deployment.block - 1))
        return index.open_index(self._engine, self._deployment, genesis, before_first)

    def _on_this_branch(self, cursor: BlockPin, head: BlockPin) -> BlockPin:
        """The cursor, moved back below any fork. Raises StaleNode, ReorgTooDeep."""
        present = self._node.headers([cursor.number])[0]
        if present is not None and present.pin.hash == cursor.hash:
            return cursor
        kept = index.kept_headers(self._engine, cursor.number - self._depth)
        if present is None and any(pin.hash == head.hash for pin in kept):
            raise StaleNode(cursor.number, head.number)
        ancestor = self._common_ancestor(kept)
        if ancestor is None:
            reason = ReorgTooDeep(cursor.number, self._depth)
            index.pause(self._engine, str(reason))
            raise reason
        depth = cursor.number - ancestor.number
        log.warning("chain forked", extra={"depth": depth, "ancestor": ancestor.number})
        index.roll_back(self._engine, cursor, ancestor)
        self._rolled_back += depth
        return ancestor

    def _common_ancestor(self, kept: Sequence[BlockPin]) -> BlockPin | None:
        theirs = self._node.headers([pin.number for pin in kept])
        for ours, header in zip(kept, theirs, strict=True):
            if header is not None and header.pin.hash == ours.hash:
                return ours
        return None

    def _backfill(self, cursor: BlockPin, head: BlockPin) -> BlockPin:
        """Ranges of blocks that are too deep to change."""
        solid = head.number - self._depth
        while cursor.number < solid:
            last = min(cursor.number + RANGE_BLOCKS, solid)
            logs = self._node.logs_of_range(cursor.number + 1, last, self._filters)
            numbers = sorted({entry.block_number for entry in logs} | {last})
            headers = self._known_headers(numbers)
            self._check_membership(headers, logs)
            cursor = self._write(cursor, headers, logs, head)
        return cursor

    def _tip(self, cursor: BlockPin, head: BlockPin) -> BlockPin:
        """The blocks that may still change, each with the logs of its own hash."""
        while cursor.number < head.number:
            last = min(cursor.number + TIP_BLOCKS, head.number)
            headers = self._known_headers(range(cursor.number + 1, last + 1))
            parent = cursor
            for header in headers:
                if header.parent_hash != parent.hash:
                    raise BlockGone(parent.number, parent.hash)
                parent = header.pin
            per_block = self._node.logs_of_blocks([h.pin for h in headers], self._filters)
            logs = [entry for entries in per_block for entry in entries]
            self._check_membership(headers, logs)
            cursor = self._write(cursor, headers, logs, head)
        return cursor

    def _known_headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers that must be there. Raises BlockGone: the chain became shorter meanwhile."""
        found = self._node.headers(numbers)
        present = [header for header in found if header is not None]
        if len(present) != len(found):
            raise BlockGone(numbers[-1], b"")
        return present

    @staticmethod
    def _check_membership(headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        """Nodes have answered with logs of the other branch during a fork; we look."""
        hashes = {header.pin.number: header.pin.hash for header in headers}
        for entry in logs:
            if hashes.get(entry.block_number) != entry.block_hash:
                raise BlockGone(entry.block_number, entry.block_hash)

    def _write(
        self,
        cursor: BlockPin,
        headers: Sequence[Header],
        logs: Sequence[RawLog],
        head: BlockPin,
    ) -> BlockPin:
        rows = self._projector.project(logs)
        last = headers[-1].pin
        batch = Batch(headers, rows, last)
        index.advance(self._engine, cursor, batch, head=head.number, depth=self._depth)
        self._blocks += last.number - cursor.number
        self._logs += len(rows.logs)
        return last
