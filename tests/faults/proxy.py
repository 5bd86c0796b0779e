"""A node's address that fails and lies, in front of a real one; what it does follows from a seed.

It runs as a process of its own, so that the workers it serves may be forked and killed.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from chain.ledger.keccak import keccak256

Answer = dict[str, Any]


@dataclass
class Mood:
    """`rate` of the answers are spoilt; `lying` allows lies that only a second node can catch."""

    rate: float
    lying: bool
    dice: random.Random


class Cut(Exception):
    """The connection is to end without an answer."""


class Proxy(BaseHTTPRequestHandler):
    """One request per connection, so that requests have one order."""

    mood: ClassVar[Mood] = Mood(0, False, random.Random(0))
    upstream: ClassVar[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/control":
            Proxy.mood = Mood(body["rate"], body["lying"], random.Random(body["seed"]))
            self._reply(200, b"{}")
            return
        calls = body if isinstance(body, list) else [body]
        try:
            if self._unlucky(0.3):
                self._break()
                return
            answers = [self._answer(call) for call in calls]
        except Cut:
            self._cut()
            return
        self._reply(200, json.dumps(answers if isinstance(body, list) else answers[0]).encode())

    def _answer(self, call: dict[str, Any]) -> Answer:
        method = call["method"]
        if method == "eth_sendRawTransaction" and self._unlucky():
            return self._mistreat(call)
        answer = self._forward(call)
        if answer.get("result") is not None and self._unlucky():
            self._spoil(method, call, answer)
        return answer

    def _mistreat(self, call: dict[str, Any]) -> Answer:
        """A transaction that is swallowed, or taken and not confirmed."""
        kind = self.mood.dice.choice(("swallowed", "known", "low", "cut", "limited"))
        if kind == "cut":
            self._forward(call)
            raise Cut
        if kind == "swallowed":
            raw = bytes.fromhex(call["params"][0][2:])
            return {"jsonrpc": "2.0", "id": call["id"], "result": "0x" + keccak256(raw).hex()}
        words = {"known": "already known", "low": "nonce too low", "limited": "limit exceeded"}
        error = {"code": -32000, "message": words[kind]}
        return {"jsonrpc": "2.0", "id": call["id"], "error": error}

    def _spoil(self, method: str, call: dict[str, Any], answer: Answer) -> None:
        """Null, of long ago, or wrong."""
        dice, result = self.mood.dice, answer["result"]
        if method == "eth_getTransactionReceipt":
            if self.mood.lying and dice.random() < 0.5:
                result["status"] = "0x0" if result["status"] == "0x1" else "0x1"
            elif dice.random() < 0.3:
                result["blockHash"] = "0x" + dice.randbytes(32).hex()
            else:
                answer["result"] = None
        elif method == "eth_getBlockByNumber" and call["params"][0] == "latest":
            behind = max(int(result["number"], 16) - dice.randint(1, 5), 0)
            answer.update(self._forward({**call, "params": [hex(behind), call["params"][1]]}))
        elif method == "eth_getTransactionCount":
            answer["result"] = hex(max(int(result, 16) + dice.choice((-2, -1, 1)), 0))
        elif dice.random() < 0.5:
            answer["result"] = None
        else:
            del answer["result"]
            answer["error"] = {"code": -32005, "message": "limit exceeded"}

    def _break(self) -> None:
        kind = self.mood.dice.choice(("reset", "429", "503", "html", "half"))
        if kind == "reset":
            self._cut()
        elif kind.isdigit():
            self._reply(int(kind), b"")
        else:
            self._reply(200, b"<html></html>" if kind == "html" else b'{"jsonrpc": "2.0", "res')

    def _unlucky(self, part: float = 1.0) -> bool:
        return self.mood.dice.random() < self.mood.rate * part

    def _forward(self, call: dict[str, Any]) -> Answer:
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        connection.request("POST", "/", json.dumps(call), {"content-type": "application/json"})
        answer: Answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        # Zero seconds of lingering: the peer sees a reset, not an end.
        linger = (1).to_bytes(4, "little") + bytes(4)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def running_proxy(endpoint: str) -> Iterator[str]:
    """A proxy of its own in front of a node; gives its address."""
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        Proxy.upstream = urlsplit(endpoint).netloc
        server.serve_forever()
    port = server.server_address[1]
    server.socket.close()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def set_mood(address: str, *, rate: float, lying: bool, seed: int) -> None:
    """Tell a proxy how to behave from now on."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    body = json.dumps({"rate": rate, "lying": lying, "seed": seed})
    connection.request("POST", "/control", body)
    connection.getresponse().read()
    connection.close()
