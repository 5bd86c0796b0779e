"""Faults of machines, as a worker of a Ray cluster meets them; `judged` does the rest.

A fault needs to know where it is and what was begun: the folder of a scan's files holds both.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from watermark.identity.symbols import Ids
from watermark.scanning.ray_worker import Task, Terms, judged
from watermark.scanning.scan import Scanned

SECOND_MACHINE = {"ANTIPHON_TEST_MACHINE": "second"}
BEGUN, DEAD = "begun", "dead"  # files beside the recordings
_PATIENCE_SECONDS = 240.0


def machine() -> str:
    """Which of the two this process is on."""
    return os.environ.get("ANTIPHON_TEST_MACHINE", "first")


def begun(folder: Path) -> list[tuple[str, str]]:
    """(machine, file name) of every try, in order."""
    return [(one, name) for one, name in map(str.split, (folder / BEGUN).read_text().splitlines())]


def _begin(task: Task) -> int:
    """Write down a try; how many this machine began before it."""
    with (task.path.parent / BEGUN).open("a") as file:
        file.write(f"{machine()} {task.path.name}\n")
    return sum(one == machine() for one, _ in begun(task.path.parent)) - 1


def deadly(task: Task, terms: Terms, values: tuple[Ids, ...]) -> Scanned:
    """One file kills every process that reads it."""
    _begin(task)
    if task.path.name == "deadly.wav":
        os._exit(1)
    return judged(task, terms, values)


def dying(task: Task, terms: Terms, values: tuple[Ids, ...]) -> Scanned:
    """The second machine dies with its second file in hand; the first waits for that."""
    before = _begin(task)
    dead = task.path.parent / DEAD
    if machine() == "second" and before == 1:
        dead.touch()
        os.kill(os.getppid(), signal.SIGKILL)  # Ray's own part on this machine, the raylet
        os.kill(os.getpid(), signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while before == 1 and not dead.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return judged(task, terms, values)


def blind(task: Task, terms: Terms, values: tuple[Ids, ...]) -> Scanned:
    """The second machine sees no file, the first all but one."""
    _begin(task)
    if machine() == "second" or task.path.name == "far.wav":
        task = replace(task, path=task.path.parent / "elsewhere" / task.path.name)
    return judged(task, terms, values)
