"""Who listens on a port of this machine, by the kernel's own account; Linux alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
LISTENING: Final = "0A"


def who_listens(port: int) -> str:
    """The program and its process id, e.g. `anvil (process 4711)`; `another process` where that is
    hidden, and nothing where nobody is known to listen."""
    inodes = set(_listening(port))
    if not inodes:
        return ""
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        name = (process / "comm").read_text().strip()
                        return f"{name} (process {process.name})"
    return "another process"


def _listening(port: int) -> Iterator[str]:
    """What links to the port's listening sockets look like."""
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (PROC / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    yield f"socket:[{fields[9]}]"
