"""Ports that cannot be lost between choosing and using them, however many stacks start at once."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.stack.ports import who_listens
from api.stack.processes import Launch, Process, StackError

LOCAL = "127.0.0.1"
_ANVIL_LISTENS = re.compile(rb"^Listening on ([0-9.]+:[0-9]+)$", re.MULTILINE)
_ANVIL_FOUND_IT_TAKEN = b"Address already in use"


class PortTaken(StackError):
    """Somebody listens on the port that a person asked for."""

    def __init__(self, port: int, option: str) -> None:
        self.port = port
        who = who_listens(port) or "somebody"
        super().__init__(
            f"port {port} is taken: {who} listens there. Next: end that, or give another {option}; "
            "without it a free port is taken"
        )


@dataclass(frozen=True)
class Port:
    """A port to listen on. `is_asked` is one that a person named by `option`: that one or none.
    Any other gives way to a free one."""

    number: int = 0
    option: str = ""
    is_asked: bool = False


ANY = Port()


def listen(port: Port) -> socket.socket:
    """Listens on the port, or on a free one where somebody else does and nobody asked for it.

    A child is handed the socket itself, so nobody can come between. Raises PortTaken, StackError.
    """
    for number in (port.number,) if port.is_asked else (port.number, 0):
        with suppress(OSError, OverflowError):
            return socket.create_server((LOCAL, number))
    if port.is_asked:
        raise PortTaken(port.number, port.option)
    raise StackError(f"no free port on {LOCAL}. Next: end some of what listens there")


def answers(url: str) -> bool:
    """Whether somebody says that all is well there, within a second."""
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=1.0).status_code == httpx.codes.OK
    return False


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def start_anvil(
    binary: Path, arguments: Sequence[str], log: Path, port: Port = ANY
) -> tuple[Process, str]:
    """An EVM node and its address, at the port or at a free one (see `listen`).

    Anvil takes no open socket: it is told a port, and says in its log whether it got it. An
    answer on the port proves nothing, for another stack's node may give it. Raises PortTaken,
    StackError.
    """
    if not binary.exists():
        raise StackError(f"the EVM node is not installed at {binary}. Next: make setup")
    said_before = log.stat().st_size if log.exists() else 0

    def says() -> bytes:
        return log.read_bytes()[said_before:]

    def listens() -> bool:
        return _ANVIL_LISTENS.search(says()) is not None

    # Its older states, gigabytes after some hours: it would keep them in the user's home for ever.
    history = log.with_suffix(".history")
    shutil.rmtree(history, ignore_errors=True)
    place = ["--host", LOCAL, "--port", str(port.number), "--cache-path", str(history)]
    command = [str(binary), *place, *arguments]
    try:
        process = Process.start(Launch("node", command, log, listens, {}, leaves=history))
    except StackError as error:
        if port.number == 0 or _ANVIL_FOUND_IT_TAKEN not in says():
            raise
        if port.is_asked:
            raise PortTaken(port.number, port.option) from error
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
