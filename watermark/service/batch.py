"""Several files in one request: a result or a refusal for each, in the order they came."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.datastructures import UploadFile
from starlette.types import Message

from watermark.audio.errors import AudioTooLarge
from watermark.detection import to_json
from watermark.service.jobs import Outcome
from watermark.service.parts import Parts, Progress, job_json, parse_speeds
from watermark.service.problems import Problem, problem_of
from watermark.service.uploads import fresh_path, require_room, too_slow


@dataclass(frozen=True)
class _Given:
    name: str
    path: Path


def add_batch_route(app: FastAPI, parts: Parts) -> None:
    """Adds POST /v1/detect/batch: multipart/form-data, one `file` part per file, partners only."""
    settings = parts.workbench.settings

    @app.post("/v1/detect/batch", status_code=202)
    async def batch(request: Request, speeds: str = "1.0", thorough: bool = True) -> dict[str, Any]:
        """One job; its result is `{"files": [{"name", "detection" | "problem"}, ...]}`."""
        caller = parts.door.partner(request)
        wanted = parse_speeds(speeds)
        parts.jobs.require_room()
        require_room(settings)
        try:
            async with asyncio.timeout(settings.upload_seconds_max):
                given = await _received(request, parts)
        except TimeoutError:
            raise too_slow(settings) from None

        def discard() -> None:
            for one in given:
                one.path.unlink(missing_ok=True)

        def work(progress: Progress) -> Outcome:
            return Outcome({"files": _each(parts, given, wanted, thorough, progress)})

        try:
            return job_json(parts.jobs.submit("batch", work, discard, caller.name))
        except BaseException:
            discard()
            raise


async def _received(request: Request, parts: Parts) -> list[_Given]:
    """The files of a form on disk. Raises AudioTooLarge over all of them together, Problem 422."""
    settings = parts.workbench.settings
    counted = Request(request.scope, _counted(request, settings.limits.bytes_max))
    given: list[_Given] = []
    async with counted.form(max_files=settings.batch_files_max, max_fields=0) as form:
        for _, part in form.multi_items():
            assert isinstance(part, UploadFile), "fields are refused by max_fields"
            path = fresh_path(settings, ".upload")
            given.append(_Given(part.filename or "", path))
            await asyncio.to_thread(_copy, part, path)
    if not given:
        raise Problem(422, "batch-empty", "send one multipart part named `file` per file")
    return given


def _copy(part: UploadFile, path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(part.file, file)


def _counted(request: Request, bytes_max: int) -> Callable[[], Any]:
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > bytes_max:
            raise AudioTooLarge(f"more than {bytes_max} bytes together; send fewer files at once")
        return message

    return receive


def _each(
    parts: Parts,
    given: Sequence[_Given],
    speeds: tuple[float, ...],
    thorough: bool,
    progress: Progress,
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for number, one in enumerate(given):

        def heard(fraction: float, number: int = number) -> None:
            progress((number + fraction) / len(given))

        try:
            audio = parts.workbench.open(one.path, one.name)
            detection = parts.workbench.detect(
                audio, speeds=speeds, seek_geometry=thorough, progress=heard
            )
        except Exception as error:  # noqa: BLE001  the file's own line says what was wrong with it
            results.append({"name": one.name, "problem": problem_of(error).document()})
        else:
            parts.metrics.audio_done("batch", detection.audio.duration_ms)
            results.append({"name": one.name, "detection": to_json(detection)})
    return results
