"""The report of a period: as figures, as the record it is made from, as a page and as pictures."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.http import plain, problems
from api.http.dependencies import At
from api.measuring import Measuring
from api.periods import Asked
from chain.metrics.plots import draw
from chain.metrics.report import ValueChainReport
from chain.metrics.report_json import plain_report

router = APIRouter(prefix="/v1/metrics", tags=["metrics"], responses=problems.RESPONSES)
SVG = "image/svg+xml"
BLOCK_MAX = 2**53
BlockNumber = Annotated[int | None, Query(ge=0, le=BLOCK_MAX)]
Picture = Literal["lorenz", "settlement", "stages", "funnel", "decomposition"]
Day = Annotated[date | None, Query(description="a day in UTC; `to_date` itself is left out")]


def asked_report(
    request: Request,
    at: At,
    from_block: BlockNumber = None,
    to_block: BlockNumber = None,
    from_date: Day = None,
    to_date: Day = None,
) -> ValueChainReport:
    """The report of the period asked for, followed up to the newest block; made once per block."""
    measuring: Measuring = request.app.state.measuring
    return measuring.report(at, Asked(from_block, to_block, from_date, to_date))


Report = Annotated[ValueChainReport, Depends(asked_report)]


@router.get("")
def read_metrics(report: Report, at: At) -> dict[str, Any]:
    """Settlement, fairness, traceability, failures, disputes and fulfilment, as of one block."""
    return {"block": plain.plain_block(at), **plain_report(report)}


@router.get("/record", response_class=Response)
def read_record(report: Report) -> Response:
    """Everything the report is made from: whoever has it can make the report without a node."""
    return Response(report.record.to_json(), media_type="application/json")


@router.get("/{picture}.svg", response_class=Response)
def draw_picture(picture: Picture, report: Report) -> Response:
    """One picture of the report."""
    return Response(draw(picture, report), media_type=SVG)
