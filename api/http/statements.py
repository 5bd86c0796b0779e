"""Statements of creators and communities, as JSON and as files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath

from api.http import problems
from api.http.dependencies import ID_MAX, Account, At
from api.statements import StatementDesk
from chain.ledger.identifiers import Address, CommunityId
from chain.statements.formats import MEDIA_TYPES, Form, file_name, written

router = APIRouter(prefix="/v1", tags=["statements"], responses=problems.RESPONSES)
PERIODS_MAX = 24


def the_desk(request: Request) -> StatementDesk:
    desk: StatementDesk = request.app.state.statements
    return desk


Desk = Annotated[StatementDesk, Depends(the_desk)]
Community = Annotated[int, InPath(ge=1, le=ID_MAX)]
Token = Annotated[
    Account | None, Query(description="the currency; the deployment's own when left out")
]
Period = Annotated[
    str,
    Query(
        max_length=60,
        description="2026-10, or 2026-10-01..2026-11-01, or blocks 120..480; ends are not "
        "included; the whole chain when left out",
    ),
]
Periods = Annotated[
    list[str] | None,
    Query(alias="period", max_length=PERIODS_MAX, description="several; none may overlap"),
]
Bom = Annotated[bool, Query(description="begin a CSV with a byte order mark")]


@router.get("/payees/{payee}/statements")
def payee_statements(
    payee: Account,
    desk: Desk,
    at: At,
    periods: Periods = None,
    token: Token = None,
) -> dict[str, Any]:
    """A creator's statements, one per period, in the order of time."""
    return {"statements": desk.of_payee(Address(payee), periods or (), _token(token), at)}


@router.get("/communities/{community_id}/statements")
def community_statements(
    community_id: Community,
    desk: Desk,
    at: At,
    periods: Periods = None,
    token: Token = None,
) -> dict[str, Any]:
    """A community's statements, one per period, in the order of time: of its works alone."""
    community = CommunityId(community_id)
    return {"statements": desk.of_community(community, periods or (), _token(token), at)}


@router.get("/payees/{payee}/statement", response_class=Response)
def payee_statement(
    payee: Account,
    desk: Desk,
    at: At,
    period: Period = "",
    token: Token = None,
    form: Annotated[Form, Query(alias="format")] = Form.JSON,
    bom: Bom = False,
) -> Response:
    """One statement as a file: JSON, which `antiphon statement verify` takes, CSV, PDF or TSV."""
    asked = [period] if period else []
    return _file(desk.of_payee(Address(payee), asked, _token(token), at)[0], form, bom)


@router.get("/communities/{community_id}/statement", response_class=Response)
def community_statement(
    community_id: Community,
    desk: Desk,
    at: At,
    period: Period = "",
    token: Token = None,
    form: Annotated[Form, Query(alias="format")] = Form.JSON,
    bom: Bom = False,
) -> Response:
    """One statement of a community as a file."""
    asked = [period] if period else []
    community = CommunityId(community_id)
    return _file(desk.of_community(community, asked, _token(token), at)[0], form, bom)


def _token(token: str | None) -> Address | None:
    return None if token is None else Address(token)


def _file(document: dict[str, Any], form: Form, bom: bool) -> Response:
    body = written(document, form, with_bom=bom)
    name = file_name(document, form)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=MEDIA_TYPES[form], headers=headers)
