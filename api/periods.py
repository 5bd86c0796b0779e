"""Which blocks a period is, from block numbers or from dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from api.application import Application
from api.errors import ApplicationError
from chain.client.blocks import BlockPin
from chain.metrics.period import Block, Period


class PeriodRefused(ApplicationError):
    code = "period-refused"


@dataclass(frozen=True)
class Asked:
    """A period as somebody asks for it: by blocks, both included, or by days, the last excluded.

    What is left out is the ledger's beginning, and its newest block.
    """

    from_block: int | None = None
    to_block: int | None = None
    from_date: date | None = None
    to_date: date | None = None


def period_of(app: Application, asked: Asked, at: BlockPin) -> Period:
    """The period, followed up to `at`. Raises PeriodRefused for one that cannot be."""
    by_block = asked.from_block is not None or asked.to_block is not None
    by_date = asked.from_date is not None or asked.to_date is not None
    if by_block and by_date:
        raise PeriodRefused("blocks and dates are both given. Next: give one of the two")
    as_of = Block(at.number, "0x" + at.hash.hex(), at.timestamp)
    if by_date:
        return _of_dates(app, asked, at, as_of)
    begin = app.deployment.block
    first = begin if asked.from_block is None else asked.from_block
    last = at.number if asked.to_block is None else asked.to_block
    if last > at.number:
        raise PeriodRefused(
            f"block {last} is not there yet: the newest is {at.number}. Next: give an earlier one"
        )
    if first > last:
        raise PeriodRefused(f"block {first} comes after block {last}. Next: give them in order")
    first = max(first, begin)
    after = None if first <= begin else app.node.block(first - 1).timestamp
    until = app.node.block(last).timestamp
    return Period(first, max(last, first - 1), after, until, as_of)


def _of_dates(app: Application, asked: Asked, at: BlockPin, as_of: Block) -> Period:
    begin = app.deployment.block
    starts = None if asked.from_date is None else _midnight(asked.from_date)
    ends = at.timestamp + 1 if asked.to_date is None else _midnight(asked.to_date)
    if starts is not None and starts >= ends:
        raise PeriodRefused("the first day must come before the last. Next: give them in order")
    first = begin if starts is None else _first_block_from(app, starts, at)
    last = min(_first_block_from(app, ends, at) - 1, at.number)
    after = None if starts is None else starts - 1
    return Period(first, max(last, first - 1), after, min(ends - 1, at.timestamp), as_of)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _first_block_from(app: Application, timestamp: int, at: BlockPin) -> int:
    """The first block of this time or later; one above the newest when there is none."""
    low, high = app.deployment.block, at.number + 1
    while low < high:
        middle = (low + high) // 2
        if app.node.block(middle).timestamp < timestamp:
            low = middle + 1
        else:
            high = middle
    return low
