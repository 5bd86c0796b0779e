"""The address that monitors ask: /livez, /readyz and /metrics of a running oracle."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from oracle.operations.checks import Check
from oracle.operations.heartbeat import Heartbeat
from oracle.operations.numbers import MEDIA_TYPE, Numbers

HOST: Final = "127.0.0.1"
SECONDS_TO_START: Final = 10.0


def monitoring_app(
    heartbeat: Heartbeat, checks: Callable[[], tuple[Check, ...]], numbers: Numbers
) -> FastAPI:
    """Three answers, none of which changes anything."""
    app = FastAPI(title="Antiphon oracle", docs_url=None, redoc_url=None)

    @app.get("/livez")
    def livez() -> JSONResponse:
        """503 when the loop has not come round for ten minutes: start the process anew."""
        body = {"alive": heartbeat.alive, "silence_seconds": round(heartbeat.silence, 3)}
        return JSONResponse(body, 200 if heartbeat.alive else 503)

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """503 with every reason and next step when the oracle cannot do its work."""
        found = checks()
        ready = all(check.ok for check in found)
        body = {"ready": ready, "checks": [check.to_plain() for check in found]}
        return JSONResponse(body, 200 if ready else 503)

    @app.get("/metrics")
    def metrics() -> Response:
        """For Prometheus."""
        return Response(numbers.exposition(), media_type=MEDIA_TYPE)

    return app


@contextmanager
def listening(app: FastAPI, port: int) -> Iterator[int]:
    """Answers on the loopback address while the context is open; the port (0 takes a free one).

    Raises OSError when the port is taken.
    """
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning")
    server = uvicorn.Server(config)
    # Bound here, so that a port in use is this caller's error and not a thread's.
    sock = _bound(port)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True, name="monitoring")
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(SECONDS_TO_START)
        sock.close()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        # Whoever asks before the server runs waits for it.
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock
