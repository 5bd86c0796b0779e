"""A node that misbehaves on purpose: resets, stalls, lies in shape; else it passes requests on."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

HTML = b"<html><body>502 Bad Gateway</body></html>"


class LyingNode(ThreadingHTTPServer):
    """Set `mode` to choose the lie, `only` to tell it of one method alone."""

    daemon_threads = True
    # Resets and stalls end handlers in the middle; that is no news here.
    block_on_close = False

    def __init__(self, upstream: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.mode = "honest"
        self.only: str | None = None
        self.seen: list[str] = []
        self.released = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """Keep the tests' output readable."""


class _Handler(BaseHTTPRequestHandler):
    server: LyingNode

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        method = request[0]["method"] if isinstance(request, list) else request["method"]
        self.server.seen.append(method)
        mode = self.server.mode
        if mode == "honest" or (self.server.only or method) != method:
            self._answer(200, self._upstream(body))
        elif mode == "swallow":
            self._upstream(body)
            self._reset()
        elif mode == "reset":
            self._reset()
        elif mode == "stall":
            self.server.released.wait(5)
        else:
            self._answer(*self._lie(mode, request))

    def _lie(self, mode: str, request: Any) -> tuple[int, bytes]:
        number = request[0]["id"] if isinstance(request, list) else request["id"]
        good = {"jsonrpc": "2.0", "id": number, "result": "0x1"}
        lies: dict[str, tuple[int, bytes]] = {
            "429": (429, b"slow down"),
            "503": (503, b"away"),
            "html": (200, HTML),
            "half": (200, json.dumps(good).encode()[:20]),
            "not utf-8": (200, b'{"result": "\xff\xfe"}'),
            "null": (200, json.dumps({**good, "result": None}).encode()),
            "no result": (200, json.dumps({"jsonrpc": "2.0", "id": number}).encode()),
            "list": (200, b"[]"),
            "one": (200, json.dumps([good]).encode()),
            "number": (200, b"7"),
            "empty": (200, b""),
            "error text": (200, json.dumps({"id": number, "error": "no"}).encode()),
            "error": (
                200,
                json.dumps({"id": number, "error": {"code": -32005, "message": "limit"}}).encode(),
            ),
        }
        return lies[mode]

    def _upstream(self, body: bytes) -> bytes:
        assert self.server.upstream is not None
        headers = {"Content-Type": "application/json"}
        return requests.post(self.server.upstream, data=body, headers=headers, timeout=10).content

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        # Linger zero turns the close into a TCP reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output readable."""


@contextmanager
def lying_node(upstream: str | None = None) -> Iterator[LyingNode]:
    """A misbehaving node on a port of its own."""
    server = LyingNode(upstream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
