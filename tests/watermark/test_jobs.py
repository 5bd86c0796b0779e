from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from watermark.service import jobs
from watermark.service.jobs import JobBook, JobState, Outcome, TooManyJobs

Work = Callable[[Callable[[float], None]], Outcome]


@pytest.fixture
def book() -> Iterator[JobBook]:
    made = JobBook(lambda error: {"code": type(error).__name__})
    yield made
    made.close()


def _finish(book: JobBook, work: Work) -> str:
    """Submit `work` and wait until it is over."""
    over = threading.Event()
    job_id = book.submit("test", work, over.set).job_id
    assert over.wait(10)
    return job_id


def test_a_finished_job_keeps_its_result(book: JobBook) -> None:
    job = book.find(_finish(book, lambda progress: Outcome({"answer": 42})))

    assert job is not None
    assert (job.state, job.progress, job.result) == (JobState.DONE, 1.0, {"answer": 42})


def test_a_failing_job_says_why_and_the_next_one_runs(book: JobBook) -> None:
    def fail(progress: Callable[[float], None]) -> Outcome:
        raise LookupError

    failed = book.find(_finish(book, fail))
    after = book.find(_finish(book, lambda progress: Outcome({})))

    assert failed is not None
    assert (failed.state, failed.problem) == (JobState.FAILED, {"code": "LookupError"})
    assert after is not None
    assert after.state is JobState.DONE


def test_progress_can_be_read_while_the_work_goes_on(book: JobBook) -> None:
    halfway, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def work(progress: Callable[[float], None]) -> Outcome:
        progress(0.5)
        halfway.set()
        assert go_on.wait(10)
        return Outcome({})

    job_id = book.submit("test", work, over.set).job_id
    assert halfway.wait(10)
    seen = book.find(job_id)
    go_on.set()

    assert seen is not None
    assert (seen.state, seen.progress) == (JobState.RUNNING, 0.5)
    assert over.wait(10)


def test_a_full_queue_refuses(book: JobBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_WAITING_MAX", 2)
    go_on = threading.Event()

    def wait(progress: Callable[[float], None]) -> Outcome:
        assert go_on.wait(10)
        return Outcome({})

    for _ in range(2):
        book.submit("test", wait, lambda: None)
    with pytest.raises(TooManyJobs):
        book.submit("test", wait, lambda: None)
    go_on.set()


def test_the_oldest_finished_jobs_and_their_files_are_forgotten(
    book: JobBook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jobs, "_KEPT_OVER_MAX", 1)
    files = [tmp_path / name for name in "abc"]
    ids = []
    for file in files:
        file.touch()
        ids.append(_finish(book, lambda progress, file=file: Outcome({}, file)))

    _finish(book, lambda progress: Outcome({}))

    assert book.find(ids[0]) is None
    assert not files[0].exists()
    assert files[2].exists()


def test_an_unknown_job_is_none(book: JobBook) -> None:
    assert book.find("nothing") is None
