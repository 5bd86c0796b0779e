"""What the chain says, read so that nothing can be of another branch.

Below the finality depth, logs are asked for by ranges of numbers. Above it they are asked for by
block hash, so that a header and its logs are of one branch. Either way every log must name a block
and a transaction that the headers have: nodes have answered with logs of the other branch, and with
wrong transactions, while their chain forked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain.client.blocks import BlockPin, Header, RawLog
from chain.client.deployment import Deployment
from chain.client.errors import BlockGone
from chain.client.node import Node
from chain.indexer.events import EventReader

TIP_BLOCKS: Final = 50


@dataclass(frozen=True)
class Stretch:
    """Blocks one after the other: headers of those that matter, the last one's, and all logs."""

    headers: Sequence[Header]
    logs: Sequence[RawLog]

    @property
    def last(self) -> BlockPin:
        return self.headers[-1].pin


class ChainReader:
    """Reads one deployment's logs from one node. Everything raises BlockGone when it forks."""

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self._node = node
        self._filters = EventReader(deployment).filters()

    def solid(self, after: BlockPin, last: int) -> Stretch:
        """The next blocks up to `last`, all too deep to change; headers of those with logs."""
        upto, logs = self._node.logs_from(after.number + 1, last, self._filters)
        headers = self.headers(sorted({entry.block_number for entry in logs} | {upto}))
        return _checked(headers, logs)

    def tip(self, after: BlockPin, last: int) -> Stretch:
        """The next blocks up to `last`, each with its header and the logs of its own hash."""
        upto = min(after.number + TIP_BLOCKS, last)
        headers = self.headers(range(after.number + 1, upto + 1))
        parent = after
        for header in headers:
            if header.parent_hash != parent.hash:
                raise BlockGone(parent.number, parent.hash)
            parent = header.pin
        return self.of_blocks(headers)

    def of_blocks(self, headers: Sequence[Header]) -> Stretch:
        """The logs of blocks, asked for by their hashes."""
        per_block = self._node.logs_of_blocks([header.pin for header in headers], self._filters)
        return _checked(headers, [entry for entries in per_block for entry in entries])

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers that must be there: a block that is not was there a moment ago."""
        found = self._node.headers(numbers)
        present = [header for header in found if header is not None]
        if len(present) != len(found):
            raise BlockGone(numbers[-1], b"")
        for number, header in zip(numbers, present, strict=True):
            if header.pin.number != number:
                raise BlockGone(number, header.pin.hash)
        return present


def _checked(headers: Sequence[Header], logs: Sequence[RawLog]) -> Stretch:
    by_number = {header.pin.number: header for header in headers}
    for entry in logs:
        header = by_number.get(entry.block_number)
        named = header is not None and header.pin.hash == entry.block_hash
        if header is None or not named or entry.tx_hash not in header.transactions:
            raise BlockGone(entry.block_number, entry.block_hash)
    return Stretch(headers, logs)
