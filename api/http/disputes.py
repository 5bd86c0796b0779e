"""Disputes of the court: which shares are held, until when, and who may do what about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api.disputes import Wanted, find_dispute, list_disputes
from api.http import plain, problems
from api.http.dependencies import ID_MAX, PAGE_MAX, Account, After, App, At, Hash, Limit
from api.http.pages import templates
from api.http.plain_disputes import account_of, plain_dispute, plain_dispute_in_full
from api.http.statements import Desk
from api.reading import manifest_cid
from chain.client.dispute_court import CaseStatus
from chain.ledger.identifiers import Address, Digest, WorkId

router = APIRouter(prefix="/v1/disputes", tags=["disputes"], responses=problems.RESPONSES)
pages = APIRouter(prefix="/disputes", include_in_schema=False)

State = Literal["OPEN", "ANSWERED", "UPHELD", "DISMISSED", "LAPSED", "RELEASED"]
OfWork = Annotated[int | None, Query(ge=1, le=ID_MAX, description="about this work")]
OfPayee = Annotated[Account | None, Query(description="about this account's share")]
InState = Annotated[State | None, Query(description="as the court has it")]
Standing = Annotated[
    bool | None, Query(description="true: undecided in time, or upheld and the share still frozen")
]


@router.get("")
def list_all(
    app: App,
    at: At,
    work_id: OfWork = None,
    payee: OfPayee = None,
    state: InState = None,
    standing: Standing = None,
    after: After = 0,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Disputes by ascending number. `after` of the answer asks for the next page."""
    wanted = _wanted(work_id, payee, state, standing)
    shown = list_disputes(app, wanted, at, after=after, limit=limit)
    more = shown[-1].case.number if len(shown) == limit else None
    return {
        "block": plain.plain_block(at),
        "disputes": [plain_dispute(each) for each in shown],
        "after": more,
    }


@router.get("/{dispute_id}")
def read_one(dispute_id: Hash, app: App, at: At, desk: Desk) -> dict[str, Any]:
    """One dispute: evidence, bonds, what is held in base units, and who may do what until when."""
    found = find_dispute(app, desk, Digest(dispute_id), at)
    return {"block": plain.plain_block(at), **plain_dispute_in_full(found)}


@pages.get("", response_class=HTMLResponse)
def draw_all(
    request: Request,
    app: App,
    at: At,
    work_id: OfWork = None,
    payee: OfPayee = None,
    state: InState = None,
    standing: Standing = None,
) -> HTMLResponse:
    """The newest disputes, those that stand first."""
    found = list_disputes(app, _wanted(work_id, payee, state, standing), at)
    found.sort(key=lambda each: (not each.is_standing, -each.case.number))
    context = {
        "at": at,
        "disputes": found[:PAGE_MAX],
        "more": len(found) - PAGE_MAX,
        "is_filtered": any(each is not None for each in (work_id, payee, state, standing)),
    }
    return templates.TemplateResponse(request, "disputes.html", context)


@pages.get("/{dispute_id}", response_class=HTMLResponse)
def draw_one(request: Request, dispute_id: Hash, app: App, at: At, desk: Desk) -> HTMLResponse:
    """One dispute, for stewards and creators."""
    found = find_dispute(app, desk, Digest(dispute_id), at)
    context = {
        "at": at,
        "found": found,
        "shown": found.shown,
        "case": found.shown.case,
        "account_of": account_of,
        "cid_of": manifest_cid,
    }
    return templates.TemplateResponse(request, "dispute.html", context)


def _wanted(
    work_id: int | None, payee: str | None, state: State | None, standing: bool | None
) -> Wanted:
    return Wanted(
        None if work_id is None else WorkId(work_id),
        None if payee is None else Address(payee),
        None if state is None else CaseStatus[state],
        standing,
    )
