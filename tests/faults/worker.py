"""The relay's worker as a process that does one step when told, and dies where it is told to."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chain.client.errors import ClientError
from chain.client.node import GWEI, FeePolicy, Node
from chain.client.rpc import Rpc, Timeouts
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address
from oracle.errors import OracleError
from oracle.fees import RelayPolicy
from oracle.node_wire import NodeWire
from oracle.outbox import Outbox
from oracle.transaction_book import AttemptState, TransactionBook
from oracle.transactions import TransactionLane

IDENTITY = {"chainId": "31337"}
POLICY = RelayPolicy(bump_blocks=2, fee_cap_wei=200 * GWEI, in_flight_max=4)
FINAL_DEPTH = 2
# A year and more, either way.
CLOCK_JUMP_SECONDS = 400 * 86_400


@dataclass(frozen=True)
class Job:
    """What a worker works on. `witness` is the address of a second node, or empty."""

    place: Path | str
    endpoint: str
    witness: str
    keys: tuple[bytes, ...]
    target: Address


class Worker:
    """A running worker, as seen by who runs it."""

    def __init__(self, job: Job) -> None:
        commands, self._commands = os.pipe()
        self._replies, replies = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(self._commands)
            os.close(self._replies)
            _work(job, commands, replies)
        os.close(commands)
        os.close(replies)
        self._reader = os.fdopen(self._replies)

    def ask(self, **command: Any) -> dict[str, Any] | None:
        """What it says to a command, where it `died` of it, if it did."""
        os.write(self._commands, json.dumps(command).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self._reader.readline())
        if "died" in reply:
            self._bury()
        return reply

    def kill(self) -> None:
        """Kill it between two steps."""
        os.kill(self.process, signal.SIGKILL)
        self._bury()

    def _bury(self) -> None:
        os.close(self._commands)
        self._reader.close()
        _, status = os.waitpid(self.process, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "it did not die as told"


class _Step:
    """Dies at the moment that the command names, or at the nth one."""

    def __init__(self, replies: int) -> None:
        self._replies = replies
        self.left: int | None = None
        self.at: str | None = None
        self.passed: list[str] = []

    def arm(self, command: dict[str, Any]) -> None:
        self.left, self.at = command.get("die_after"), command.get("die_at")
        self.passed = []

    def __call__(self, moment: str) -> None:
        self.passed.append(moment)
        if self.left is not None:
            self.left -= 1
        if self.left == 0 or moment == self.at:
            os.write(self._replies, json.dumps({"died": moment}).encode() + b"\n")
            os.kill(os.getpid(), signal.SIGKILL)


def _work(job: Job, commands: int, replies: int) -> None:
    code = 1
    try:
        step, jump = _Step(replies), [0]
        outbox = Outbox(job.place, IDENTITY, reached=step, lease_seconds=0)
        node = _node(job.endpoint)
        wire = NodeWire(
            node,
            anchor=_node(job.witness or job.endpoint).block(0) if job.witness else None,
            witnesses=[_node(job.witness)] if job.witness else [],
            head_age_max=CLOCK_JUMP_SECONDS // 2,
            clock=lambda: time.time() + jump[0],
        )
        signers = [LocalSigner(key) for key in job.keys]
        lane = TransactionLane(outbox, wire, *signers, final_depth=FINAL_DEPTH, policy=POLICY)
        with os.fdopen(commands) as told:
            for line in told:
                command = json.loads(line)
                step.arm(command)
                jump[0] = command.get("clock", 0)
                reply = _limited(command, partial(_do, command, lane, outbox, job))
                reply |= {"alarms": lane.alarms, "passed": step.passed}
                os.write(replies, json.dumps(reply).encode() + b"\n")
        code = 0
    finally:
        os._exit(code)


def _do(command: dict[str, Any], lane: TransactionLane, outbox: Outbox, job: Job) -> dict[str, Any]:
    """One step; what it refuses is an answer like another."""
    try:
        if command["do"] == "decide":
            # What an intent asks for, where it is not just named.
            data = bytes.fromhex(command["data"]) if "data" in command else None
            lane.decide(command["intent"], job.target, data or command["intent"].encode())
        elif command["do"] == "count":
            with outbox.reading() as connection:
                book = TransactionBook(connection)
                found = [book.of_intent(intent) for intent in command["intents"]]
            return {"final": sum(a is not None and a.state is AttemptState.FINAL for a in found)}
        elif command["do"] == "resume":
            lane.resume()
        else:
            lane.advance()
    except (OracleError, ClientError) as refusal:
        return {"refused": type(refusal).__name__, "words": str(refusal)}
    return {}


def _limited(command: dict[str, Any], step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The step, on a disk that is full when the command says so."""
    if not command.get("disk_full"):
        return step()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        return step()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _node(endpoint: str) -> Node:
    node = Node(endpoint, fees=FeePolicy(cap_wei=POLICY.fee_cap_wei))
    # Tries follow each other at once: the seed decides how they end, not the clock.
    node.rpc = Rpc(endpoint, timeouts=Timeouts(5, 20), tries=2, pause=lambda _seconds: None)
    return node
