"""The HTTP face of an operator's process: two routes that sign, one that says who signs
here."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from oracle.operators.desk import UNABLE, Answer, OperatorDesk, unable
from oracle.operators.wire import (
    ATTESTATIONS,
    DIRECT_ATTESTATIONS,
    HEALTH,
    MESSAGE_BYTES_MAX,
    refusal_to_json,
)

UNAUTHORISED, TOO_LARGE = 401, 413


def create_app(desk: OperatorDesk, token: str | None) -> FastAPI:
    """With a `token`, only who sends it as a bearer token is answered by the routes that sign."""
    app = FastAPI(title="Antiphon operator", docs_url=None, redoc_url=None)

    async def attest(request: Request) -> JSONResponse:
        """Recompute a proposed report, and sign it if it comes out the same in every field."""
        return await answered(request, desk.attest)

    async def attest_directly(request: Request) -> JSONResponse:
        """Judge a single use by its evidence, and sign it if an epoch would count it."""
        return await answered(request, desk.attest_directly)

    async def answered(request: Request, judge: Callable[[bytes], Answer]) -> JSONResponse:
        if token is not None and not _bears(request, token):
            return _answer(Answer(UNAUTHORISED, refusal_to_json("unauthorised", "give the token")))
        body = await _bounded_body(request)
        if body is None:
            return _answer(Answer(TOO_LARGE, refusal_to_json("too-large", "a proposal is shorter")))
        return _answer(await run_in_threadpool(judge, body))

    def health() -> JSONResponse:
        """Who signs here, and whether its view of the chain can be had."""
        try:
            return JSONResponse(desk.health())
        except UNABLE as error:
            return _answer(unable(error))

    app.add_api_route(ATTESTATIONS, attest, methods=["POST"], response_model=None)
    app.add_api_route(DIRECT_ATTESTATIONS, attest_directly, methods=["POST"], response_model=None)
    app.add_api_route(HEALTH, health, response_model=None)
    return app


def _bears(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())


async def _bounded_body(request: Request) -> bytes | None:
    """The body; None once it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MESSAGE_BYTES_MAX:
            return None
    return body


def _answer(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)
