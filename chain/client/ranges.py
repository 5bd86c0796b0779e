"""How many blocks a node gives logs of at once: every provider draws its own line.

The length doubles while answers are small, halves when one is refused or too slow, and is what the
node itself suggests where its refusal says so. It is remembered for as long as the node is used.
"""

from __future__ import annotations

import re
from typing import Final

from chain.client.errors import RpcFault, RpcRefused, RpcUnavailable

BLOCKS_FIRST: Final = 100
BLOCKS_MAX: Final = 1_000_000
# Logs of one answer that are good to handle at once: about 4 MB of JSON.
LOGS_TARGET: Final = 5_000
# A refusal holds for so many answers; providers raise their limits.
ANSWERS_BEFORE_RETRIAL: Final = 64
# Ways in which nodes say that a range holds too much.
TOO_MUCH: Final = (
    "limit",
    "more than",
    "too many",
    "range",
    "exceed",
    "too large",
    "response size",
    "timeout",
)
# What a shorter range may mend when no answer came.
MENDED: Final = frozenset({RpcFault.TIMEOUT, RpcFault.SERVER_ERROR, RpcFault.RESET})
_NUMBER: Final = r"(0x[0-9a-f]+|\d[\d,_]*)"
_SUGGESTED: Final = re.compile(rf"range:?\D{{0,20}}?{_NUMBER}\s*(?:,|-|to)\s*{_NUMBER}")
_WORKS: Final = re.compile(rf"\[{_NUMBER},\s*{_NUMBER}\]")
_LENGTHS: Final = (
    re.compile(r"(\d[\d,]*)(k?)[- ](?:blocks?\b|block range|range|max)"),
    re.compile(r"(?:max(?:imum)?|limit(?:ed)?|range|blocks)\D{0,20}?(\d[\d,]*)(k?)(?!\w)"),
)


class RangeMemory:
    """What one node was found to accept; `blocks` is how many to ask for next."""

    def __init__(self) -> None:
        self.blocks = BLOCKS_FIRST
        self._most = BLOCKS_MAX
        self._answers = 0

    def answered(self, blocks: int, logs: int) -> None:
        """Note an answer of so many blocks and logs."""
        self._answers += 1
        if self._answers == ANSWERS_BEFORE_RETRIAL:
            self._most, self._answers = BLOCKS_MAX, 0
        if logs > LOGS_TARGET:
            self.blocks = max(1, blocks // 2)
        elif blocks == self.blocks and logs < LOGS_TARGET // 2:
            self.blocks = min(self.blocks * 2, self._most)

    def shorten(self, refused: RpcRefused | RpcUnavailable, first: int, last: int) -> bool:
        """Ask for less after a refusal of a range; False when that cannot mend it."""
        asked = last - first + 1
        if isinstance(refused, RpcUnavailable):
            is_mended, suggested = refused.kind in MENDED, None
        else:
            message = refused.message.lower()
            is_mended = any(words in message for words in TOO_MUCH)
            suggested = suggested_blocks(message, first)
        if not is_mended or asked == 1:
            return False
        fits = suggested is not None and suggested < asked
        self.blocks = suggested if fits and suggested else asked // 2
        self._most, self._answers = self.blocks, 0
        return True


def suggested_blocks(message: str, first: int) -> int | None:
    """How many blocks from `first` on a refusal offers; None when it does not say."""
    text = message.lower()
    for pattern in (_WORKS, _SUGGESTED):
        pair = pattern.search(text)
        if pair is not None:
            start, end = (_number(part) for part in pair.groups())
            if start == first and end >= start:
                return end - start + 1
    for pattern in _LENGTHS:
        for length, thousands in pattern.findall(text):
            blocks = _number(length) * (1_000 if thousands else 1)
            if 0 < blocks <= BLOCKS_MAX:
                return blocks
    return None


def _number(text: str) -> int:
    plain = text.replace(",", "").replace("_", "")
    return int(plain, 16) if plain.startswith("0x") else int(plain)
