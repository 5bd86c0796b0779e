"""An epoch as files, to be computed again by anybody, anywhere."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.epoch_files import write_epoch_files
from api.errors import NotFound
from api.http import problems
from api.http.dependencies import ID_MAX, App
from chain.ledger.identifiers import EpochNumber
from oracle.errors import EpochNotReady
from oracle.transmitting import attested_epoch

router = APIRouter(prefix="/v1", tags=["epochs"], responses=problems.RESPONSES)
Epoch = Annotated[int, InPath(ge=1, le=ID_MAX)]


@router.get("/epochs/{epoch}/attested")
def attested(epoch: Epoch, app: App) -> dict[str, Any]:
    """Report, usage and signatures of an epoch: what anybody may post with a key of their own."""
    place = app.settings.oracle.outbox
    if isinstance(place, Path) and not place.exists():
        raise NotFound("attested epoch", epoch)
    try:
        return attested_epoch(app.outbox, app.blocks, epoch).to_json()
    except EpochNotReady:
        raise NotFound("attested epoch", epoch) from None


@router.get("/epochs/{epoch}/files", response_class=FileResponse)
def epoch_files(epoch: Epoch, app: App) -> FileResponse:
    """Events, blocks and segments up to an epoch, as a ZIP archive of `antiphon verify-epoch`."""
    scratch = Path(tempfile.mkdtemp(prefix="antiphon-epoch-"))
    try:
        write_epoch_files(app, EpochNumber(epoch), scratch / "files")
        archive = shutil.make_archive(str(scratch / "epoch"), "zip", scratch / "files")
    except BaseException:
        shutil.rmtree(scratch)
        raise
    return FileResponse(
        archive,
        media_type="application/zip",
        filename=f"antiphon-epoch-{epoch}.zip",
        background=BackgroundTask(shutil.rmtree, scratch),
    )
