"""Operators' processes for tests: started as `python -m oracle operator`, each with its own key,
index and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.stack.listening import address, listen
from api.stack.stack import ROOT

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
    with listen(0) as listener, log.open("ab") as output:
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
