"""A process that is started again whenever it ends, and waits where another has its role."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Final

from api.stack.processes import POLL_SECONDS, Launch, Process, StackError, tail
from oracle.lease import HELD

# How often a role that another has is asked for: a start costs a second of a processor.
ASK_SECONDS: Final = 5.0
AGAIN_SECONDS_MAX: Final = 30.0
# Who ran for so long and ended has failed for another reason than before.
STEADY_SECONDS: Final = 60.0

Tell = Callable[[str], None]
IsReady = Callable[[int], bool]
"""Whether the process of an id does what it was started for."""


class Supervised:
    """One process, kept running. `start` once, `attend` often and from the same thread (see
    `Process.launch`), `stop` once. What happens to it is told in plain sentences."""

    def __init__(
        self,
        launch: Launch,
        is_ready: IsReady,
        tell: Tell,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._launch, self._is_ready, self._tell, self._clock = launch, is_ready, tell, clock
        self._process: Process | None = None
        self._settled = self._waits = False
        self._failures = 0
        self._started_at = self._again_at = 0.0
        self._read = launch.log.stat().st_size if launch.log.exists() else 0

    @property
    def name(self) -> str:
        return self._launch.name

    @property
    def pid(self) -> int | None:
        """Of the process that runs now, if one does."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it and see that it works, or that another process has its role.

        Raises StackError with the end of its log, and leaves nothing running.
        """
        self._begin()
        deadline = self._clock() + self._launch.ready_seconds
        while not self._settled and not self._waits:
            code = self._look()
            if code == HELD:
                self._plan(code)
            elif code is not None:
                raise StackError(
                    f"{self.name} cannot start ({ending(code)}).\n{tail(self._launch.log)}\n"
                    f"Next: read {self._launch.log}"
                )
            if self._clock() > deadline:
                self.stop()
                raise StackError(
                    f"{self.name} was not ready after {self._launch.ready_seconds:.0f} s.\n"
                    f"{tail(self._launch.log)}\nNext: read {self._launch.log}"
                )
            time.sleep(POLL_SECONDS)

    def attend(self) -> None:
        """Tell what became of it, and start it again when it is time."""
        if self._process is None:
            if self._clock() >= self._again_at:
                self._begin()
            return
        if not self._settled or not self._process.alive:
            code = self._look()
            if code is not None:
                self._plan(code)

    def stop(self) -> None:
        """End it, and leave it ended."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def fresh_lines(self) -> Iterator[str]:
        """Whole lines of its log since the last call, or since it was made."""
        if not self._launch.log.exists():
            return
        with self._launch.log.open("rb") as log:
            log.seek(self._read)
            whole, newline, _ = log.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        yield from whole.decode(errors="replace").splitlines()

    def _begin(self) -> None:
        self._process = Process.launch(self._launch)
        self._started_at, self._settled = self._clock(), False

    def _look(self) -> int | None:
        """What its process ended with; None while it runs."""
        assert self._process is not None
        code = self._process.code
        if code is None:
            if self._is_ready(self._process.pid):
                if self._waits:
                    self._tell("has its role now")
                elif self._failures:
                    self._tell("works again")
                self._settled, self._waits = True, False
            return None
        # Children of its own would keep its port or its lock.
        self._process.stop()
        self._process = None
        return code

    def _plan(self, code: int) -> None:
        now = self._clock()
        if code == HELD:
            if not self._waits:
                self._tell("another process has this role; this one waits until it ends")
            self._waits, self._again_at = True, now + ASK_SECONDS
            return
        if now - self._started_at > STEADY_SECONDS:
            self._failures = 0
        delay = min(2.0**self._failures, AGAIN_SECONDS_MAX)
        self._failures, self._again_at, self._waits = self._failures + 1, now + delay, False
        self._tell(f"ended ({ending(code)}); it is started again in {delay:.0f} s")


def ending(code: int | None) -> str:
    """How a process ended, for people."""
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
