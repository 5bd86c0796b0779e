"""Operators' processes for tests: started as `python -m oracle operator`, each with its own key,
index and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.stack.listening import ANY, address, listen
from api.stack.stack import ROOT
from chain.provenance import Cid, FsBlockStore
from tests.devnet import FIRST_OPERATOR
from tests.oracle.conftest import World

READY_SECONDS = 120.0


@dataclass
class RunningProcess:
    """A child and where it answers."""

    url: str
    child: subprocess.Popen[bytes]
    log: Path

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/health", timeout=10.0).json()
        return found

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            assert self.child.poll() is None, self.log.read_text()
            try:
                httpx.get(f"{self.url}/health", timeout=10.0)
            except httpx.HTTPError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()
        self.child.wait()


def start(
    command: list[str], folder: Path, name: str, variables: Mapping[str, str], *, serves: bool
) -> RunningProcess:
    """A module as a process of its own; `serves` hands it an open socket."""
    log = folder / f"{name}.log"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}
    with listen(ANY) as listener, log.open("ab") as output:
        extra = ["--listener", str(listener.fileno())] if serves else []
        child = subprocess.Popen(
            [sys.executable, "-m", *command, *extra],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(listener.fileno(),) if serves else (),
        )
        return RunningProcess(address(listener), child, log)


@contextmanager
def stopping(*processes: RunningProcess) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def start_operator(
    folder: Path, index: int, chain: Mapping[str, str], blocks_from: str, **more: str
) -> RunningProcess:
    """The operator with the development account `index`."""
    state = folder / f"operator-{index}"
    state.mkdir(exist_ok=True)
    variables = {
        **chain,
        "ANTIPHON_OPERATOR_STATE": str(state),
        "ANTIPHON_OPERATOR_KEY": f"dev:{index}",
        "ANTIPHON_BLOCKS_FROM": blocks_from,
        **more,
    }
    return start(["oracle", "operator"], folder, f"operator-{index}", variables, serves=True)


def deployment_file(deployment: Any, path: Path, **changes: Any) -> Path:
    """The file that the deployment script writes; operators in it are not gone by."""
    path.write_text(json.dumps(deployment.to_plain() | changes))
    return path


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A far side of our own making."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def says(status: int, body: bytes) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hangs(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        time.sleep(0.1)
        try:
            request.wfile.write(b" ")
            request.wfile.flush()
        except OSError:
            return


def gives_blocks(store: FsBlockStore) -> Answer:
    """A gateway over a store."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        cid = Cid.parse(request.path.split("/")[2].partition("?")[0])
        says(200, store.get(cid))(request) if store.has(cid) else says(404, b"")(request)

    return answer


@pytest.fixture
def gateway(world: World) -> Iterator[str]:
    with serving(gives_blocks(world.blocks)) as url:
        yield url


@pytest.fixture
def operator(world: World, gateway: str) -> Iterator[RunningProcess]:
    """The second operator, running; its deployment file names nobody as operators."""
    chain = {
        "ANTIPHON_RPC_URL": world.devnet.node.endpoint,
        "ANTIPHON_DEPLOYMENT": str(
            deployment_file(world.devnet.deployment, world.folder / "there.json", operators=[])
        ),
    }
    process = start_operator(
        world.folder, FIRST_OPERATOR + 1, chain, gateway, ANTIPHON_OPERATOR_TOKEN="between us"
    )
    with stopping(process):
        process.wait_ready()
        yield process
