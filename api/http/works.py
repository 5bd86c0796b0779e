"""Works, their consents and provenance, and the licences taken for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as InPath

from api.disputes import Wanted, list_disputes
from api.errors import NotFound
from api.http import plain, problems
from api.http.dependencies import ID_MAX, After, App, At, Limit
from api.http.plain_disputes import plain_dispute
from api.reading import find_work, show_work
from chain.ledger.identifiers import LicenceId, WorkId

router = APIRouter(prefix="/v1", tags=["works"], responses=problems.RESPONSES)
Id = Annotated[int, InPath(ge=1, le=ID_MAX)]


@router.get("/works")
def list_works(app: App, at: At, after: After = 0, limit: Limit = 50) -> dict[str, Any]:
    """Registered works by ascending id. `after` of the answer asks for the next page."""
    records = app.store.works(at=at, after=WorkId(after), limit=limit)
    shown = [plain.plain_work(show_work(app, record)) for record in records]
    more = shown[-1]["work_id"] if len(shown) == limit else None
    return {"block": plain.plain_block(at), "works": shown, "after": more}


@router.get("/works/{work_id}")
def read_work(work_id: Id, app: App, at: At) -> dict[str, Any]:
    """One work with its consents, its split, the licences taken for it and the disputes that stand
    about its shares."""
    found = find_work(app, WorkId(work_id), at)
    if found is None:
        raise NotFound("work", work_id)
    consents = app.store.consents(at=at, work_id=WorkId(work_id))
    proposals = app.store.split_proposals(at=at, work_id=WorkId(work_id))
    licences = app.store.licences(at=at, work_id=WorkId(work_id))
    disputes = list_disputes(app, Wanted(WorkId(work_id), standing=True), at)
    return {
        "block": plain.plain_block(at),
        **plain.plain_work(found),
        "consents": [plain.plain_consent(consent, at) for consent in consents],
        "split": plain.plain_split_record(app.store.split_in_force(WorkId(work_id), at=at)),
        "split_proposals": [plain.plain_split_proposal(p) for p in proposals if p.is_open],
        "licences": [plain.plain_licence(licence, at) for licence in licences],
        "disputes": [plain_dispute(each) for each in disputes],
    }


@router.get("/catalogues")
def list_catalogues(app: App, at: At) -> dict[str, Any]:
    """Catalogues: works registered under one root, of which some were used since."""
    found = app.store.catalogues(at=at)
    shown = [plain.plain_catalogue(catalogue) for catalogue in found]
    return {"block": plain.plain_block(at), "catalogues": shown}


@router.get("/works/{work_id}/provenance")
def read_provenance(work_id: Id, app: App, at: At) -> dict[str, Any]:
    """What a work comes from and what came from it, as nodes and edges."""
    found = app.store.provenance(WorkId(work_id), at=at)
    if found is None:
        raise NotFound("work", work_id)
    shown = {int(node.work_id): show_work(app, node) for node in found.nodes}
    return {"block": plain.plain_block(at), **plain.plain_provenance(found, shown)}


@router.get("/licences")
def list_licences(app: App, at: At) -> dict[str, Any]:
    """Every licence taken, with the use counted against its caps."""
    found = app.store.licences(at=at)
    shown = [plain.plain_licence(licence, at) for licence in found]
    return {"block": plain.plain_block(at), "licences": shown}


@router.get("/licences/{licence_id}")
def read_licence(licence_id: Id, app: App, at: At) -> dict[str, Any]:
    """One licence: whether it is active, and how much of its caps is used."""
    found = app.store.licence(LicenceId(licence_id), at=at)
    if found is None:
        raise NotFound("licence", licence_id)
    return {"block": plain.plain_block(at), **plain.plain_licence(found, at)}
