"""Uses settled on a schedule of epochs and windows, by the worker and the contracts themselves.

The worker comes round at each hour and at the end of each window, and does what it finds. Drawn are
when a use happens and when it is reported. Everything after is read from blocks: when the epoch
that counts it was sealed, when its report was mined, from when the contract lets it be paid, and
when its payee was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from benchmarks.table2.world import World
from chain.metrics.latency import Timeline
from chain.metrics.table2.latency_arms import Schedule, Seconds
from chain.settlement.segments import SEGMENT_EVENTS_MAX
from oracle.epoch_book import EpochRow

# Between the world's last block and the first use.
LEAD_SECONDS: Final = 60


@dataclass
class _Epoch:
    """The uses that an epoch counts, and its own times in Unix seconds."""

    lot: range
    number: int
    filed: int
    sealed: int
    mined: int
    claimable: int
    paid: int = 0

    @property
    def times(self) -> tuple[int, ...]:
        return self.filed, self.sealed, self.mined, self.claimable, self.paid


class Scheduled:
    """A world whose epochs close and are paid as the schedule says."""

    def __init__(self, world: World, schedule: Schedule, progress: Callable[[str], None]) -> None:
        self._world = world
        self._schedule = schedule
        self._progress = progress
        self._origin = world.now() + LEAD_SECONDS
        self._unpaid: list[_Epoch] = []

    def settle(self, used: Seconds, reported: Seconds) -> list[Timeline]:
        """Settle uses, in seconds from the start; their timelines by time of report. Raises
        WorkerWaits when the schedule is too quick, and what else the oracle raises."""
        order = np.argsort(reported, kind="stable")
        used, reported = used[order], reported[order]
        closes = -(-reported // self._schedule.period_seconds)
        starts = [0, *(np.flatnonzero(np.diff(closes)) + 1).tolist(), len(closes)]
        epochs: list[_Epoch] = []
        for first, end in pairwise(starts):
            epochs.append(self._close(int(closes[first]), range(first, end), used[first:end]))
            if len(epochs) % 10 == 0:
                self._progress(f"epoch {len(epochs)} of {len(starts) - 1}, {end} uses")
        self._pay_until(None)
        return [
            Timeline(
                1,
                (self._origin + int(used[row]), self._origin + int(reported[row]), *epoch.times),
            )
            for epoch in epochs
            for row in epoch.lot
        ]

    def _close(self, place: int, lot: range, used: Seconds) -> _Epoch:
        """Pay what is due before the hour, then file, seal, sign and post the epoch at it."""
        moment = self._origin + place * self._schedule.period_seconds
        self._pay_until(moment)
        self._world.wait_until(moment)
        filed = self._world.now()
        for payee, times in _by_payee(self._world, used):
            for first in range(0, len(times), SEGMENT_EVENTS_MAX):
                some = times[first : first + SEGMENT_EVENTS_MAX] + self._origin
                self._world.file(self._world.uses(payee, some.tolist()))
        row = self._world.close_epoch()
        mined, claimable = _proposed(self._world, row)
        epoch = _Epoch(lot, row.number, filed, row.report.state_time, mined, claimable)
        self._unpaid.append(epoch)
        return epoch

    def _pay_until(self, moment: int | None) -> None:
        """Pay every epoch whose window ends by a moment; all of them without one."""
        while self._unpaid and (moment is None or self._unpaid[0].claimable <= moment):
            epoch = self._unpaid.pop(0)
            self._world.wait_until(epoch.claimable)
            self._world.pay_due()
            epoch.paid = self._world.now()


def _by_payee(world: World, used: Seconds) -> Iterator[tuple[int, Seconds]]:
    """The uses of an epoch dealt to the payees in turn."""
    for payee in range(len(world.payees)):
        times = used[payee :: len(world.payees)]
        if len(times):
            yield payee, times


def _proposed(world: World, row: EpochRow) -> tuple[int, int]:
    """When a posted report was mined, and from when its root pays, by the chain's own word."""
    at = world.view.pin()
    record = next(r for r in world.view.posted(at) if r.report.epoch == row.number)
    token = world.devnet.deployment.token
    pending = world.devnet.distributor.pending_roots(token, at=at)
    root = next(root for root in pending if root.epoch == row.number)
    return record.place.timestamp, root.claimable_from
