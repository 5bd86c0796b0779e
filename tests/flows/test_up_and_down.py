"""`antiphon up` as a newcomer runs it: real processes, deployed through Brownie, all gone after.

The slowest test of the suite, for it deploys from nothing once. The second start is on the state
that the first left.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from api.stack.crew import API_PORT
from api.stack.stack import NODE_PORT, ROOT, WATERMARK_PORT

START_SECONDS = 1_200.0
STOP_SECONDS = 120.0
LAST_LINE = "Ctrl-C ends them all."
ADDRESSES = {"web page", "HTTP API", "watermark service", "EVM node"}
PARTS = {*ADDRESSES, "oracle's log"}
SPLIT_PARTS = {*ADDRESSES, "logs", "ingest", "epoch", "submit", "index"}

pytestmark = pytest.mark.skipif(
    not (ROOT / ".tools" / "anvil").exists(), reason="needs `make setup`"
)


@pytest.fixture
def taken_ports() -> Iterator[set[int]]:
    """The usual ports as far as nobody listens there yet: taken, and kept until the end. Whoever
    has one of the others may leave it at any moment."""
    held = set()
    with ExitStack() as listeners:
        for port in (NODE_PORT, WATERMARK_PORT, API_PORT):
            listener = listeners.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                continue
            held.add(port)
        yield held


def descendants(pid: int) -> set[int]:
    """Every process below one, by the kernel's own account."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def up(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A running `antiphon up` in a folder, and what it printed, by part."""
    with (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "up", "--state", "state", *more],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            start_new_session=True,
        )
    printed: dict[str, str] = {}
    deadline = time.monotonic() + START_SECONDS
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == LAST_LINE:
                break
            printed[line[:18].strip()] = line[18:].strip()
            assert time.monotonic() < deadline, "did not start in time"
        assert process.poll() is None, (folder / "err").read_text()
        yield process, printed
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def asked(folder: Path, *words: str) -> str:
    """What another command says in the same folder; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def interrupt(process: subprocess.Popen[str]) -> str:
    """Ctrl-C; what it says at the end."""
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 0
    return rest


def chain_of(node: str) -> tuple[int, str]:
    """The height of a node's chain and the hash of its first block after genesis."""

    def ask(method: str, *params: object) -> dict[str, str] | str:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer: dict[str, str] | str = httpx.post(node, json=body).json()["result"]
        return answer

    height, first = ask("eth_blockNumber"), ask("eth_getBlockByNumber", "0x1", False)
    assert isinstance(height, str)
    assert isinstance(first, dict)
    return int(height, 16), first["hash"]


def test_up_prints_where_everything_is_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, taken_ports: set[int]
) -> None:
    with up(tmp_path) as (process, printed):
        assert set(printed) == PARTS
        ports = {int(url.split(":")[2].split("/")[0]) for url in printed.values() if "://" in url}
        assert len(ports) == 3, "page and API share one"
        assert not ports & taken_ports
        told = (tmp_path / "err").read_text()
        assert "compiling and deploying the contracts" in told
        for port in taken_ports:
            assert f"port {port} is taken: " in told
            assert f"(process {os.getpid()}) listens there" in told
        for name in ("web page", "HTTP API"):
            assert httpx.get(printed[name]).status_code == 200
        assert httpx.get(f"{printed['watermark service']}/health").json()["status"] == "ok"
        health = httpx.get(f"{printed['web page']}health").json()
        first = chain_of(printed["EVM node"])
        assert (health["status"], health["block"]) == ("ok", first[0])
        assert json.loads((tmp_path / "var" / "running.json").read_text())["api"] in (
            printed["web page"].rstrip("/"),
        )
        children = descendants(process.pid)
        assert len(children) >= 4
        asked(tmp_path, "doctor", "--state", "state")
        roles = json.loads(asked(tmp_path, "status", "--state", "state", "--json"))["roles"]
        assert roles["epoch"]["process"] == roles["submit"]["process"]
        assert roles["epoch"]["process"] in children

        rest = interrupt(process)

    assert rest.endswith("stopped\n")
    assert not [pid for pid in children if is_running(pid)]
    assert not (tmp_path / "var" / "running.json").exists()
    # The deployment landed where the user stood, not in the checkout.
    assert (tmp_path / "state" / "deployment.json").exists()

    with up(tmp_path, "--split") as (process, printed):
        assert "compiling" not in (tmp_path / "err").read_text()
        assert set(printed) == SPLIT_PARTS
        assert chain_of(printed["EVM node"]) == first
        assert httpx.get(f"{printed['web page']}v1/verification").json()["clean"] is True
        children = descendants(process.pid)
        roles = json.loads(asked(tmp_path, "status", "--state", "state", "--json"))["roles"]
        for name, held in roles.items():
            assert printed[name] == f"process {held['process']}"
        rest = interrupt(process)
        assert "index   " in rest, "log lines tell which role"

    assert not [pid for pid in children if is_running(pid)]
