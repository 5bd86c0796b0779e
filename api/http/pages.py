"""The web page: the ledger, one work's provenance, the report and its pictures, a file to trace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from api.dispute_words import when
from api.disputes import by_payee, standing_by_work
from api.errors import NotFound
from api.http.dependencies import ID_MAX, App, At
from api.http.graph import draw
from api.http.numbers import Report
from api.http.problems import status_of
from api.http.traces import label_of, trace_upload
from api.reading import payee_balances, show_work, show_works
from api.report_page import report_page
from api.verdict import searched_for
from chain.ledger.identifiers import WorkId
from watermark.client import AudioRefused, WatermarkFailure

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=FOLDER / "templates")


def short(text: str) -> str:
    """An address or content id as a label; its full form is beside it as a title."""
    return f"{text[:8]}…{text[-6:]}" if len(text) > 18 else text


def day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def sentence(words: str) -> str:
    """Words that begin in the middle of a sentence, as one of their own."""
    return f"{words[:1].upper()}{words[1:]}."


templates.env.filters.update(short=short, day=day, when=when, sentence=sentence)


@router.get("/", response_class=HTMLResponse)
def ledger(
    request: Request, app: App, at: At, work: Annotated[int, Query(ge=0, le=ID_MAX)] = 0
) -> HTMLResponse:
    """Everything on one page; `work` chooses whose provenance is drawn."""
    works = show_works(app, at)
    linked = app.store.derivatives(at=at)
    chosen = WorkId(work) if work else (linked[0].child if linked else WorkId(1))
    provenance = app.store.provenance(chosen, at=at)
    if work and provenance is None:
        raise NotFound("work", work)
    drawing = None
    if provenance is not None:
        drawing = draw(provenance, {n.work_id: show_work(app, n) for n in provenance.nodes})
    licences: dict[WorkId, int] = {}
    for licence in app.store.licences(at=at):
        licences[licence.work_id] = licences.get(licence.work_id, 0) + 1
    disputed = standing_by_work(app, at)
    context = {
        "at": at,
        "works": works,
        "disputed": disputed,
        "disputed_payees": by_payee(each for of_work in disputed.values() for each in of_work),
        "licences": licences,
        "chosen": chosen,
        "drawing": drawing,
        "provenance": provenance,
        "payees": payee_balances(app, at),
        "epochs": app.store.epochs(at=at),
        "communities": app.store.communities(at=at),
        "currency": app.currency,
    }
    return templates.TemplateResponse(request, "ledger.html", context)


@router.get("/report", response_class=HTMLResponse)
def value_chain(report: Report) -> HTMLResponse:
    """The report of a period as a page of its own, which can be saved and opened anywhere."""
    return HTMLResponse(report_page(report))


@router.post("/trace", response_class=HTMLResponse)
def traced(request: Request, app: App, file: UploadFile) -> HTMLResponse:
    """What a dropped file leads to, in words and as a table."""
    name = label_of(file.filename or "")
    context: dict[str, object] = {"trace": None, "refusal": None, "name": name}
    status = 200
    try:
        trace = trace_upload(file, app)
        context["trace"] = trace
        context["searched_for"] = searched_for(trace.detection)
        context["length_ms"] = max(1, trace.detection.audio.duration_ms)
    except (AudioRefused, WatermarkFailure) as refusal:
        context["refusal"] = str(refusal)
        status = status_of(refusal)
    return templates.TemplateResponse(request, "trace.html", context, status_code=status)
