"""Numbers for Prometheus. Labels are kinds of work and codes of refusals, never ids or names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS_BUCKETS: Final = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


class Metrics:
    """The process's numbers, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._jobs = Counter(
            "antiphon_watermark_jobs",
            "Jobs that ended, by kind and by how: done, or the code of the problem.",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "antiphon_watermark_job_seconds",
            "Wall time of a job from its start to its end.",
            ["kind"],
            buckets=_SECONDS_BUCKETS,
            registry=self._registry,
        )
        self._audio_seconds = Counter(
            "antiphon_watermark_audio_seconds",
            "Seconds of audio in jobs that were done.",
            ["kind"],
            registry=self._registry,
        )
        self._refusals = Counter(
            "antiphon_watermark_refusals",
            "Requests refused before they became jobs, by code.",
            ["code"],
            registry=self._registry,
        )

    def watch(
        self,
        *,
        waiting: Callable[[], int],
        registered_ids: Callable[[], int],
        build: dict[str, str],
    ) -> None:
        """Read these at every scrape."""
        queue = Gauge(
            "antiphon_watermark_queue_length",
            "Jobs queued or running.",
            registry=self._registry,
        )
        queue.set_function(waiting)
        ids = Gauge(
            "antiphon_watermark_registered_ids",
            "Ids that are searched, over all keys.",
            registry=self._registry,
        )
        ids.set_function(registered_ids)
        Info("antiphon_watermark_build", "What runs.", registry=self._registry).info(build)

    def job_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a job that ran."""
        self._jobs.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)

    def audio_done(self, kind: str, duration_ms: int) -> None:
        """Count audio of a job that went well."""
        self._audio_seconds.labels(kind).inc(duration_ms / 1000)

    def refused(self, code: str) -> None:
        """Count a request that was refused."""
        self._refusals.labels(code).inc()

    def exposed(self) -> bytes:
        """The numbers in Prometheus' text form."""
        return generate_latest(self._registry)
