"""Detection while the audio is still being sent: newline-delimited JSON, a line per 16 s.

Lines of `kind` "heard" are provisional: a stretch of at most 32 s, read straight. The last line is
`kind` "verdict", the same as of a whole file sent to /v1/detect, or "problem". Only the last line
counts. The body is taken as fast as it is searched; it is kept on disk and never in memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from watermark.audio.containers import SNIFFED_BYTES, sniff
from watermark.audio.errors import AudioEmpty, AudioUnreadable
from watermark.detection import Detection
from watermark.service.access import Caller
from watermark.service.listening import Heard, Listener
from watermark.service.parts import FileName, Parts, parse_speeds
from watermark.service.problems import Problem, problem_of
from watermark.service.uploads import bounded, fresh_path, require_room, too_slow

NDJSON: Final = "application/x-ndjson"
_LOOK_BYTES: Final = 1 << 17  # how much more must have come before it is decoded again


def add_stream_route(app: FastAPI, parts: Parts) -> None:
    """Adds POST /v1/detect/stream."""

    @app.post("/v1/detect/stream", response_class=_TwoWayResponse)
    async def stream(
        request: Request, name: FileName = "", speeds: str = "1.0", thorough: bool = True
    ) -> StreamingResponse:
        caller = parts.door.anyone(request)
        wanted = parse_speeds(speeds)
        parts.jobs.require_room()
        require_room(parts.workbench.settings)
        body = bounded(request, parts.workbench.settings.limits.bytes_max)
        head = await _head(body)
        hearing = _Hearing(parts, caller, name, wanted, thorough)
        return _TwoWayResponse(hearing.lines(head, body), media_type=NDJSON)


async def _head(body: AsyncIterator[bytes]) -> bytes:
    """The first bytes, so that what is no audio gets a plain refusal. Raises AudioRefused kinds."""
    head = b""
    async for chunk in body:
        head += chunk
        if len(head) >= SNIFFED_BYTES:
            break
    if not head:
        raise AudioEmpty("the file has no bytes; upload it again")
    if sniff(head[:SNIFFED_BYTES]) is None:
        raise AudioUnreadable("the bytes are not audio we read; send WAV, FLAC, MP3 or Ogg")
    return head


class _Hearing:
    """One stream: what arrives, what is told of it."""

    def __init__(
        self, parts: Parts, caller: Caller, name: str, speeds: tuple[float, ...], thorough: bool
    ) -> None:
        self._parts = parts
        self._caller = caller
        self._name = name
        self._speeds = speeds
        self._thorough = thorough
        self._upload = fresh_path(parts.workbench.settings, ".upload")
        self._listener = Listener(parts.workbench, self._upload)

    async def lines(self, head: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Provisional lines while the body arrives, then the last one."""
        try:
            async for heard in self._while_arriving(head, body):
                yield _line({"kind": "heard", **self._heard_json(heard)})
            detection = await self._in_turn_detect()
            self._parts.metrics.audio_done("stream", detection.audio.duration_ms)
            last = _line({"kind": "verdict", "result": self._parts.told(self._caller, detection)})
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the status is sent: the last line says it
            last = self._problem(problem_of(error))
        finally:
            self._upload.unlink(missing_ok=True)
        yield last

    async def _while_arriving(
        self, head: bytes, body: AsyncIterator[bytes]
    ) -> AsyncIterator[Heard]:
        """What the parts show, as they come. Raises Problem 408 when that takes too long."""
        settings = self._parts.workbench.settings
        deadline = asyncio.get_running_loop().time() + settings.upload_seconds_max
        unseen, chunk = 0, head
        with self._upload.open("wb") as file:
            while chunk:
                file.write(chunk)
                unseen += len(chunk)
                if unseen >= _LOOK_BYTES:
                    unseen = 0
                    file.flush()
                    while (heard := await self._in_turn_listen()) is not None:
                        yield heard
                try:
                    async with asyncio.timeout_at(deadline):
                        chunk = await anext(body, b"")
                except TimeoutError:
                    raise too_slow(settings) from None

    async def _in_turn_listen(self) -> Heard | None:
        return await asyncio.wrap_future(self._parts.jobs.soon(self._listener.listen))

    async def _in_turn_detect(self) -> Detection:
        workbench = self._parts.workbench

        def detect() -> Detection:
            audio = workbench.open(self._upload, self._name)
            self._parts.door.count_shape(self._caller, audio)
            return workbench.detect(audio, speeds=self._speeds, seek_geometry=self._thorough)

        return await asyncio.wrap_future(self._parts.jobs.soon(detect))

    def _heard_json(self, heard: Heard) -> dict[str, Any]:
        """Partners get z; the public only ids."""
        told = [
            {"generation_id": str(one.generation_id)}
            | ({"z": one.z} if self._caller.authorised else {})
            for one in heard.identities
        ]
        return {
            "from_seconds": heard.from_seconds,
            "to_seconds": heard.to_seconds,
            "identities": told,
        }

    def _problem(self, problem: Problem) -> bytes:
        self._parts.metrics.refused(problem.code)
        return _line({"kind": "problem", "problem": problem.document()})


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"


class _TwoWayResponse(StreamingResponse):
    """Answers while the request still arrives.

    The usual streaming response waits for a disconnect by reading from the request, and would
    swallow the body.
    """

    media_type = NDJSON

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await self.stream_response(send)
