"""The same scan on Ray: as many files at a time as a cluster has CPUs.

To a worker go the path of a file, the keys and the ids; it reads the file where it lies and sends
back what it found. No sound is sent: a recording that may not leave its owner's disk does not. A
file that a machine does not see is read by the one that asks.

Ray gives each file to a process that is free, and again when the process or its machine dies; the
journal of the one that asks counts each once.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from watermark.audio.files import AudioLimits
from watermark.identity.symbols import Ids
from watermark.scanning.loading import Sought
from watermark.scanning.ray_cluster import ClusterUnusable, cluster
from watermark.scanning.ray_worker import Detector, Judge, Task, Terms, judged
from watermark.scanning.refusals import AudioOutOfReach, WorkerLost
from watermark.scanning.scan import SCAN_LIMITS, Scanned, ScanOptions

if TYPE_CHECKING:
    from ray import ObjectRef

TRIES: Final = 3  # of a file whose worker dies
_PATIENCE_SECONDS: Final = 60.0  # then it is asked whether there is a machine at all


def scan_on_ray(
    paths: Iterable[Path],
    sought: Sought,
    options: ScanOptions,
    *,
    address: str | None = None,
    workers: int | None = None,
    limits: AudioLimits = SCAN_LIMITS,
    told: Callable[[Path, float], None] = lambda _path, _fraction: None,
    judge: Judge = judged,
) -> Generator[Scanned, None, None]:
    """Each file's result as soon as it is there, as `scan` gives it; the order differs.

    `address` is of a cluster that is there; without one, processes of this machine do it. At most
    `workers` files are searched at a time: as many as there are CPUs, also when machines come and
    go. Raises RayMissing and ClusterUnusable.
    """
    terms = Terms(uuid.uuid4().hex, sought.keys, options, limits, Detector.installed())
    cpus = workers or len(os.sched_getaffinity(0))
    with cluster(address, cpus, sum(values.nbytes for values in sought.values)):
        shared = _Shared(terms, sought.values, workers, judge)
        try:
            for result in shared.results(paths):
                told(result.path, 1.0)
                yield result
        finally:
            shared.leave()


class _Shared:
    """Files shared out among the machines of a cluster that was joined."""

    def __init__(
        self, terms: Terms, values: tuple[Ids, ...], workers: int | None, judge: Judge
    ) -> None:
        import ray

        self._terms = terms
        self._values = ray.put(values)  # once for each machine, not once for each process
        self._workers = workers
        self._judge = ray.remote(num_cpus=1, max_retries=TRIES - 1)(judge)
        self._running: dict[ObjectRef[Scanned], Path] = {}
        self._brought_home: set[Path] = set()

    def results(self, paths: Iterable[Path]) -> Iterator[Scanned]:
        """As they come. Raises ClusterUnusable."""
        import ray

        waiting = iter(paths)
        self._begin(islice(waiting, self._room()))
        while self._running:
            done, _ = ray.wait(list(self._running), timeout=_PATIENCE_SECONDS)
            if not done and not _cpus():
                raise ClusterUnusable(
                    "no machine of the cluster is left. What was found is kept: run it again"
                )
            found = [self._result(one, self._running.pop(one)) for one in done]
            away = [one for one in found if self._bring_home(one)]
            self._begin(islice(waiting, self._room()))
            yield from (one for one in found if one not in away)

    def leave(self) -> None:
        """Stop what is still searched; a cluster of others goes on without us."""
        import ray

        for one in self._running:
            with suppress(ray.exceptions.RayError):
                ray.cancel(one, force=True)

    def _begin(self, paths: Iterable[Path], **where: Any) -> None:
        for path in paths:
            asked = self._judge.options(**where).remote(Task.of(path), self._terms, self._values)
            self._running[asked] = path

    def _room(self) -> int:
        """For how many more files; for one at least while nothing runs."""
        most = self._workers or _cpus()
        return max(most - len(self._running), not self._running)

    def _bring_home(self, result: Scanned) -> bool:
        """Whether this machine will read what another does not see: once, if it has a worker."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        path = result.path
        if not isinstance(result.refusal, AudioOutOfReach) or path in self._brought_home:
            return False
        here = ray.get_runtime_context().get_node_id()
        able = any(
            node["NodeID"] == here and node["Alive"] and node["Resources"].get("CPU")
            for node in ray.nodes()  # type: ignore[no-untyped-call]  # Ray has no types
        )
        if able:
            self._brought_home.add(path)
            home = NodeAffinitySchedulingStrategy(here, soft=False)
            self._begin([path], scheduling_strategy=home)
        return able

    def _result(self, done: ObjectRef[Scanned], path: Path) -> Scanned:
        import ray.exceptions as ray_errors

        try:
            return replace(_fetched(done), path=path)
        except ray_errors.OutOfMemoryError:
            died = "used up the memory of its machine"
        except (
            ray_errors.NodeDiedError,
            ray_errors.ObjectLostError,
            ray_errors.WorkerCrashedError,
        ):
            died = "ended without a word"
        return Scanned(
            path,
            refusal=WorkerLost(
                f"each of {TRIES} processes that read it {died}; scan it by itself, with --again"
            ),
        )


def _fetched(done: ObjectRef[Scanned]) -> Scanned:
    """Raises ClusterUnusable for what is wrong with a machine, Ray's errors for its death."""
    import ray

    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ClusterUnusable):
            raise ClusterUnusable(str(error.cause)) from None
        if isinstance(error.cause, ImportError):
            raise ClusterUnusable(
                f"a machine of the cluster cannot run the scan: {error.cause}. "
                "Next: install this release there"
            ) from None
        raise
    except ray.exceptions.LocalRayletDiedError as error:
        raise ClusterUnusable(
            "this machine's part of the cluster is gone. What was found is kept: run it again"
        ) from error


def _cpus() -> int:
    import ray

    resources = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray has no types
    return int(resources.get("CPU", 0))
