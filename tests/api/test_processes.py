"""Children of the local stack: ready or a clear error, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from api.stack.processes import Launch, Process, StackError

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie still answers to signal 0; only the state tells.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def soon_gone(pid: int, seconds: float = 5.0) -> bool:
    """A killed process may need a moment to be dead."""
    deadline = time.monotonic() + seconds
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return gone(pid)


def test_a_process_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such key'); raise SystemExit(3)"]
    launch = Launch("oracle", command, tmp_path / "oracle.log", lambda: False, {})

    with pytest.raises(StackError, match=r"oracle stopped with exit code 3.\nno such key"):
        Process.start(launch)


def test_a_process_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    launch = Launch("node", SLEEPER, tmp_path / "log", lambda: False, {}, ready_seconds=0.3)

    with pytest.raises(StackError, match="node was not ready"):
        Process.start(launch)


def test_stopping_ends_grandchildren_too(tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    program = textwrap.dedent(
        f"""
        import pathlib, signal, subprocess, sys, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        pathlib.Path({str(note)!r}).write_text(str(child.pid))
        time.sleep(60)
        """
    )
    launch = Launch("up", [sys.executable, "-c", program], tmp_path / "log", note.exists, {})
    process = Process.start(launch)
    while not note.read_text():
        pass

    from api.stack import processes

    processes.STOP_SECONDS, before = 0.3, processes.STOP_SECONDS
    process.stop()
    processes.STOP_SECONDS = before

    assert not process.alive
    assert soon_gone(int(note.read_text()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_children_die_when_the_parent_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = textwrap.dedent(
        f"""
        import pathlib, sys, time
        from api.stack.processes import Launch, Process
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        log = pathlib.Path({str(tmp_path / "log")!r})
        process = Process.start(Launch("node", command, log, lambda: True, {{}}))
        pathlib.Path({str(note)!r}).write_text(str(process.pid))
        time.sleep(60)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    while not note.exists() or not note.read_text():
        time.sleep(0.02)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert soon_gone(int(note.read_text()))
