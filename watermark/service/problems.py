"""What a caller is told when something goes wrong: problem+json (RFC 9457), one table for all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from watermark.audio.errors import AudioRefused, AudioTooCostly, AudioTooLarge
from watermark.fingerprint.store import FingerprintsDamaged
from watermark.identity.codewords import EpochKeyUnusable
from watermark.payload import GenerationIdInvalid
from watermark.registry import GenerationIdTaken
from watermark.service.jobs import TooManyJobs

log = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"


class Problem(Exception):
    """What went wrong, with a code a program can act on."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)

    def document(self) -> dict[str, Any]:
        """The problem as a JSON object."""
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
        case AudioTooLarge() | AudioTooCostly():
            return Problem(413, error.code, error.detail)
        case AudioRefused():
            return Problem(422, error.code, error.detail)
        case GenerationIdInvalid():
            return Problem(422, "generation-id-invalid", str(error))
        case GenerationIdTaken():
            return Problem(409, "generation-id-taken", str(error))
        case FingerprintsDamaged():
            return Problem(500, "fingerprints-damaged", str(error))
        case EpochKeyUnusable():
            log.error("key ring unusable", exc_info=error)
            return Problem(500, "epoch-key-unusable", "the key ring cannot be read; see the log")
        case TooManyJobs():
            detail = "too many jobs are waiting; try again in a minute"
            return Problem(503, "busy", detail, {"Retry-After": "60"})
        case _:
            log.error("job failed unexpectedly", exc_info=error)
            return Problem(500, "internal", "the watermark process failed; its log says where")


def add_problem_handlers(app: FastAPI, observe: Callable[[str], None]) -> None:
    """Answer every refusal with a problem document; `observe` hears its code."""

    async def answer(_request: Request, error: Exception) -> JSONResponse:
        problem = problem_of(error)
        observe(problem.code)
        return JSONResponse(
            problem.document(), problem.status, headers=problem.headers, media_type=PROBLEM_JSON
        )

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
