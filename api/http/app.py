"""The HTTP application around one composition root."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from api.application import Application
from api.epoch_papers import EpochPapers
from api.http import (
    audit,
    blocks,
    disputes,
    documents,
    epochs,
    money,
    numbers,
    pages,
    problems,
    proofs,
    rules,
    statements,
    traces,
    usage,
    works,
)
from api.http.bounds import BoundedBodies
from api.http.dependencies import App
from api.http.readiness import api_checks
from api.http.traces import UPLOAD_BYTES_MAX
from api.measuring import Measuring
from api.proving import EpochProofs
from api.statements import StatementDesk
from api.usage import UsageDesk

VERSION = "0.1.0"
DESCRIPTION = "A rights and royalty ledger for heritage music: works, licences, traces, payouts."


def create_app(application: Application, *, body_bytes_max: int = UPLOAD_BYTES_MAX) -> FastAPI:
    """Routes, pages and refusals over an opened application.

    A longer body is refused while it arrives, before it can fill a disk.
    """
    # FastAPI's pages for people load scripts from elsewhere; the OpenAPI document needs none.
    app = FastAPI(
        title="Antiphon", version=VERSION, description=DESCRIPTION, docs_url=None, redoc_url=None
    )
    app.add_middleware(BoundedBodies, bytes_max=body_bytes_max)
    app.state.application = application
    app.state.proofs = EpochProofs(application)
    app.state.statements = StatementDesk(application)
    app.state.usage = UsageDesk(application)
    app.state.papers = EpochPapers(application)
    app.state.measuring = Measuring(application)
    problems.install(app)
    parts = (
        *(works, usage, money, disputes, epochs, audit, blocks, proofs, numbers),
        *(rules, statements, traces, pages, documents),
    )
    for part in parts:
        app.include_router(part.router)
    app.include_router(disputes.pages)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    app.add_api_route("/health", health, tags=["health"], responses=problems.RESPONSES)
    # For supervisors, whose forms are their own; programs ask /health.
    app.add_api_route("/livez", livez, include_in_schema=False)
    app.add_api_route("/readyz", readyz, include_in_schema=False)
    return app


def livez() -> dict[str, bool]:
    """That this process answers at all."""
    return {"alive": True}


def readyz(app: App) -> JSONResponse:
    """Whether questions can be answered; 503 with every reason and next step when not."""
    found = api_checks(app)
    ready = all(check.ok for check in found)
    body = {"ready": ready, "checks": [check.to_plain() for check in found]}
    return JSONResponse(body, 200 if ready else 503)


def health(app: App) -> dict[str, Any]:
    """Whether the node and the watermark process answer, how far the index is, what is paused."""
    head = app.head()
    watermark = app.watermark.health()
    index = app.index_status()
    return {
        "status": "ok",
        "chain_id": app.deployment.chain_id,
        "block": head.number,
        "index": None
        if index is None
        else {
            "block": index.cursor.number,
            "quarantined_logs": index.quarantined,
            "paused_reason": index.paused_reason,
            "paused_contracts": app.store.paused(at=index.cursor),
        },
        "watermark": {
            "detector": watermark.detector,
            "version": watermark.version,
            "registered_ids": watermark.registered_ids,
        },
    }
