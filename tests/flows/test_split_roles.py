"""A process for each role, kept running: one is killed in the middle, and everybody is paid once.

What `antiphon up --split` starts over a node, and what `antiphon up --role` starts beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from api.stack.crew import Crew, Part, Place
from api.stack.holders import holders
from api.stack.listening import ANY
from api.stack.stack import ROOT
from chain.ledger.rights import BPS_WHOLE
from oracle.lease import Role
from oracle.opening import identity_of
from oracle.outbox import Outbox
from oracle.usage_book import UsageBook
from tests.flows.plays import Played, played_chain
from tests.heritage import UNIT_PRICE
from tests.postgres import Server, running_postgres

PLAYS = 300
WAIT_SECONDS = 300.0
NOBODY = "http://[::1]:9"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_postgres() as server:
        yield server


@dataclass
class Ledger(Played):
    """A ledger whose processes are a crew's."""

    place: Place
    crew: Crew
    told: list[str] = field(default_factory=list)

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        """Until it happened, attending to the crew as `antiphon up` does."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not happened():
            self.told += self.crew.attend(with_logs=True)
            assert time.monotonic() < deadline, f"never {what}: {self.told}"
            time.sleep(0.1)

    def file(self, first: int, count: int, api: str = "") -> int:
        """Plays handed to an API, the crew's own by default; how many were new."""
        return self.hand_in(api or self.crew.api_url, self.plays(first, count))

    def kill(self, name: str) -> int:
        process = self.crew.processes[name]
        assert process is not None
        os.kill(process, signal.SIGKILL)
        return process

    def paid(self) -> dict[str, int]:
        at, token = self.devnet.node.head(), self.devnet.deployment.token
        split = self.heritage.splits[self.heritage.works[0]]
        return {
            share.payee: self.devnet.distributor.claimed_by(token, share.payee, at=at)
            for share in split.shares
        }

    def due(self, plays: int) -> dict[str, int]:
        split = self.heritage.splits[self.heritage.works[0]]
        return {s.payee: plays * UNIT_PRICE * s.bps // BPS_WHOLE for s in split.shares}


@contextmanager
def opened(folder: Path, database: str | None) -> Iterator[Ledger]:
    with ExitStack() as cleanup:
        devnet, heritage = cleanup.enter_context(played_chain())
        node, deployment = devnet.node, devnet.deployment
        written = deployment.write(folder / "deployment.json")
        place = Place(folder, node.endpoint, written, NOBODY, database)
        crew = cleanup.enter_context(Crew(place))
        crew.start_all(is_split=True, port=ANY)
        outbox = Outbox(place.outbox, identity_of(node, deployment), roles=())
        cleanup.callback(outbox.close)
        yield Ledger(devnet, heritage, outbox, place, crew)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    database = None
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        database = server.new_outbox()
    with opened(tmp_path, database) as made:
        yield made


def test_a_role_that_is_killed_is_started_again_and_everybody_is_paid_once(ledger: Ledger) -> None:
    devnet = ledger.devnet
    before = ledger.crew.processes
    assert set(before) == set(Part)
    held = holders(ledger.place.outbox)
    for role in Role:
        assert held[role].holder.endswith(f":{before[role.value]}")
    # One is killed with its transaction in the pool, the other with an epoch to seal.
    devnet.rpc("evm_setAutomine", False)
    assert ledger.file(0, PLAYS) == PLAYS
    ledger.wait("in the pool", lambda: ledger.is_sent("post:1"))
    killed = {name: ledger.kill(name) for name in ("submit", "epoch", "ingest", "index")}
    ledger.wait("all ended", lambda: sum("killed by SIGKILL" in line for line in ledger.told) == 4)
    ledger.wait("all started again", lambda: None not in ledger.crew.processes.values())
    devnet.mine()
    devnet.rpc("evm_setAutomine", True)

    assert ledger.file(PLAYS - 100, 200) == 100, "handed in again, counted once"
    ledger.wait("a final epoch", lambda: ledger.is_final(1))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    ledger.wait("paid", lambda: ledger.is_final(1, pushed=True))
    ledger.wait("a second epoch", lambda: ledger.is_final(2))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    ledger.wait("paid again", lambda: ledger.is_final(2, pushed=True))

    assert ledger.paid() == ledger.due(PLAYS + 100)
    assert devnet.oracle.last_epoch(at=devnet.node.head()) == 2
    with ledger.outbox.reading() as connection:
        assert UsageBook(connection).event_counts() == {"counted": PLAYS + 100}
    assert not set(killed.values()) & set(ledger.crew.processes.values())
    lines = "\n".join(ledger.told)
    for line in ("epoch   epoch 2 sealed: 100 events", "submit  epoch 2 is "):
        assert line in lines, "each line says which role"
    assert httpx.get(f"{ledger.crew.api_url}/livez", timeout=60.0).status_code == httpx.codes.OK


def test_a_second_machine_waits_for_a_role_and_takes_it_over(
    tmp_path: Path, postgres: Server
) -> None:
    """`antiphon up --role submit --role ingest` beside it: many take usage in, one at a time sends,
    and when that one is gone the next does at once."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    database = postgres.new_outbox()
    with opened(tmp_path / "first", database) as ledger:
        stand_by_and_take_over(ledger, tmp_path / "second", database)


def stand_by_and_take_over(ledger: Ledger, folder: Path, database: str) -> None:
    command = [sys.executable, "-m", "api.cli", "up", "--state", str(folder), "--role", "submit"]
    command += ["--rpc", ledger.place.node_url, "--deployment", str(ledger.place.deployment_file)]
    command += ["--role", "ingest", "--watermark", NOBODY, "--port", "0"]
    log = folder / "said"
    with log.open("wb") as output:
        second = subprocess.Popen(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "ANTIPHON_OUTBOX_URL": database,
            },
            stdout=output,
            stderr=output,
        )
    try:
        ledger.wait("waiting", lambda: b"this one waits until it ends" in log.read_bytes())
        printed = dict(line.split(maxsplit=2)[1:] for line in log.read_text().splitlines()[:1])
        assert ledger.file(0, PLAYS, api=printed["page"].rstrip("/")) == PLAYS
        assert ledger.file(0, PLAYS) == 0, "one outbox, whoever takes usage in"
        ledger.wait("sealed", lambda: "epoch 1 sealed" in "".join(ledger.told))
        # Its own supervisor does not start it again: this machine is gone, as far as that goes.
        first = next(each for each in ledger.crew._members if each.name == Part.SUBMIT)
        first.stop()
        ledger.crew._members.remove(first)

        ledger.wait("taken over", lambda: b"submit  has its role now" in log.read_bytes())
        ledger.wait("final", lambda: ledger.is_final(1))
        ledger.devnet.pass_time(ledger.devnet.deployment.window_seconds + 1)
        ledger.wait("paid", lambda: ledger.is_final(1, pushed=True))
        assert ledger.paid() == ledger.due(PLAYS)
    finally:
        second.send_signal(signal.SIGINT)
        ended = second.wait(60)
    assert ended == 0
    assert log.read_text().endswith("stopped\n")
    assert holders(ledger.place.outbox)[Role.SUBMIT].is_over
    assert not holders(ledger.place.outbox)[Role.EPOCH].is_over
