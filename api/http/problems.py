"""Refusals as RFC 9457 problem+json, from one table; nothing internal is shown."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import ApplicationError, NotFound
from chain.client.errors import ClientError
from chain.indexer.errors import IndexerError
from chain.metrics.errors import MetricRefused
from chain.provenance import ProvenanceError
from watermark.client import AudioRefused, AudioTooLarge, WatermarkFailure

log = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"
DOCUMENT = {
    "description": "What was refused, and the next step.",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
RESPONSES: dict[int | str, dict[str, Any]] = {404: DOCUMENT, 422: DOCUMENT, 503: DOCUMENT}

# The first kind that fits decides: special before general.
TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (NotFound, 404, "not-found"),
    (AudioTooLarge, 413, "audio-too-large"),
    (AudioRefused, 422, ""),
    (WatermarkFailure, 503, "watermark-away"),
    (ClientError, 503, "chain-away"),
    (IndexerError, 503, "index-paused"),
    (ProvenanceError, 500, "block-unsound"),
    (MetricRefused, 422, "metric-refused"),
    (ApplicationError, 422, ""),
)


def problem(status: int, code: str, detail: str) -> JSONResponse:
    """One answer; `code` is what a program acts on, `detail` what a person reads."""
    body = {
        "type": f"urn:antiphon:problem:{code}",
        "title": code.replace("-", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status, media_type=PROBLEM_JSON)


def answer(_request: Request, error: Exception) -> JSONResponse:
    """The table's answer; what is not in it is logged under a reference and not shown."""
    for kind, status, code in TABLE:
        if isinstance(error, kind):
            return problem(status, code or getattr(error, "code", "refused"), str(error))
    reference = secrets.token_hex(6)
    log.error("unexpected failure %s", reference, exc_info=error)
    return problem(
        500, "internal", f"something broke on our side; nothing was changed. Reference {reference}"
    )


def invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem(422, "request-invalid", f"{place}: {first['msg']}")


def refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = "not-found" if error.status_code == 404 else "request-refused"
    return problem(error.status_code, code, str(error.detail))


def install(app: FastAPI) -> None:
    """Every refusal of the application in one shape."""
    for kind, _, _ in TABLE:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, answer)
