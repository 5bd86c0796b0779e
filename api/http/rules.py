"""A community's past, and what each sharing rule would have made of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from api.comparing import FLOORS_BPS, RuleComparison, compare_history, plain_comparison
from api.http import plain, problems
from api.http.dependencies import ID_MAX, App, At
from api.rule_history import read_history
from api.rule_tables import page
from api.rule_words import sentences
from chain.ledger.identifiers import CommunityId
from chain.ledger.rights import BPS_WHOLE

router = APIRouter(prefix="/v1/communities", tags=["rules"], responses=problems.RESPONSES)
FLOORS_MAX = 8
# FastAPI gives every request a copy.
USUAL_FLOORS = list(FLOORS_BPS)
Id = Annotated[int, InPath(ge=1, le=ID_MAX)]
Floors = Annotated[
    list[Annotated[int, Query(ge=1, le=BPS_WHOLE)]],
    Query(max_length=FLOORS_MAX, description="floors to compare, in basis points"),
]


@router.get("/{community_id}/pools")
def read_pools(community_id: Id, app: App, at: At) -> dict[str, Any]:
    """What each epoch brought the community before any rule: all that a comparison needs."""
    return read_history(app, CommunityId(community_id), at).to_plain()


@router.get("/{community_id}/rules/compare")
def compare(community_id: Id, app: App, at: At, floor: Floors = USUAL_FLOORS) -> dict[str, Any]:
    """What each rule would have paid, without listeners: their list is not sent anywhere. Takes a
    while on a long chain: every epoch is divided anew."""
    comparison = _compared(community_id, app, at, floor)
    return {
        **plain_comparison(comparison, sentences(comparison)),
        "block": plain.plain_block(at),
    }


@router.get("/{community_id}/rules/page", response_class=HTMLResponse)
def draw(community_id: Id, app: App, at: At, floor: Floors = USUAL_FLOORS) -> HTMLResponse:
    """The comparison as a page with pictures that loads nothing else."""
    return HTMLResponse(page(_compared(community_id, app, at, floor)))


def _compared(community_id: int, app: App, at: At, floors: list[int]) -> RuleComparison:
    return compare_history(read_history(app, CommunityId(community_id), at), floors)
