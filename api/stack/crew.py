"""The processes that do the work over one deployment: one for each role, or one for all of them.

Each is started again when it ends, and waits where another process, here or on another machine,
has its role. What they share is the node and the outbox; the rest is in a folder of this machine.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from api.stack.holders import holds
from api.stack.listening import Port, address, answers, listen
from api.stack.processes import Launch
from api.stack.supervising import IsReady, Supervised
from chain.indexer.follow import AT_THE_HEAD
from oracle.lease import Role
from oracle.settings import OUTBOX_URL_VARIABLE

API_PORT: Final = 8547
# Where an index begins, the chain may be long.
INDEX_SECONDS: Final = 3_600.0
READY_SECONDS: Final = 300.0
NAME_WIDTH: Final = 7


class Part(StrEnum):
    """What a process takes on."""

    INGEST = "ingest"
    """The API: takes logs and segments, answers questions, draws pages."""
    EPOCH = "epoch"
    """Seals epochs and collects signatures."""
    SUBMIT = "submit"
    """Sends and follows transactions."""
    INDEX = "index"
    """Follows the chain, so that nobody who asks has to wait for it."""


WORK: Final = {Part.EPOCH: Role.EPOCH, Part.SUBMIT: Role.SUBMIT}


@dataclass(frozen=True)
class Place:
    """What a crew works over. `database` is the outbox's where it is not a file in `state`."""

    state: Path
    node_url: str
    deployment_file: Path
    watermark_url: str
    database: str | None = None

    @property
    def outbox(self) -> Path | str:
        return self.database or self.state / "outbox.sqlite"

    @property
    def environment(self) -> dict[str, str]:
        """What every process is told; keys and the like it has from this process's environment."""
        told = {
            "ANTIPHON_RPC_URL": self.node_url,
            "ANTIPHON_DEPLOYMENT": str(self.deployment_file),
            "ANTIPHON_INDEX_URL": f"sqlite:///{self.state / 'index.sqlite'}",
            "ANTIPHON_OUTBOX": str(self.state / "outbox.sqlite"),
            "ANTIPHON_BLOCKS": str(self.state / "blocks"),
        }
        return told if self.database is None else {**told, OUTBOX_URL_VARIABLE: self.database}


@dataclass
class Crew:
    """Starts parts one after the other; `stop` ends them in reverse."""

    place: Place
    api_url: str = ""
    _members: list[Supervised] = field(default_factory=list)
    _told: list[str] = field(default_factory=list)
    _kept: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        while self._members:
            self._members.pop().stop()
        self._kept.close()

    @property
    def processes(self) -> dict[str, int | None]:
        """Process ids by the names of what runs; None for one that is about to be started again."""
        return {member.name: member.pid for member in self._members}

    def start_all(self, *, is_split: bool, port: Port) -> None:
        """Everything a ledger needs: a process for each part, or a worker for all and the API.

        Raises StackError, PortTaken, when one cannot start.
        """
        if is_split:
            self.start(tuple(Part), port=port)
            return
        self._start_worker("oracle", tuple(Role))
        self._start_api("api", port)

    def start(self, parts: Sequence[Part], *, port: Port) -> None:
        """A process for each of some parts; those that others wait for begin. Raises StackError."""
        for part in (Part.INDEX, Part.EPOCH, Part.SUBMIT, Part.INGEST):
            if part not in parts:
                continue
            if part is Part.INDEX:
                self._start_index(part)
            elif part is Part.INGEST:
                self._start_api(part, port)
            else:
                self._start_worker(part, (WORK[part],))

    def attend(self, *, with_logs: bool = False) -> Iterator[str]:
        """Start again what ended. What was told since the last call, a line each, who first; with
        logs, what they logged too."""
        for member in self._members:
            member.attend()
            if with_logs:
                yield from (_line(member.name, said) for said in member.fresh_lines())
        yield from self._told
        self._told.clear()

    def _start_worker(self, name: str, roles: Sequence[Role]) -> None:
        command = [sys.executable, "-m", "oracle", "run"]
        if len(roles) == 1:
            command += ["--role", roles[0]]
        self._start(name, command, holds(self.place.outbox, roles))

    def _start_index(self, name: str) -> None:
        log = self._log(name)
        said_before = log.stat().st_size if log.exists() else 0

        def is_ready(_process: int) -> bool:
            return AT_THE_HEAD.encode() in log.read_bytes()[said_before:]

        command = [sys.executable, "-m", "chain.indexer", "follow"]
        self._start(name, command, is_ready, seconds=INDEX_SECONDS)

    def _start_api(self, name: str, port: Port) -> None:
        place = self.place
        # Kept open here: whoever asks while it is started again waits, and is not refused.
        listener = self._kept.enter_context(listen(port))
        self.api_url = url = address(listener)
        command = [sys.executable, "-m", "api", "--state", str(place.state)]
        command += ["--rpc", place.node_url, "--watermark", place.watermark_url]
        command += ["--deployment", str(place.deployment_file)]
        command += ["--listener", str(listener.fileno())]
        self._start(name, command, lambda _: answers(f"{url}/livez"), listener=listener)

    def _start(
        self,
        name: str,
        command: list[str],
        is_ready: IsReady,
        *,
        seconds: float = READY_SECONDS,
        listener: socket.socket | None = None,
    ) -> None:
        launch = Launch(
            name,
            command,
            self._log(name),
            lambda: False,
            self.place.environment,
            ready_seconds=seconds,
            listener=listener,
        )
        member = Supervised(launch, is_ready, lambda said: self._told.append(_line(name, said)))
        self._members.append(member)
        member.start()

    def _log(self, name: str) -> Path:
        return self.place.state / "logs" / f"{name}.log"


def _line(name: str, said: str) -> str:
    return f"{name:{NAME_WIDTH}} {said}"
