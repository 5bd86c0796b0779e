"""Whether the chain forked below what is indexed, and back to where.

A node that is merely behind must not look like a fork, and one node's word is not enough to undo
much: where other endpoints are known, one of them has to confirm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine

from chain.client.blocks import BlockPin
from chain.client.errors import BlockGone, ClientError, StaleNode
from chain.client.node import Node
from chain.indexer import cursor as index
from chain.indexer.errors import ReorgTooDeep, ReorgUnconfirmed

log = logging.getLogger(__name__)

# Undone on one node's word: forks as short as this happen all the time.
BLOCKS_UNCONFIRMED: Final = 2


class Forks:
    """Compares one index with one node."""

    def __init__(
        self, node: Node, witnesses: Sequence[Node], engine: Engine, before_first: BlockPin
    ) -> None:
        """`before_first` is the block below the deployment: nothing is indexed of it."""
        self._node = node
        self._witnesses = witnesses
        self._engine = engine
        self._before_first = before_first

    def ancestor(self, cursor: BlockPin, head: BlockPin, *, depth: int | None) -> BlockPin:
        """The newest indexed block that is still on the chain: `cursor` itself without a fork.

        Raises StaleNode for a node that is behind, BlockGone for one that leaves out a block, and,
        when more than `depth` blocks would be undone, ReorgTooDeep; None undoes any number.
        Raises ReorgUnconfirmed.
        """
        if has_block(self._node, cursor):
            return cursor
        floor = 0 if depth is None else cursor.number - depth
        kept = index.kept_headers(self._engine, max(floor, self._before_first.number + 1))
        self._refuse_if_behind(cursor, head, kept)
        if floor <= self._before_first.number:
            kept = [self._before_first, *kept]
        found = self._newest_on_chain(kept)
        if found is None:
            assert depth is not None
            raise ReorgTooDeep(cursor.number, depth)
        if cursor.number - found.number > BLOCKS_UNCONFIRMED:
            self._confirm(cursor, found)
        return found

    def _refuse_if_behind(self, cursor: BlockPin, head: BlockPin, kept: list[BlockPin]) -> None:
        if head.number >= cursor.number:
            if self._node.headers([cursor.number])[0] is None:
                raise BlockGone(cursor.number, cursor.hash)
            return
        lower = [pin for pin in kept if pin.number <= head.number]
        if not lower or has_block(self._node, lower[-1]):
            raise StaleNode(cursor.number, head.number)

    def _newest_on_chain(self, kept: list[BlockPin]) -> BlockPin | None:
        """Of blocks in ascending order; a fork parts them into those below it and those above."""
        below, above = 0, len(kept)
        while below < above:
            middle = (below + above) // 2
            if has_block(self._node, kept[middle]):
                below = middle + 1
            else:
                above = middle
        return kept[below - 1] if below else None

    def _confirm(self, cursor: BlockPin, ancestor: BlockPin) -> None:
        for witness in self._witnesses:
            try:
                common, instead = witness.headers([ancestor.number, cursor.number])
            except ClientError as error:
                log.warning("a witness did not answer", extra={"reason": str(error)})
                continue
            shared = common is not None and common.pin.hash == ancestor.hash
            if shared and instead is not None and instead.pin.hash != cursor.hash:
                return
        if self._witnesses:
            raise ReorgUnconfirmed(cursor.number, ancestor.number)


def has_block(node: Node, pin: BlockPin) -> bool:
    """Whether a block is on the node's chain."""
    header = node.headers([pin.number])[0]
    return header is not None and header.pin.hash == pin.hash
