"""Metrics and their two pictures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.http import plain, problems
from api.http.dependencies import App, At
from api.measuring import measure
from chain.metrics.plots import lorenz_svg, settlement_svg

router = APIRouter(prefix="/v1/metrics", tags=["metrics"], responses=problems.RESPONSES)
SVG = "image/svg+xml"


@router.get("")
def read_metrics(app: App, at: At) -> dict[str, Any]:
    """Settlement latency, Gini, Theil, Jain and failure rate, as of one block."""
    report, _, _ = measure(app, at)
    return {"block": plain.plain_block(at), **report.to_plain()}


@router.get("/lorenz.svg", response_class=Response)
def draw_lorenz(app: App, at: At) -> Response:
    """The Lorenz curve of payouts to the payees of communities."""
    _, _, amounts = measure(app, at)
    return Response(lorenz_svg(amounts), media_type=SVG)


@router.get("/settlement.svg", response_class=Response)
def draw_settlement(app: App, at: At) -> Response:
    """The share of uses that reached their payees, over the time since the use."""
    _, timelines, _ = measure(app, at)
    return Response(settlement_svg(timelines), media_type=SVG)
