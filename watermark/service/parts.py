"""What all routes share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Query, Request

from watermark.audio.waveform import AudioFile
from watermark.detection import Detection, to_json
from watermark.service.access import Caller, Door
from watermark.service.coarse import coarse_json
from watermark.service.jobs import Job, JobBook, JobState, Outcome
from watermark.service.metrics import Metrics
from watermark.service.problems import Problem
from watermark.service.uploads import fresh_path, receive
from watermark.service.workbench import Workbench

_NAME_CHARACTERS_MAX: Final = 255
_SPEEDS_MAX: Final = 41
_SPEED_RANGE: Final = (0.8, 1.25)

FileName = Annotated[str, Query(max_length=_NAME_CHARACTERS_MAX)]
Progress = Callable[[float], None]
Work = Callable[[AudioFile, Progress], Outcome]


@dataclass(frozen=True)
class Parts:
    """The parts of one running service."""

    workbench: Workbench
    jobs: JobBook
    door: Door
    metrics: Metrics

    async def accept(
        self, request: Request, caller: Caller, kind: str, name: str, work: Work
    ) -> dict[str, Any]:
        """Take the body to disk, refuse what can be refused at once, queue the rest."""
        self.jobs.require_room()
        upload = fresh_path(self.workbench.settings, ".upload")

        def discard() -> None:
            upload.unlink(missing_ok=True)

        try:
            await receive(request, upload, self.workbench.settings)
            audio = await asyncio.to_thread(self.workbench.open, upload, name)
            self.door.count_shape(caller, audio)
            job = self.jobs.submit(
                kind, lambda progress: work(audio, progress), discard, caller.name
            )
        except BaseException:
            discard()
            raise
        return job_json(job)

    def told(self, caller: Caller, detection: Detection) -> dict[str, Any]:
        """A detection in the form that the caller may see."""
        return to_json(detection) if caller.authorised else coarse_json(detection)


def parse_speeds(text: str) -> tuple[float, ...]:
    """Playback speeds to undo. Raises Problem 422."""
    try:
        speeds = tuple(float(part) for part in text.split(","))
    except ValueError:
        speeds = ()
    low, high = _SPEED_RANGE
    if not 1 <= len(speeds) <= _SPEEDS_MAX or not all(low <= speed <= high for speed in speeds):
        raise Problem(
            422,
            "speeds-invalid",
            f"speeds are 1 to {_SPEEDS_MAX} numbers from {low} to {high}, separated by commas",
        )
    return speeds


def job_json(job: Job) -> dict[str, Any]:
    """A job as its owner sees it."""
    fetched = job.state is JobState.DONE and job.file is not None
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "progress": job.progress,
        "result": job.result,
        "problem": job.problem,
        "audio": f"/v1/jobs/{job.job_id}/audio" if fetched else None,
    }
