"""The watermark process over HTTP: embed and detect as jobs, bounded uploads, problem+json.

Audio is the raw request body. `name` is the file's name as the sender knows it; its suffix is
compared with the bytes. The process trusts its callers: bind it to the loopback interface.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException

from watermark.audio.errors import AudioRefused, AudioTooLarge
from watermark.audio.waveform import AudioFile
from watermark.detection import to_json
from watermark.identity.detector import DETECTOR_NAME, DETECTOR_VERSION
from watermark.payload import GenerationId, GenerationIdInvalid
from watermark.registry import GenerationIdTaken
from watermark.service.jobs import Job, JobBook, JobState, Outcome, TooManyJobs
from watermark.service.workbench import Workbench, audio_json, report_json

log = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"
_NAME_CHARACTERS_MAX: Final = 255
_SPEEDS_MAX: Final = 41
_SPEED_RANGE: Final = (0.8, 1.25)

FileName = Annotated[str, Query(max_length=_NAME_CHARACTERS_MAX)]


class Problem(Exception):
    """What went wrong, with a code a program can act on."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        super().__init__(detail)

    def document(self) -> dict[str, Any]:
        return {
            "type": f"urn:antiphon:problem:{self.code}",
            "title": self.code.replace("-", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }


def problem_of(error: Exception) -> Problem:
    """The one table from errors to what a caller is told; the unexpected is logged, not shown."""
    match error:
        case Problem():
            return error
        case AudioTooLarge():
            return Problem(413, error.code, error.detail)
        case AudioRefused():
            return Problem(422, error.code, error.detail)
        case GenerationIdInvalid():
            return Problem(422, "generation-id-invalid", str(error))
        case GenerationIdTaken():
            return Problem(409, "generation-id-taken", str(error))
        case TooManyJobs():
            return Problem(503, "busy", "too many jobs are waiting; try again in a minute")
        case _:
            log.error("job failed unexpectedly", exc_info=error)
            return Problem(500, "internal", "the watermark process failed; its log says where")


def create_app(workbench: Workbench) -> FastAPI:
    """The service around one workbench, which it closes at the end."""
    jobs = JobBook(lambda error: problem_of(error).document())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        yield
        jobs.close()
        workbench.close()

    app = FastAPI(title="Antiphon watermark", version=DETECTOR_VERSION, lifespan=lifespan)
    _add_problem_handlers(app)
    _add_job_routes(app, jobs)

    @app.get("/health")
    def health() -> dict[str, Any]:
        presence = workbench.marker.presence
        return {
            "status": "ok",
            "detector": DETECTOR_NAME,
            "version": DETECTOR_VERSION,
            "key_id": workbench.key.key_id,
            "registered_ids": len(workbench.marker.search),
            "presence_weights_sha256": presence.weights_sha256 if presence else None,
        }

    @app.post("/v1/embed", status_code=202)
    async def embed(request: Request, generation_id: str, name: FileName = "") -> dict[str, Any]:
        wanted = GenerationId.parse(generation_id)
        destination = workbench.settings.spool / f"{secrets.token_hex(12)}.flac"

        def work(audio: AudioFile, progress: Callable[[float], None]) -> Outcome:
            report = workbench.embed(audio, wanted, destination, progress)
            return Outcome(report_json(report, workbench.key.key_id), destination)

        return await _accept(request, workbench, jobs, "embed", name, work)

    @app.post("/v1/detect", status_code=202)
    async def detect(request: Request, name: FileName = "", speeds: str = "1.0") -> dict[str, Any]:
        wanted = _parse_speeds(speeds)

        def work(audio: AudioFile, progress: Callable[[float], None]) -> Outcome:
            return Outcome(to_json(workbench.detect(audio, speeds=wanted, progress=progress)))

        return await _accept(request, workbench, jobs, "detect", name, work)

    @app.post("/v1/examine", status_code=202)
    async def examine(request: Request, name: FileName = "") -> dict[str, Any]:
        def work(audio: AudioFile, progress: Callable[[float], None]) -> Outcome:  # noqa: ARG001
            return Outcome(audio_json(audio.examine()))

        return await _accept(request, workbench, jobs, "examine", name, work)

    return app


async def _accept(
    request: Request,
    workbench: Workbench,
    jobs: JobBook,
    kind: str,
    name: str,
    work: Callable[[AudioFile, Callable[[float], None]], Outcome],
) -> dict[str, Any]:
    """Take the body to disk, refuse what can be refused at once, queue the rest."""
    upload = workbench.settings.spool / f"{secrets.token_hex(12)}.upload"

    def discard() -> None:
        upload.unlink(missing_ok=True)

    try:
        await _receive(request, upload, workbench.settings.limits.bytes_max)
        audio = await asyncio.to_thread(workbench.open, upload, name)
        job = jobs.submit(kind, lambda progress: work(audio, progress), discard)
    except BaseException:
        discard()
        raise
    return _job_json(job)


async def _receive(request: Request, upload: Path, bytes_max: int) -> None:
    declared = request.headers.get("content-length", "0")
    too_large = AudioTooLarge(f"more than {bytes_max} bytes; cut the file into parts")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_large
    received = 0
    with upload.open("wb") as file:
        async for chunk in request.stream():
            received += len(chunk)
            if received > bytes_max:
                raise too_large
            file.write(chunk)


def _parse_speeds(text: str) -> tuple[float, ...]:
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


def _add_job_routes(app: FastAPI, jobs: JobBook) -> None:
    def found(job_id: str) -> Job:
        job = jobs.find(job_id)
        if job is None:
            raise Problem(404, "job-unknown", "no such job; jobs end with the process: send again")
        return job

    @app.get("/v1/jobs/{job_id}")
    def job(job_id: str) -> dict[str, Any]:
        return _job_json(found(job_id))

    @app.get("/v1/jobs/{job_id}/audio", response_class=FileResponse)
    def audio(job_id: str) -> FileResponse:
        file = found(job_id).file
        if file is None or not file.exists():
            raise Problem(404, "audio-not-ready", "this job has no audio to fetch (yet)")
        return FileResponse(file, media_type="audio/flac")


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "progress": job.progress,
        "result": job.result,
        "problem": job.problem,
        "audio": f"/v1/jobs/{job.job_id}/audio"
        if job.state is JobState.DONE and job.file is not None
        else None,
    }


def _add_problem_handlers(app: FastAPI) -> None:
    async def answer(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        problem = problem_of(error)
        return JSONResponse(problem.document(), problem.status, media_type=PROBLEM_JSON)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return await answer(request, Problem(422, "request-invalid", f"{where}: {first['msg']}"))

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return await answer(request, Problem(error.status_code, "http", str(error.detail)))

    for kind in (Problem, AudioRefused, GenerationIdInvalid, GenerationIdTaken, TooManyJobs):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
