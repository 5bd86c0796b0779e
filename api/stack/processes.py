"""One child process: started in its own group, told to die with its parent, stopped for certain."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
LOG_TAIL_LINES = 15
PR_SET_PDEATHSIG = 1


class StackError(Exception):
    """A part of the local stack did not start or died. Names the part and the end of its log."""


@dataclass(frozen=True)
class Launch:
    """What to run and how to know that it is ready."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str]
    # One that ends is told at once: this is for machines that others keep busy.
    ready_seconds: float = 300.0
    folder: Path | None = None
    listener: socket.socket | None = None  # the child's own, under the same number as here
    leaves: Path | None = None  # a folder that is nobody's once it ended


def _die_with_parent() -> None:
    # Ctrl-C is handled; this covers a parent killed outright. Linux only, harmless elsewhere.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def tail(log: Path) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
    return ""


class Process:
    """A running child. Use `start`, then `stop` once."""

    def __init__(self, launch: Launch, child: subprocess.Popen[bytes]) -> None:
        self._launch = launch
        self._child = child

    @classmethod
    def start(cls, launch: Launch) -> Process:
        """Start and wait until ready. Raises `StackError` with the end of the log."""
        process = cls.launch(launch)
        process.wait_ready()
        return process

    @classmethod
    def launch(cls, launch: Launch) -> Process:
        """Start without waiting.

        Call it from the main thread: the kernel takes the thread that starts a child for its
        parent, and ends the child when that thread ends.
        """
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            child = subprocess.Popen(
                list(launch.command),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=launch.folder,
                env={**os.environ, **launch.environment},
                start_new_session=True,
                pass_fds=() if launch.listener is None else (launch.listener.fileno(),),
                preexec_fn=_die_with_parent,
            )
        return cls(launch, child)

    def wait_ready(self) -> None:
        """Wait until ready. Raises `StackError` and leaves nothing running."""
        try:
            self._poll_ready()
        except BaseException:
            self.stop()
            raise

    def wait_done(self) -> None:
        """Wait until it has ended well. Raises `StackError` and leaves nothing running."""
        name, log = self._launch.name, self._launch.log
        try:
            code = self._child.wait(self._launch.ready_seconds)
        except subprocess.TimeoutExpired:
            raise StackError(
                f"{name} was not done after {self._launch.ready_seconds:.0f} s.\n{tail(log)}\n"
                f"Next: read {log}"
            ) from None
        finally:
            self.stop()
        if code != 0:
            raise StackError(f"{name} failed with exit code {code}.\n{tail(log)}\nNext: read {log}")

    def _poll_ready(self) -> None:
        deadline = time.monotonic() + self._launch.ready_seconds
        while not self._launch.ready():
            if not self.alive:
                raise StackError(
                    f"{self._launch.name} stopped with exit code {self._child.returncode}.\n"
                    f"{tail(self._launch.log)}\nNext: read {self._launch.log}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self._launch.name} was not ready after {self._launch.ready_seconds:.0f} s.\n"
                    f"{tail(self._launch.log)}\nNext: read {self._launch.log}"
                )
            time.sleep(POLL_SECONDS)

    @property
    def name(self) -> str:
        return self._launch.name

    @property
    def alive(self) -> bool:
        return self.code is None

    @property
    def code(self) -> int | None:
        """What it ended with, a signal's number below zero; None while it runs."""
        return self._child.poll()

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        """Ask, wait, then kill the whole process group."""
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGINT)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            if self._launch.leaves is not None:
                shutil.rmtree(self._launch.leaves, ignore_errors=True)
