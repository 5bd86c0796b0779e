"""Work that takes longer than a request: queued, done by one thread, asked after by id."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_WAITING_MAX: Final = 64
_KEPT_SECONDS: Final = 3600.0
_KEPT_OVER_MAX: Final = 128  # finished jobs, whose marked copies fill the disk


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What finished work gives back: a JSON object, and a file to fetch if there is one."""

    result: dict[str, Any]
    file: Path | None = None


@dataclass(frozen=True)
class Job:
    """A snapshot of one job; `problem` is a problem+json object when it failed."""

    job_id: str
    kind: str
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None
    file: Path | None = None
    owner: str | None = None  # the caller's name; None is the public
    touched: float = field(default_factory=time.monotonic)


class TooManyJobs(Exception):
    """The queue is full; try again later."""


class JobBook:
    """Runs jobs one after another: the mark's arithmetic already uses a whole core."""

    def __init__(
        self,
        describe_failure: Callable[[Exception], dict[str, Any]],
        observe: Callable[[str, str, float], None] | None = None,
    ) -> None:
        """`describe_failure` turns what a job raised into its `problem`.

        `observe` hears of every job that ran: its kind, "done" or the problem's code, seconds.
        """
        self._describe_failure = describe_failure
        self._observe = observe
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mark")

    def submit(
        self,
        kind: str,
        work: Callable[[Callable[[float], None]], Outcome],
        done: Callable[[], None],
        owner: str | None = None,
    ) -> Job:
        """Queue `work`, which is given a progress reporter; `done` runs after it, come what may.

        Raises TooManyJobs.
        """
        job = Job(job_id=secrets.token_hex(12), kind=kind, owner=owner)
        with self._lock:
            self._forget_old()
            if self._unfinished() >= _WAITING_MAX:
                raise TooManyJobs
            self._jobs[job.job_id] = job
        self._worker.submit(self._run, job.job_id, work, done)
        return job

    def find(self, job_id: str) -> Job | None:
        """The job as it stands, or None when unknown or forgotten."""
        with self._lock:
            return self._jobs.get(job_id)

    @property
    def waiting(self) -> int:
        """Jobs queued or running."""
        with self._lock:
            return self._unfinished()

    def require_room(self) -> None:
        """Raises TooManyJobs when one more could not be queued."""
        if self.waiting >= _WAITING_MAX:
            raise TooManyJobs

    def soon(self, work: Callable[[], Result]) -> Future[Result]:
        """Do a short piece of work in turn with the jobs; it leaves no trace among them."""
        return self._worker.submit(work)

    def close(self) -> None:
        """Finish the running job, drop the waiting ones."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _run(
        self,
        job_id: str,
        work: Callable[[Callable[[float], None]], Outcome],
        done: Callable[[], None],
    ) -> None:
        self._change(job_id, state=JobState.RUNNING)
        begun, ended = time.monotonic(), "done"
        try:
            outcome = work(lambda fraction: self._change(job_id, progress=round(fraction, 4)))
            self._change(
                job_id,
                state=JobState.DONE,
                progress=1.0,
                result=outcome.result,
                file=outcome.file,
            )
        except Exception as error:  # noqa: BLE001  the job's reader is told; the thread lives on
            problem = self._describe_failure(error)
            ended = str(problem["code"])
            self._change(job_id, state=JobState.FAILED, problem=problem)
        finally:
            if self._observe is not None and (job := self.find(job_id)) is not None:
                self._observe(job.kind, ended, time.monotonic() - begun)
            done()

    def _unfinished(self) -> int:
        unfinished = (JobState.QUEUED, JobState.RUNNING)
        return sum(one.state in unfinished for one in self._jobs.values())

    def _change(self, job_id: str, **facts: Any) -> None:
        with self._lock:
            if job_id in self._jobs:
                job = self._jobs[job_id]
                self._jobs[job_id] = replace(job, touched=time.monotonic(), **facts)

    def _forget_old(self) -> None:
        too_old = time.monotonic() - _KEPT_SECONDS
        over = [job for job in self._jobs.values() if job.state in (JobState.DONE, JobState.FAILED)]
        surplus = len(over) - _KEPT_OVER_MAX
        for place, job in enumerate(over):
            if place < surplus or job.touched < too_old:
                if job.file is not None:
                    job.file.unlink(missing_ok=True)
                del self._jobs[job.job_id]
