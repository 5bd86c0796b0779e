"""Blocks of epochs by content id, as IPFS gateways give raw blocks (Trustless Gateway)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath

from api.epoch_papers import EpochPapers
from api.errors import NotFound
from api.http import problems
from chain.provenance import Cid
from chain.provenance.errors import CidMalformed
from chain.provenance.fetching import RAW_BLOCK

router = APIRouter(tags=["epochs"], responses=problems.RESPONSES)
CID_CHARACTERS_MAX: Final = 128
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
BLOCK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {RAW_BLOCK: {"schema": {"type": "string", "format": "binary"}}}}
}


def the_papers(request: Request) -> EpochPapers:
    papers: EpochPapers = request.app.state.papers
    return papers


@router.get("/ipfs/{cid}", response_class=Response, responses=BLOCK)
def epoch_block(
    cid: Annotated[str, InPath(max_length=CID_CHARACTERS_MAX)],
    papers: Annotated[EpochPapers, Depends(the_papers)],
) -> Response:
    """One raw block that an epoch is recomputed from; hash it, and believe nobody."""
    try:
        name = Cid.parse(cid)
    except CidMalformed:
        raise NotFound("content id", cid) from None
    return Response(papers.block(name), media_type=RAW_BLOCK, headers=FOR_EVER)
