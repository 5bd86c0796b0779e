"""A found file in, the people it owes out."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PureWindowsPath
from typing import Any

from fastapi import APIRouter, UploadFile

from api.http import plain, problems
from api.http.dependencies import App
from api.tracing import Trace, trace

router = APIRouter(prefix="/v1", tags=["traces"], responses=problems.RESPONSES)
UPLOAD_BYTES_MAX = 256 * 1024 * 1024
# Four bytes a character at most, and file systems end at 255 bytes.
NAME_CHARACTERS_MAX = 60


@router.post("/traces", responses=problems.UPLOAD_RESPONSES)
def trace_file(file: UploadFile, app: App) -> dict[str, Any]:
    """Listen to a WAV, FLAC, MP3, Ogg Vorbis or Opus file and follow its mark to its payees.

    The file is not kept.
    """
    return plain.plain_trace(trace_upload(file, app))


def trace_upload(file: UploadFile, app: App) -> Trace:
    """Trace an upload and forget it. Raises what `trace` raises."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / label_of(file.filename or "")
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        return trace(app, path)


def label_of(name: str) -> str:
    """The last part of a sender's file name, safe as a name here; its suffix is kept.

    The suffix counts: it is compared with the bytes.
    """
    last = PureWindowsPath(name).name
    printable = "".join(c for c in last if c.isprintable() and c not in "/\\")
    suffix = Path(printable).suffix[:NAME_CHARACTERS_MAX]
    stem = printable.removesuffix(suffix)[: NAME_CHARACTERS_MAX - len(suffix)]
    return f"{stem}{suffix}".strip(". ") or "upload"
