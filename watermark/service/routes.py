"""The watermark process over HTTP: embed and detect as jobs, bounded uploads, problem+json.

Audio is the raw request body. `name` is the file's name as the sender knows it; its suffix is
compared with the bytes. With a token file, callers without a token get coarse verdicts only, and
few of them; without one the process trusts its callers and listens to its own machine alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from watermark.audio.output import media_type_of, output_format
from watermark.audio.waveform import AudioFile
from watermark.identity.detector import DETECTOR_NAME, DETECTOR_VERSION
from watermark.payload import GenerationId
from watermark.service.access import Door
from watermark.service.batch import add_batch_route
from watermark.service.jobs import Job, JobBook, Outcome
from watermark.service.metrics import MEDIA_TYPE, Metrics
from watermark.service.parts import FileName, Parts, Progress, job_json, parse_speeds
from watermark.service.problems import Problem, add_problem_handlers, problem_of
from watermark.service.streaming import add_stream_route
from watermark.service.uploads import fresh_path, has_room
from watermark.service.workbench import Workbench, audio_json, report_json


def create_app(workbench: Workbench, *, warm: bool = True) -> FastAPI:
    """The service around one workbench, which it closes at the end. Raises TokensUnusable.

    It listens when it is warm: after a first detection, unless `warm` is false.
    """
    metrics = Metrics()
    jobs = JobBook(lambda error: problem_of(error).document(), metrics.job_ended)
    parts = Parts(workbench, jobs, Door(workbench.settings), metrics)
    metrics.watch(
        waiting=lambda: jobs.waiting,
        registered_ids=lambda: workbench.registered_ids,
        build={"detector": DETECTOR_NAME, "version": DETECTOR_VERSION},
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        workbench.clear_spool()
        if warm:
            await asyncio.to_thread(workbench.warm_up)
        yield
        jobs.close()
        workbench.close()

    app = FastAPI(title="Antiphon watermark", version=DETECTOR_VERSION, lifespan=lifespan)
    add_problem_handlers(app, metrics.refused)
    _add_state_routes(app, parts)
    _add_embed_route(app, parts)
    _add_detect_routes(app, parts)
    _add_job_routes(app, parts)
    add_batch_route(app, parts)
    add_stream_route(app, parts)
    return app


def _add_state_routes(app: FastAPI, parts: Parts) -> None:
    workbench = parts.workbench

    @app.get("/health")
    def health() -> JSONResponse:
        """200 when a job sent now would be taken; else 503 and `status` says why."""
        presence = workbench.marker.presence
        status = "ok" if has_room(workbench.settings) else "disk full"
        try:
            parts.jobs.require_room()
        except Exception as error:  # noqa: BLE001  any reason not to take a job is a reason
            status = problem_of(error).code
        facts = {
            "status": status,
            "ready": status == "ok",
            "detector": DETECTOR_NAME,
            "version": DETECTOR_VERSION,
            "key_id": workbench.key.key_id,
            "registered_ids": workbench.registered_ids,
            "presence_weights_sha256": presence.weights_sha256 if presence else None,
        }
        return JSONResponse(facts, 200 if status == "ok" else 503)

    @app.get("/metrics")
    def metrics(request: Request) -> Response:
        parts.door.partner(request)
        return Response(parts.metrics.exposed(), media_type=MEDIA_TYPE)


def _add_embed_route(app: FastAPI, parts: Parts) -> None:
    workbench = parts.workbench

    @app.post("/v1/embed", status_code=202)
    async def embed(request: Request, generation_id: str, name: FileName = "") -> dict[str, Any]:
        caller = parts.door.partner(request)
        wanted = GenerationId.parse(generation_id)

        def work(audio: AudioFile, progress: Progress) -> Outcome:
            destination = fresh_path(workbench.settings, output_format(audio).suffix)
            report = workbench.embed(audio, wanted, destination, progress)
            parts.metrics.audio_done("embed", report.marked.duration_ms)
            return Outcome(report_json(report, workbench.key.key_id), destination)

        return await parts.accept(request, caller, "embed", name, work)


def _add_detect_routes(app: FastAPI, parts: Parts) -> None:
    workbench = parts.workbench

    @app.post("/v1/detect", status_code=202)
    async def detect(
        request: Request,
        name: FileName = "",
        speeds: str = "1.0",
        thorough: bool = True,
        open_mode: bool = False,
    ) -> dict[str, Any]:
        """`thorough` seeks speed, stretch and pitch when the file read straight shows nothing.

        `open_mode`, for partners, reads ids by key and code, registered here or not.
        """
        caller = parts.door.partner(request) if open_mode else parts.door.anyone(request)
        wanted = parse_speeds(speeds)

        def work(audio: AudioFile, progress: Progress) -> Outcome:
            detection = workbench.detect(
                audio,
                speeds=wanted,
                seek_geometry=thorough,
                open_mode=open_mode,
                progress=progress,
            )
            parts.metrics.audio_done("detect", detection.audio.duration_ms)
            return Outcome(parts.told(caller, detection))

        return await parts.accept(request, caller, "detect", name, work)

    @app.post("/v1/examine", status_code=202)
    async def examine(request: Request, name: FileName = "") -> dict[str, Any]:
        caller = parts.door.anyone(request)

        def work(audio: AudioFile, _progress: Progress) -> Outcome:
            facts = workbench.examine(audio)
            parts.metrics.audio_done("examine", facts.duration_ms)
            return Outcome(audio_json(facts))

        return await parts.accept(request, caller, "examine", name, work)


def _add_job_routes(app: FastAPI, parts: Parts) -> None:
    def found(request: Request, job_id: str) -> Job:
        caller = parts.door.caller(request)
        job = parts.jobs.find(job_id)
        if job is None or (job.owner is not None and job.owner != caller.name):
            raise Problem(404, "job-unknown", "no such job; jobs end with the process: send again")
        return job

    @app.get("/v1/jobs/{job_id}")
    def job(request: Request, job_id: str) -> dict[str, Any]:
        return job_json(found(request, job_id))

    @app.get("/v1/jobs/{job_id}/audio", response_class=FileResponse)
    def audio(request: Request, job_id: str) -> FileResponse:
        file = found(request, job_id).file
        if file is None or not file.exists():
            raise Problem(404, "audio-not-ready", "this job has no audio to fetch (yet)")
        return FileResponse(file, media_type=media_type_of(file.suffix))
