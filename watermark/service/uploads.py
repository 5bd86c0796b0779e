"""Takes audio to disk: bounded in bytes and time, and gone again when its job is."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from fastapi import Request

from watermark.audio.errors import AudioTooLarge
from watermark.service.problems import Problem
from watermark.service.settings import WatermarkSettings

_ROOM_FACTOR: Final = 3  # an upload, its marked copy and a draft of that


def fresh_path(settings: WatermarkSettings, suffix: str) -> Path:
    """A path in the spool that nobody else has."""
    return settings.spool / f"{secrets.token_hex(12)}{suffix}"


def has_room(settings: WatermarkSettings) -> bool:
    """Whether the spool's disk can take one more upload of the largest size."""
    return shutil.disk_usage(settings.spool).free > _ROOM_FACTOR * settings.limits.bytes_max


async def receive(request: Request, upload: Path, settings: WatermarkSettings) -> None:
    """Write the request's body to `upload`. Raises AudioTooLarge, Problem 408 and 507."""
    require_room(settings)
    try:
        async with asyncio.timeout(settings.upload_seconds_max):
            with upload.open("wb") as file:
                async for chunk in bounded(request, settings.limits.bytes_max):
                    file.write(chunk)
    except TimeoutError:
        raise too_slow(settings) from None


async def bounded(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises AudioTooLarge as soon as it is known to be."""
    declared = request.headers.get("content-length", "0")
    too_large = AudioTooLarge(f"more than {bytes_max} bytes; cut the file into parts")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_large
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > bytes_max:
            raise too_large
        yield chunk


def require_room(settings: WatermarkSettings) -> None:
    """Raises Problem 507 when the disk is nearly full."""
    if not has_room(settings):
        raise Problem(507, "disk-full", "no room for another upload; the operator must make some")


def too_slow(settings: WatermarkSettings) -> Problem:
    """The refusal of an upload that does not end."""
    seconds = settings.upload_seconds_max
    return Problem(408, "upload-too-slow", f"the upload took more than {seconds:g} s; send again")
