"""Refusals as RFC 9457 problem+json, from one table; nothing internal is shown."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import ApplicationError, NotFound, SegmentTooLarge
from chain.audit.errors import AuditError
from chain.client.errors import ClientError, RpcUnavailable
from chain.indexer.errors import IndexerError
from chain.metrics.errors import MetricRefused
from chain.provenance import ProvenanceError
from chain.provenance.errors import BlockCorrupt
from chain.statements.errors import CommunityUnknown, PayeeUnknown, StatementRefused
from oracle.errors import (
    EvidenceRefused,
    OracleError,
    OutboxUnavailable,
    SegmentOfAnother,
    SegmentRefused,
    SignatureForged,
    SignatureMalformed,
)
from watermark.client import (
    AudioRefused,
    AudioTooLarge,
    ServiceAway,
    ServiceBusy,
    ServiceSlow,
    WatermarkFailure,
)

log = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"
DOCUMENT = {
    "description": "What was refused, and the next step.",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
RESPONSES: dict[int | str, dict[str, Any]] = {404: DOCUMENT, 422: DOCUMENT, 503: DOCUMENT}
UPLOAD_RESPONSES: dict[int | str, dict[str, Any]] = {413: DOCUMENT}
SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. A program acts on `code`, a person reads `detail`.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "rows": {
            "description": "Of a refused segment: the rows to leave out, and why.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"row": {"type": "integer"}, "reason": {"type": "string"}},
            },
        },
    },
}
CODE_OF_STATUS = {404: "not-found", 413: "audio-too-large"}

# The first kind that fits decides: special before general.
TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (NotFound, 404, "not-found"),
    (AudioTooLarge, 413, "audio-too-large"),
    (AudioRefused, 422, ""),
    (ServiceBusy, 503, "watermark-busy"),
    (ServiceSlow, 503, "watermark-slow"),
    (ServiceAway, 503, "watermark-away"),
    (WatermarkFailure, 503, "watermark-failed"),
    (AuditError, 422, "no-bundle"),
    (ClientError, 503, "chain-away"),
    (IndexerError, 503, "index-paused"),
    (ProvenanceError, 500, "block-unsound"),
    (SegmentRefused, 422, "segment-refused"),
    (SegmentOfAnother, 422, "segment-of-another"),
    (SignatureForged, 422, "signature-forged"),
    (SignatureMalformed, 422, "signature-malformed"),
    (EvidenceRefused, 422, "evidence-refused"),
    (OutboxUnavailable, 503, "outbox-away"),
    (OracleError, 500, "oracle-unsound"),
    (MetricRefused, 422, "metric-refused"),
    (PayeeUnknown, 404, ""),
    (CommunityUnknown, 404, ""),
    (StatementRefused, 422, ""),
    (SegmentTooLarge, 413, ""),
    (ApplicationError, 422, ""),
)


def problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """One answer; `code` is what a program acts on, `detail` what a person reads."""
    body = {
        "type": f"urn:antiphon:problem:{code}",
        "title": code.replace("-", " "),
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status, media_type=PROBLEM_JSON)


def known(error: Exception) -> tuple[int, str] | None:
    """Status and code of a refusal; None for what nobody foresaw."""
    for kind, status, code in TABLE:
        if isinstance(error, kind):
            return status, code or getattr(error, "code", "refused")
    return None


def told(error: Exception) -> str:
    """What a stranger is told: no address of a node, which may hold a key, and no path here."""
    match error:
        case RpcUnavailable():
            return f"the chain's node does not answer ({error.kind}). Next: try again in a minute"
        case OutboxUnavailable():
            return "usage cannot be kept just now; nothing was. Next: send it again in a minute"
        case BlockCorrupt():
            return f"block {error.cid} was altered on our disk; what it names is not shown"
        case _:
            return str(error)


def status_of(refusal: AudioRefused | WatermarkFailure) -> int:
    """The status a page answers with."""
    found = known(refusal)
    assert found is not None, "both are in the table"
    return found[0]


def answer(_request: Request, error: Exception) -> JSONResponse:
    """The table's answer; what is not in it is logged under a reference and not shown."""
    found = known(error)
    if isinstance(error, SegmentRefused) and found is not None:
        rows = [{"row": row, "reason": reason} for row, reason in error.rows]
        return problem(*found, told(error), rows=rows)
    if found is not None:
        return problem(*found, told(error))
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
    code = CODE_OF_STATUS.get(error.status_code, "request-refused")
    return problem(error.status_code, code, str(error.detail))


def describe(app: FastAPI) -> None:
    """Put the schema that every refusal refers to into the OpenAPI document."""
    # FastAPI is extended by replacing this method.
    written = app.openapi

    def with_problem() -> dict[str, Any]:
        document = written()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = SCHEMA
        return document

    app.openapi = with_problem  # type: ignore[method-assign]


def install(app: FastAPI) -> None:
    """Every refusal of the application in one shape."""
    for kind, _, _ in TABLE:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, answer)
    describe(app)
