"""Several hosts on one machine: network namespaces of Linux, joined by a bridge.

A host has its own loopback, addresses and routes; processes in it see no other's sockets. What the
hosts share (a node, a database) stays outside and is let in at the bridge's address, port by port.
Files are still those of one machine: give each host folders of its own. Needs root and `ip`.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_numbers = itertools.count(2)
PIECE = 1 << 16


class NoHosts(Exception):
    """Raised where no network namespace can be made; says why."""


@dataclass(frozen=True)
class Host:
    """A namespace and its address on the bridge."""

    namespace: str
    address: str

    def command(self, words: list[str]) -> list[str]:
        """A command, to be run on this host."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def cut(self) -> None:
        """Pull the cable: nothing more comes in or goes out, and nobody is told."""
        _ip("netns", "exec", self.namespace, "ip", "link", "set", "eth0", "down")


class Network:
    """A bridge, and the hosts on it."""

    def __init__(self, name: str, octet: int) -> None:
        self._name = name
        self._prefix = f"10.77.{octet}"
        self.address = f"{self._prefix}.1"
        self._hosts: list[Host] = []

    def host(self) -> Host:
        """One more host."""
        number = next(_numbers)
        made = Host(f"{self._name}-{number}", f"{self._prefix}.{number}")
        _ip("netns", "add", made.namespace)
        self._hosts.append(made)
        outside = f"{self._name}v{number}"
        _ip("link", "add", outside, "type", "veth", "peer", "eth0", "netns", made.namespace)
        _ip("link", "set", outside, "master", self._name, "up")
        inside = ("netns", "exec", made.namespace, "ip")
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "address", "add", f"{made.address}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "eth0", "up")
        return made

    def end(self) -> None:
        """Take everything away again."""
        for host in self._hosts:
            _ip("netns", "delete", host.namespace)
        _ip("link", "delete", self._name)


@contextmanager
def network() -> Iterator[Network]:
    """A network of its own. Raises NoHosts."""
    if os.geteuid() != 0:
        raise NoHosts("network namespaces need root here")
    if shutil.which("ip") is None:
        raise NoHosts("there is no `ip` command (package iproute2)")
    name, octet = f"an{os.getpid() % 100_000}", os.getpid() % 250
    try:
        _ip("link", "add", name, "type", "bridge")
        _ip("address", "add", f"10.77.{octet}.1/24", "dev", name)
        _ip("link", "set", name, "up")
    except subprocess.CalledProcessError as error:
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", name)
        raise NoHosts(f"no network can be made: {error.stderr.strip()}") from error
    made = Network(name, octet)
    try:
        yield made
    finally:
        made.end()


@contextmanager
def let_in(address: str, target: tuple[str, int] | str) -> Iterator[int]:
    """A port at an address whose connections go on to `target`, a port or a socket's path."""
    with socket.create_server((address, 0)) as listener:
        threading.Thread(target=_serve, args=(listener, target), daemon=True).start()
        yield int(listener.getsockname()[1])


def _serve(listener: socket.socket, target: tuple[str, int] | str) -> None:
    with suppress(OSError):  # until it is closed
        while True:
            come, _ = listener.accept()
            family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
            gone = socket.socket(family, socket.SOCK_STREAM)
            gone.connect(target)
            for one, other in ((come, gone), (gone, come)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
