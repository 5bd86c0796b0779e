"""Periods: half-open, in blocks or days: consecutive statements join without gap or overlap.

A day begins at 00:00 UTC. A period of days has the blocks whose own time lies in them; where no
block does, it is empty, and its statement says so with zeros.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from chain.client.blocks import BlockPin
from chain.statements.errors import PeriodMalformed, PeriodNotOver, PeriodsOverlap

_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_BLOCKS: Final = re.compile(r"([0-9]{1,12})\.\.([0-9]{1,12})")
_DAYS: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")
_MONTHS: Final = 12


@dataclass(frozen=True)
class Period:
    """Blocks from `opening` (not included) to `closing` (included); `text` as it was asked for.

    The balances of the statement are those after each of the two blocks: what closes one period
    opens the next.
    """

    text: str
    opening: BlockPin
    closing: BlockPin

    @property
    def from_block(self) -> int:
        return self.opening.number + 1

    @property
    def to_block(self) -> int:
        """The first block that is not in the period."""
        return self.closing.number + 1


@dataclass(frozen=True)
class Chain:
    """What resolving a period asks: a block by number, and the newest one."""

    block: Callable[[int], BlockPin]
    head: BlockPin


def whole_chain(chain: Chain) -> Period:
    """From the first block to the newest, for who names no period."""
    return Period(f"1..{chain.head.number + 1}", chain.block(0), chain.head)


def periods_of(texts: Sequence[str], chain: Chain) -> list[Period]:
    """Periods in the order of time. Raises PeriodMalformed, PeriodNotOver, PeriodsOverlap."""
    found = sorted((_period(text, chain) for text in texts), key=_extent)
    for before, after in itertools.pairwise(found):
        if after.from_block < before.to_block:
            raise PeriodsOverlap(before.text, after.text)
    return found


def _extent(period: Period) -> tuple[int, int]:
    return period.from_block, period.to_block


def _period(text: str, chain: Chain) -> Period:
    text = text.strip()
    blocks = _BLOCKS.fullmatch(text)
    if blocks is not None:
        first, end = int(blocks[1]), int(blocks[2])
        if not 1 <= first <= end:
            raise PeriodMalformed(text, "it must begin at block 1 or later, and not end before")
        if end > chain.head.number + 1:
            raise PeriodNotOver(text, chain.head.number)
        return Period(text, chain.block(first - 1), chain.block(end - 1))
    start, end_time = _times(text)
    if end_time > chain.head.timestamp:
        raise PeriodNotOver(text, chain.head.number)
    return Period(text, _last_before(start, chain), _last_before(end_time, chain))


def _times(text: str) -> tuple[int, int]:
    """Unix seconds of the first moment and of the first one after."""
    month, days = _MONTH.fullmatch(text), _DAYS.fullmatch(text)
    try:
        if month is not None:
            year, number = int(month[1]), int(month[2])
            first = date(year, number, 1)
            after = date(year + number // _MONTHS, number % _MONTHS + 1, 1)
        elif days is not None:
            first, after = date.fromisoformat(days[1]), date.fromisoformat(days[2])
        else:
            raise PeriodMalformed(text, "it is none")
        if after < first:
            raise PeriodMalformed(text, "it ends before it begins")
        return _seconds(first), _seconds(after)
    except ValueError as error:
        raise PeriodMalformed(text, str(error)) from error


def _seconds(day: date) -> int:
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return max(0, since // timedelta(seconds=1))


def _last_before(time: int, chain: Chain) -> BlockPin:
    """The newest block before a Unix time; the chain's first block when there is none."""
    low, high = 0, chain.head.number + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chain.block(middle).timestamp < time else (low, middle)
    return chain.block(low)
