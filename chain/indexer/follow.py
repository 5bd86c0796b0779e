"""Following the chain: fast where it can no longer change, block by block where it still can.

A block whose parent is not the one we have means that the chain forked: we look for the newest
block both sides know, undo what is above it, and go on. Deeper than the depth we stop and say so,
rather than guess; `repair` then undoes as much as it takes.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.errors import AnswersDisagree, BlockGone, RpcUnavailable, StaleNode
from chain.client.node import Node
from chain.indexer import cursor as index
from chain.indexer.audit import AUDIT_BLOCKS, AUDIT_SECONDS, audit
from chain.indexer.chain_reading import ChainReader, Stretch
from chain.indexer.cursor import Batch
from chain.indexer.errors import (
    IndexDiffers,
    IndexMoved,
    IndexOfAnotherChain,
    ReorgTooDeep,
    ReorgUnconfirmed,
)
from chain.indexer.forks import Forks
from chain.indexer.projecting import Projector
from chain.settings import REORG_DEPTH_DEFAULT

log = logging.getLogger(__name__)

# A branch that changes this often between two questions is no chain to index yet.
FORKS_PER_ROUND_MAX: Final = 8
POLL_SECONDS: Final = 1.0
AT_THE_HEAD: Final = "index is at the head"


@dataclass
class Progress:
    """What one `catch_up` did."""

    cursor: BlockPin
    blocks: int = 0
    logs: int = 0
    rolled_back: int = 0


class Follower:
    """Brings one database up to one node's head, again and again."""

    def __init__(
        self,
        node: Node,
        deployment: Deployment,
        engine: Engine,
        *,
        depth: int = REORG_DEPTH_DEFAULT,
        witnesses: Sequence[Node] = (),
    ) -> None:
        """`witnesses` are other endpoints, one of which has to confirm what undoes much."""
        self._node = node
        self._deployment = deployment
        self._engine = engine
        self._depth = depth
        self._witnesses = witnesses
        self._reader = ChainReader(node, deployment)
        self._projector = Projector(deployment)

    def catch_up(self) -> Progress:
        """Index up to the node's present head; safe to stop and repeat at any point.

        Raises WrongChain, StaleNode, ReorgTooDeep, ReorgUnconfirmed, IndexOfAnotherChain,
        IndexMoved, RpcUnavailable, AnswerMalformed. Whatever is raised, the database holds whole
        blocks only.
        """
        return self._catch_up(self._depth)

    def repair(self) -> Progress:
        """As `catch_up`, undoing as many blocks as it takes, down to the deployment's."""
        return self._catch_up(None)

    def audit(self, count: int, chance: random.Random) -> None:
        """Ask the node again for stored blocks. Raises IndexDiffers, and pauses the index."""
        try:
            audit(self._engine, self._reader, self._deployment, count, chance)
        except IndexDiffers as error:
            index.pause(self._engine, str(error))
            raise

    def follow(self, stop: threading.Event, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Catch up until `stop` is set. A node that is away or behind is waited for.

        Raises what `catch_up` and `audit` raise for everything that waiting does not mend.
        """
        chance, audited = random.Random(), time.monotonic()  # noqa: S311 (no secret)
        is_told = False
        while not stop.is_set():
            try:
                self.catch_up()
                if not is_told:
                    # Who started this process waits for these words.
                    log.info(AT_THE_HEAD)
                    is_told = True
                if time.monotonic() - audited >= AUDIT_SECONDS:
                    self.audit(AUDIT_BLOCKS, chance)
                    audited = time.monotonic()
            except (RpcUnavailable, StaleNode, ReorgUnconfirmed) as error:
                log.warning("indexer waits for the node", extra={"reason": str(error)})
            except IndexMoved:
                pass  # another process brought it further meanwhile
            stop.wait(poll_seconds)

    def _catch_up(self, depth: int | None) -> Progress:
        forks, progress = self._open()
        reason = "blocks come and go"
        for _ in range(FORKS_PER_ROUND_MAX):
            head = self._node.head()
            try:
                self._undo_fork(forks, head, depth, progress)
                # Blocks so far below the head are as good as final.
                solid = head.number - self._depth
                self._read_up_to(solid, self._reader.solid, head, progress)
                self._read_up_to(head.number, self._reader.tip, head, progress)
            except BlockGone as gone:
                # The branch changed under our hands; what was written so far is whole.
                reason = str(gone)
                progress.cursor = index.read_status(self._engine).cursor
                continue
            return progress
        raise AnswersDisagree(progress.cursor.number, reason)

    def _open(self) -> tuple[Forks, Progress]:
        self._node.expect_chain(self._deployment.chain_id)
        numbers = [0, max(0, self._deployment.block - 1)]
        genesis, before_first = (header.pin for header in self._reader.headers(numbers))
        try:
            if index.is_new(self._engine):
                self._confirm_genesis(genesis)
            status = index.open_index(self._engine, self._deployment, genesis, before_first)
        except IndexOfAnotherChain:
            self._confirm_genesis(genesis)
            raise
        forks = Forks(self._node, self._witnesses, self._engine, before_first)
        return forks, Progress(status.cursor)

    def _confirm_genesis(self, genesis: BlockPin) -> None:
        """One wrong answer must not name the chain for good."""
        if self._node.header_by_hash(genesis.hash) is None:
            raise AnswersDisagree(genesis.number, "its first block has several hashes")

    def _undo_fork(
        self, forks: Forks, head: BlockPin, depth: int | None, progress: Progress
    ) -> None:
        cursor = progress.cursor
        try:
            ancestor = forks.ancestor(cursor, head, depth=depth)
        except (ReorgTooDeep, ReorgUnconfirmed) as error:
            index.pause(self._engine, str(error))
            raise
        if ancestor == cursor:
            return
        undone = cursor.number - ancestor.number
        log.warning("chain forked", extra={"depth": undone, "ancestor": ancestor.number})
        index.roll_back(self._engine, cursor, ancestor)
        progress.cursor = ancestor
        progress.rolled_back += undone

    def _read_up_to(
        self,
        last: int,
        read: Callable[[BlockPin, int], Stretch],
        head: BlockPin,
        progress: Progress,
    ) -> None:
        while progress.cursor.number < last:
            stretch = read(progress.cursor, last)
            rows = self._projector.project(stretch.logs)
            batch = Batch(stretch.headers, rows, stretch.last)
            index.advance(self._engine, progress.cursor, batch, head=head.number, depth=self._depth)
            progress.blocks += stretch.last.number - progress.cursor.number
            progress.logs += len(rows.logs)
            progress.cursor = stretch.last
