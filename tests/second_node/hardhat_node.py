"""Hardhat's node, another implementation of the EVM (EDR) than anvil's (revm under Foundry).

Everything comes from package-lock.json beside this file.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain.client.errors import RpcUnavailable
from chain.client.node import Node

HERE = Path(__file__).resolve().parent
# npm writes this file last: it is there only after a whole installation.
INSTALLED = HERE / "node_modules" / ".package-lock.json"
CLI = HERE / "node_modules" / "hardhat" / "internal" / "cli" / "bootstrap.js"
INSTALL_SECONDS = 900
START_SECONDS = 120.0


def install() -> None:
    """Install what the lock file pins, unless it is there. Raises CalledProcessError."""
    if INSTALLED.exists() and CLI.exists():
        return
    # Not `npm ci`: it refuses a lock written on another platform.
    subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=HERE,
        check=True,
        timeout=INSTALL_SECONDS,
    )


def free_port() -> int:
    # Hardhat does not tell which port it was given, so it is given one.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_hardhat() -> Iterator[str]:
    """A node of its own on a free port; gives its address."""
    port = free_port()
    environment = os.environ | {"HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"}
    process = subprocess.Popen(
        ["node", str(CLI), "node", "--hostname", "127.0.0.1", "--port", str(port)],
        cwd=HERE,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _await(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "hardhat's node ended at once"
        try:
            Node(endpoint).head()
        except RpcUnavailable:
            time.sleep(0.2)
            continue
        return
    raise AssertionError("hardhat's node did not answer in time")
