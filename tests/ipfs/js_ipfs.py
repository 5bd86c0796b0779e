"""A real IPFS daemon for tests: js-ipfs on the Node.js of the npm package `node`.

Everything comes from package-lock.json beside this file. The daemon is offline, on free ports of
the loopback interface, with a repository of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

HERE = Path(__file__).resolve().parent
NODE = HERE / "node_modules" / "node" / "bin" / "node"
CLI = HERE / "node_modules" / "ipfs" / "src" / "cli.js"
# npm writes this file last: it is there only after a whole installation.
INSTALLED = HERE / "node_modules" / ".package-lock.json"

INSTALL_SECONDS = 900
INIT_SECONDS = 60
START_SECONDS = 60
STOP_SECONDS = 10

CONFIG = {
    "Addresses": {
        "Swarm": [],
        "API": "/ip4/127.0.0.1/tcp/0",
        "Gateway": "/ip4/127.0.0.1/tcp/0",
        "RPC": "/ip4/127.0.0.1/tcp/0",
        "Delegates": [],
    },
    "Bootstrap": [],
    "Discovery": {"MDNS": {"Enabled": False}, "webRTCStar": {"Enabled": False}},
}
LISTENING = re.compile(r"HTTP API listening on (/ip4/127\.0\.0\.1/tcp/\d+)")
READY = "Daemon is ready"


def install() -> None:
    """Install what the lock file pins, unless it is there. Raises CalledProcessError."""
    if INSTALLED.exists() and NODE.exists():
        return
    # Not `npm ci`: it refuses a lock written on another platform.
    subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=HERE,
        check=True,
        timeout=INSTALL_SECONDS,
    )


@contextlib.contextmanager
def running_daemon(folder: Path) -> Iterator[str]:
    """Start a daemon on a new repository in `folder`, yield its RPC multiaddr, end it after use."""
    environment = os.environ | {
        "IPFS_PATH": str(folder / "repository"),
        "NO_UPDATE_NOTIFIER": "1",
    }
    config = folder / "config.json"
    config.write_text(json.dumps(CONFIG))
    initialised = subprocess.run(
        [NODE, CLI, "init", "--emptyRepo", "--profile", "test", "--defaultConfig", config],
        env=environment,
        timeout=INIT_SECONDS,
        capture_output=True,
        text=True,
    )
    if initialised.returncode:
        raise RuntimeError("js-ipfs init failed:\n" + initialised.stdout + initialised.stderr)
    process = subprocess.Popen(
        [NODE, CLI, "daemon", "--offline", "--enable-preload=false"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield _address_when_ready(process)
    finally:
        _stop(process)


def _address_when_ready(process: subprocess.Popen[str]) -> str:
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    output = process.stdout
    # Read on to the end: a full pipe would stop the daemon.
    threading.Thread(target=lambda: [lines.put(line) for line in output], daemon=True).start()
    said: list[str] = []
    address = ""
    while READY not in "".join(said):
        try:
            said.append(lines.get(timeout=START_SECONDS))
        except Empty as error:
            raise RuntimeError("js-ipfs did not start:\n" + "".join(said)) from error
        if process.poll() is not None:
            raise RuntimeError("js-ipfs gave up:\n" + "".join(said))
        if found := LISTENING.search(said[-1]):
            address = found.group(1)
    assert address, "".join(said)
    return address


def _stop(process: subprocess.Popen[str]) -> None:
    """End the daemon's whole process group: gently, then not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=STOP_SECONDS)
    if process.stdout is not None:
        process.stdout.close()
