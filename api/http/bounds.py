"""A limit on every request's body, kept while it arrives: an upload never fills a disk first."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE = 413


class BoundedBodies:
    """Middleware. A body over `bytes_max`, declared or not, ends in an HTTPException of 413.

    It is raised where the body is read, inside the application, whose own handlers answer.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            self._refuse_over(declared_length(scope))
            message = await receive()
            received += len(message.get("body", b""))
            self._refuse_over(received)
            return message

        await self._app(scope, counted, send)

    def _refuse_over(self, size: int) -> None:
        if size > self._bytes_max:
            raise HTTPException(
                TOO_LARGE, f"more than {self._bytes_max} bytes; cut the file into parts"
            )


def declared_length(scope: Scope) -> int:
    """What Content-Length promises; zero when it promises nothing, or nonsense."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
