"""An IPFS RPC that can be told how to lie. Honest unless a command is given another answer."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from chain.provenance import Cid, MemoryBlockStore, export_car, import_car
from chain.provenance.cid import base58_encode

Answer = Callable[["Handler"], None]


class FakeDaemon(ThreadingHTTPServer):
    """Listens on a free port; `lies` maps a command to the answer it gives instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = MemoryBlockStore()
        self.pins: set[Cid] = set()
        self.lies: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.released = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"/ip4/127.0.0.1/tcp/{self.server_address[1]}"

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    server: FakeDaemon
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        command = url.path.removeprefix("/api/v0/")
        self.query = parse_qs(url.query)
        self.body = self._read_chunked()
        self.server.asked.append((command, self.query))
        answer = self.server.lies.get(command) or HONEST[command]
        answer(self)

    def do_GET(self) -> None:
        self.send(200, b"followed a redirect")

    def log_message(self, *args: object) -> None:
        """Keep the test output clean."""

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, *values: object) -> None:
        self.send(200, b"".join(json.dumps(value).encode() + b"\n" for value in values))

    def uploaded(self) -> bytes:
        """The one part of the multipart body."""
        boundary = self.headers["Content-Type"].split("boundary=")[1].strip('"').encode()
        part = self.body.split(b"--" + boundary)[1]
        head, _, content = part.partition(b"\r\n\r\n")
        assert b"content-type" in head.lower(), "js-ipfs refuses a part without Content-Type"
        return content.removesuffix(b"\r\n")

    def _read_chunked(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


def _import(handler: Handler) -> None:
    root = import_car(io.BytesIO(handler.uploaded()), handler.server.store)
    if handler.query.get("pin-roots") == ["true"]:
        handler.server.pins.add(root)
    handler.send_json({"Root": {"Cid": {"/": base58(root)}, "PinErrorMsg": ""}})


def _list_pins(handler: Handler) -> None:
    cid = Cid.parse(handler.query["arg"][0])
    if cid in handler.server.pins:
        handler.send_json({"Keys": {base58(cid): {"Type": "recursive"}}})
    else:
        message = f"path '{cid}' is not pinned"
        handler.send(500, json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode())


def _get_block(handler: Handler) -> None:
    handler.send(200, handler.server.store.get(Cid.parse(handler.query["arg"][0])))


def _export(handler: Handler) -> None:
    root = Cid.parse(handler.query["arg"][0])
    handler.send(200, b"".join(export_car(root, handler.server.store)))


def base58(cid: Cid) -> str:
    """As js-ipfs prints ids: another spelling of the same bytes."""
    return "z" + base58_encode(cid.to_bytes())


HONEST: dict[str, Answer] = {
    "dag/import": _import,
    "pin/ls": _list_pins,
    "block/get": _get_block,
    "dag/export": _export,
}
