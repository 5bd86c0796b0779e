"""A found file in, the people it owes out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, UploadFile

from api.http import plain, problems
from api.http.dependencies import App
from api.tracing import Trace, trace
from watermark.client import AudioTooLarge

router = APIRouter(prefix="/v1", tags=["traces"], responses=problems.RESPONSES)
UPLOAD_BYTES_MAX = 256 * 1024 * 1024
CHUNK_BYTES = 1 << 20


@router.post("/traces")
def trace_file(file: UploadFile, app: App) -> dict[str, Any]:
    """Listen to a WAV, FLAC, MP3, Ogg Vorbis or Opus file and follow its mark to its payees.

    The file is not kept.
    """
    return plain.plain_trace(trace_upload(file, app))


def trace_upload(file: UploadFile, app: App) -> Trace:
    """Trace an upload and forget it. Raises AudioTooLarge and what `trace` raises."""
    with tempfile.TemporaryDirectory() as folder:
        # The last part of the sender's name, as a label; its suffix is compared with the bytes.
        path = Path(folder) / (Path(file.filename or "").name or "upload")
        received = 0
        with path.open("wb") as target:
            while chunk := file.file.read(CHUNK_BYTES):
                received += len(chunk)
                if received > UPLOAD_BYTES_MAX:
                    raise AudioTooLarge(
                        f"more than {UPLOAD_BYTES_MAX} bytes; cut the file into parts"
                    )
                target.write(chunk)
        return trace(app, path)
