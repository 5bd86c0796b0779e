"""Numbers for Prometheus. Labels are states and stages, never ids or names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chain.client.epoch_distributor import WAITING_ROOTS_MAX
from oracle.epoch_book import EpochRow, EpochState
from oracle.operations.pausing import PauseLevel
from oracle.operations.readings import Readings

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
# From one block of a fast chain to a day.
_SECONDS_BUCKETS: Final = (0.5, 1, 2, 5, 15, 60, 300, 1_800, 7_200, 28_800, 86_400)
_STAGES: Final = (EpochState.ATTESTED, EpochState.QUEUED, EpochState.MINED, EpochState.FINAL)
PAID: Final = "PAID"


class ReadingsCollector(Collector):
    """Reads at every scrape. A reading that fails leaves `antiphon_oracle_readable` at 0, and the
    other gauges out: an old number would look like news."""

    def __init__(self, read: Callable[[], Readings], troubles: tuple[type[Exception], ...]) -> None:
        self._read = read
        self._troubles = troubles

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand, so that registering asks no node."""
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            readings = self._read()
        except self._troubles:
            yield _gauge("readable", "Whether outbox, index and node could be read.", 0)
            return
        yield _gauge("readable", "Whether outbox, index and node could be read.", 1)
        yield from _gauges(readings)


def _gauges(now: Readings) -> Iterator[Metric]:
    yield _gauge("block", "Newest indexed block.", now.block.number)
    yield _gauge("blocks_behind", "Blocks that the index has still to read.", now.blocks_behind)
    yield _labelled("usage_events", "Usage events by state.", "state", now.events)
    yield _labelled("transactions", "Signed transactions by state.", "state", now.transactions)
    yield _labelled("epochs", "Epochs by state.", "state", now.epochs)
    yield _gauge("last_epoch", "Number of the newest final epoch.", now.last_epoch)
    if now.epoch_age is not None:
        text = "Chain time since the state by which the newest final epoch was settled."
        yield _gauge("epoch_age_seconds", text, now.epoch_age)
    yield _gauge("nonce_gap", "Nonces given out and not mined.", now.nonce_gap)
    balance = "Native coin of the poorest relay key, for fees."
    yield _gauge("relay_balance_wei", balance, now.relay_balance_wei)
    yield _gauge("relay_keys_paused", "Relay keys that may not send.", now.relay_keys_paused)
    yield _gauge("funded_units", "Paid into the epoch lane so far, in base units.", now.funded)
    text = "Licence holders whose usage this process left waiting for money at its last sealing."
    yield _gauge("holders_unfunded", text, now.holders_unfunded)
    text = "Uses that wait until their licences' holders fund the lane, at the last sealing."
    yield _gauge("events_unfunded", text, now.events_unfunded)
    yield _gauge("unsettled_units", "Promised by roots and not paid, in base units.", now.unsettled)
    text = f"Epochs in the contract's queue; it holds {WAITING_ROOTS_MAX}."
    yield _gauge("roots_waiting", text, now.roots_waiting)
    text = "Chain time since the oldest epoch in the queue could be paid."
    yield _gauge("payday_overdue_seconds", text, now.payday_overdue)
    text = "What the epoch lane's custody lacks of what it owes. Anything but 0 is an emergency."
    yield _gauge("conservation_error_units", text, now.conservation_error)
    levels = {str(level): int(level in now.paused) for level in PauseLevel}
    yield _labelled("paused", "Whether people paused a level.", "level", levels)


class Numbers:
    """One oracle's numbers, in a registry of their own."""

    def __init__(
        self,
        read: Callable[[], Readings],
        troubles: tuple[type[Exception], ...],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(ReadingsCollector(read, troubles))
        self._clock = clock
        self._since: dict[int, tuple[str, float]] = {}
        self._ticks = Counter(
            "antiphon_oracle_ticks",
            "Rounds of the oracle's loop, by how they ended: done, waiting or failed.",
            ["outcome"],
            registry=self._registry,
        )
        self._stages = Histogram(
            "antiphon_oracle_epoch_stage_seconds",
            "Time an epoch took from the stage before to this one, as this process saw it.",
            ["stage"],
            buckets=_SECONDS_BUCKETS,
            registry=self._registry,
        )

    def tick(self, outcome: str) -> None:
        """Count one round."""
        self._ticks.labels(outcome).inc()

    def epochs(self, rows: Sequence[EpochRow]) -> None:
        """Note how far each epoch is; what went through a stage since the last look is timed.

        Epochs that were under way before this process began are timed from when it first saw them.
        """
        now = self._clock()
        for row in rows:
            stage = PAID if row.pushed and row.state is EpochState.FINAL else str(row.state)
            before = self._since.get(row.number)
            if before is None or before[0] != stage:
                if before is not None and stage in (*map(str, _STAGES), PAID):
                    self._stages.labels(stage).observe(now - before[1])
                self._since[row.number] = (stage, now)

    def exposition(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self._registry)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"antiphon_oracle_{name}", text, value=value)


def _labelled(name: str, text: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"antiphon_oracle_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
