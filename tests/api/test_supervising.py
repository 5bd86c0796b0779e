"""Processes that are kept running: real children that end in every way a child can."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.stack import supervising
from api.stack.processes import Launch, StackError
from api.stack.supervising import Supervised
from oracle.lease import HELD

SECONDS = 60.0


class Child:
    """A program that does what a file says at each start: `work`, or an exit code."""

    def __init__(self, folder: Path) -> None:
        self.orders, self.ready = folder / "orders", folder / "ready"
        self.log = folder / "child.log"
        self.told: list[str] = []

    def supervised(self, seconds: float = SECONDS) -> Supervised:
        program = textwrap.dedent(
            f"""
            import os, pathlib, sys, time
            order = pathlib.Path({str(self.orders)!r}).read_text()
            print("told to", order, flush=True)
            if order.isdigit():
                raise SystemExit(int(order))
            if order == "work":
                pathlib.Path({str(self.ready)!r}).write_text(str(os.getpid()))
            time.sleep(600)
            """
        )
        launch = Launch(
            "epoch", [sys.executable, "-c", program], self.log, lambda: False, {}, seconds
        )
        return Supervised(launch, self.is_ready, self.told.append)

    def is_ready(self, process: int) -> bool:
        return self.ready.exists() and self.ready.read_text() == str(process)

    def order(self, word: str) -> None:
        self.orders.write_text(word)


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child(tmp_path)


def attended(member: Supervised, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "never happened"
        member.attend()
        time.sleep(0.01)


def test_what_is_killed_is_started_again_and_told(child: Child) -> None:
    child.order("work")
    member = child.supervised()
    member.start()
    first = member.pid
    assert first is not None
    try:
        os.kill(first, signal.SIGKILL)
        attended(member, lambda: "works again" in child.told)

        assert member.pid not in (None, first)
        assert child.told == [
            "ended (killed by SIGKILL); it is started again in 1 s",
            "works again",
        ]
        assert list(member.fresh_lines()) == ["told to work", "told to work"]
        assert list(member.fresh_lines()) == []
    finally:
        member.stop()
    assert member.pid is None


def test_what_keeps_failing_is_started_less_and_less_often(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    child.order("work")
    member = child.supervised()
    now = 0.0
    monkeypatch.setattr(member, "_clock", lambda: now)
    member.start()
    child.order("9")
    assert member.pid is not None
    os.kill(member.pid, signal.SIGKILL)
    try:
        for seconds in (1, 2, 4, 8, 16, 30, 30):
            told = len(child.told)
            attended(member, lambda told=told: len(child.told) > told)
            assert child.told[-1].endswith(f"started again in {seconds} s")
            now += seconds - 0.01
            member.attend()
            assert member.pid is None, "not before its time"
            now += 0.02
        assert "exit code 9" in child.told[-1]

        child.order("work")
        attended(member, lambda: child.told[-1] == "works again")
        now += supervising.STEADY_SECONDS + 1
        os.kill(member.pid or 0, signal.SIGTERM)
        attended(member, lambda: "SIGTERM" in child.told[-1])
        assert child.told[-1].endswith("in 1 s"), "it had worked for long"
    finally:
        member.stop()


def test_who_finds_the_role_taken_waits_and_says_so_once(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "ASK_SECONDS", 0.05)
    child.order(str(HELD))
    member = child.supervised()

    member.start()

    assert member.pid is None
    starts = 0
    deadline = time.monotonic() + SECONDS
    while starts < 3 and time.monotonic() < deadline:
        member.attend()
        starts += len(list(member.fresh_lines()))
    assert child.told == ["another process has this role; this one waits until it ends"]
    child.order("work")
    attended(member, lambda: child.told[-1] == "has its role now")
    member.stop()


def test_one_that_cannot_start_is_refused_with_the_end_of_its_log(child: Child) -> None:
    child.order("3")
    member = child.supervised()

    with pytest.raises(StackError, match=r"(?s)epoch cannot start \(exit code 3\).*told to 3"):
        member.start()

    assert member.pid is None
    assert child.told == []


def test_one_that_is_never_ready_is_ended(child: Child) -> None:
    child.order("idle")
    member = child.supervised(seconds=0.2)

    with pytest.raises(StackError, match="epoch was not ready after 0 s"):
        member.start()

    assert member.pid is None


def test_half_a_line_waits_for_its_end(child: Child) -> None:
    member = child.supervised()
    child.log.write_bytes(b"whole\nha")
    assert list(member.fresh_lines()) == ["whole"]
    with child.log.open("ab") as log:
        log.write(b"lf\n")
    assert list(member.fresh_lines()) == ["half"]
