"""The whole ledger as one file, to be checked by anybody with no node and none of our code."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auditing import audit_bundle
from api.http import problems
from api.http.dependencies import ID_MAX, App

router = APIRouter(prefix="/v1/audit", tags=["audit"], responses=problems.RESPONSES)
MANIFEST_HEADER = "X-Antiphon-Manifest"
BLOCK_HEADER = "X-Antiphon-Block"
Block = Annotated[int | None, Query(ge=0, le=ID_MAX)]


@router.get(
    "/bundle",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The bundle."}},
)
def bundle(app: App, from_block: Block = None, to_block: Block = None) -> Response:
    """Events with their proofs, segments, papers and two verifiers, as one ZIP archive."""
    made = audit_bundle(app, from_block=from_block, to_block=to_block)
    return Response(
        made.content,
        media_type="application/zip",
        headers={
            MANIFEST_HEADER: "0x" + made.manifest_digest.hex(),
            BLOCK_HEADER: f"{made.at.number} 0x{made.at.hash.hex()}",
            "Content-Disposition": f'attachment; filename="antiphon-audit-{made.at.number}.zip"',
        },
    )
