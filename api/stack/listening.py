"""Ports that cannot be lost between choosing and using them, however many stacks start at once."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from api.stack.processes import Launch, Process, StackError

LOCAL = "127.0.0.1"
_ANVIL_LISTENS = re.compile(rb"^Listening on ([0-9.]+:[0-9]+)$", re.MULTILINE)
_ANVIL_FOUND_IT_TAKEN = b"Address already in use"


def listen(usual_port: int) -> socket.socket:
    """Listens on the usual port, or on a free one where somebody else does.

    A child is handed the socket itself, so nobody can come between. Raises StackError.
    """
    for port in (usual_port, 0):
        with suppress(OSError):
            return socket.create_server((LOCAL, port))
    raise StackError(f"no free port on {LOCAL}. Next: end some of what listens there")


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def start_anvil(
    binary: Path, arguments: Sequence[str], log: Path, usual_port: int = 0
) -> tuple[Process, str]:
    """An EVM node and its address, at the usual port or at a free one.

    Anvil takes no open socket: it is told a port, and says in its log whether it got it. An
    answer on the port proves nothing, for another stack's node may give it. Raises StackError.
    """
    if not binary.exists():
        raise StackError(f"the EVM node is not installed at {binary}. Next: make setup")
    said_before = log.stat().st_size if log.exists() else 0

    def says() -> bytes:
        return log.read_bytes()[said_before:]

    def listens() -> bool:
        return _ANVIL_LISTENS.search(says()) is not None

    command = [str(binary), "--host", LOCAL, "--port", str(usual_port), *arguments]
    try:
        process = Process.start(Launch("node", command, log, listens, {}))
    except StackError:
        if usual_port == 0 or _ANVIL_FOUND_IT_TAKEN not in says():
            raise
        return start_anvil(binary, arguments, log)
    found = _ANVIL_LISTENS.search(says())
    assert found is not None
    url = f"http://{found[1].decode()}"
    _hush(url)
    return process, url


def _hush(url: str) -> None:
    """From here on the log would get a line for every request. (`--quiet` hides the port too.)"""
    request = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setLoggingEnabled", "params": [False]}
    httpx.post(url, json=request).raise_for_status()
