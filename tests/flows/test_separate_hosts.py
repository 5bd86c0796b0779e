"""The roles on hosts of their own, over one PostgreSQL; one host is cut off in the middle of it.

ingest, epoch, submit and index are processes in network namespaces of their own, with folders of
their own: nothing goes between them but what the database and the node know. The host that sends
is cut off with its transaction in the pool; another takes over, and everybody is paid once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import httpx
import pytest

from api.stack.stack import ROOT
from chain.ledger.rights import BPS_WHOLE
from oracle.epoch_book import EpochBook
from oracle.lease import HELD
from oracle.opening import identity_of
from oracle.outbox import Outbox
from oracle.usage_book import UsageBook
from tests.flows.plays import Played, played_chain
from tests.heritage import UNIT_PRICE
from tests.hosts import Host, Network, NoHosts, let_in, network
from tests.oracle.operator_processes import deployment_file
from tests.postgres import running_postgres

PLAYS, LATER_PLAYS = 700, 200
WAIT_SECONDS = 300.0
API_PORT = 8547
PATIENT = "ANTIPHON_PATIENT"


@dataclass
class Land(Played):
    """The hosts' network, and what they share."""

    network: Network
    folder: Path
    shared: Mapping[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, host: Host, words: list[str], **more: str) -> subprocess.Popen[bytes]:
        """A module on a host, with folders of the host's own."""
        own = self.folder / host.namespace
        own.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            **self.shared,
            "ANTIPHON_INDEX_URL": f"sqlite:///{own / 'index.sqlite'}",
            "ANTIPHON_BLOCKS": str(own / "blocks"),
            "ANTIPHON_ORACLE_POLL_SECONDS": "1",
            **more,
        }
        with (self.folder / f"{host.namespace}.log").open("ab") as log:
            process = subprocess.Popen(
                host.command([sys.executable, "-m", *words]),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    def take_over(self, host: Host) -> None:
        """Have a host send, as a supervisor does: started again until it is let."""
        starting = [self.start(host, ["oracle", "run", "--role", "submit"])]

        def sends() -> bool:
            if starting[-1].poll() is not None:
                starting.append(self.start(host, ["oracle", "run", "--role", "submit"]))
            return self.is_final(1)

        self.wait("followed", sends)

    def file(self, host: Host, first: int, count: int) -> int:
        """Plays handed to the API of a host; how many were new."""
        return self.hand_in(f"http://{host.address}:{API_PORT}", self.plays(first, count))

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"never {what}: {self.logs()}"
            time.sleep(0.2)

    def logs(self) -> dict[str, str]:
        return {path.name: path.read_text()[-500:] for path in self.folder.glob("*.log")}


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Land]:
    with ExitStack() as cleanup:
        try:
            joined = cleanup.enter_context(network())
        except NoHosts as reason:
            pytest.skip(str(reason))
        server = cleanup.enter_context(running_postgres())
        devnet, heritage = cleanup.enter_context(played_chain())
        node, deployment = devnet.node, devnet.deployment
        place = server.new_outbox()
        outbox = Outbox(place, identity_of(node, deployment), roles=())
        cleanup.callback(outbox.close)
        at, port = joined.address, urlparse(node.endpoint).port
        assert port is not None
        node_port = cleanup.enter_context(let_in(at, ("127.0.0.1", port)))
        database = cleanup.enter_context(let_in(at, str(server.folder / ".s.PGSQL.5432")))
        options = place.partition("&")[2]
        shared = {
            "ANTIPHON_RPC_URL": f"http://{at}:{node_port}",
            "ANTIPHON_DEPLOYMENT": str(deployment_file(deployment, tmp_path / "deployment.json")),
            "ANTIPHON_OUTBOX_URL": f"postgresql://postgres@{at}:{database}/postgres?{options}",
        }
        made = Land(devnet, heritage, outbox, joined, tmp_path, shared)
        yield made
        for process in made.running:
            process.kill()
            process.wait()


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed and cut off", "cut off alive"])
def test_a_host_that_is_cut_off_is_followed_and_everybody_is_paid_once(
    land: Land, is_killed: bool
) -> None:
    """One that is killed is followed at once; one that is merely not heard of any more, when its
    lease is over."""
    if not is_killed and not os.environ.get(PATIENT):
        pytest.skip(f"takes as long as a lease, two minutes: set {PATIENT}=1")
    devnet = land.devnet
    ingest, epoch, first, second, index = (land.network.host() for _ in range(5))
    state = land.folder / ingest.namespace / "api"
    state.mkdir(parents=True)
    words = ["api", "--state", str(state), "--rpc", land.shared["ANTIPHON_RPC_URL"]]
    words += ["--deployment", land.shared["ANTIPHON_DEPLOYMENT"], "--watermark", "http://[::1]:9"]
    land.start(ingest, [*words, "--host", ingest.address, "--port", str(API_PORT)])
    health = f"http://{ingest.address}:{API_PORT}/livez"
    land.wait("an API", lambda: is_up(health))
    land.start(index, ["chain.indexer", "follow"])
    assert land.file(ingest, 0, PLAYS) == PLAYS

    # The host that sends is cut off, and its process ends, before anything is mined.
    devnet.rpc("evm_setAutomine", False)
    land.start(epoch, ["oracle", "run", "--role", "epoch"])
    sending = land.start(first, ["oracle", "run", "--role", "submit"])
    land.wait("in the pool", lambda: land.is_sent("post:1"))
    assert land.start(second, ["oracle", "run", "--role", "submit"]).wait(120) == HELD, (
        "one at a time"
    )
    if is_killed:
        sending.kill()
        sending.wait()
    first.cut()
    devnet.mine()
    devnet.rpc("evm_setAutomine", True)

    land.take_over(second)
    land.wait("a final epoch", lambda: land.is_final(1))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    land.wait("paid", lambda: land.is_final(1, pushed=True))
    assert land.file(ingest, PLAYS - 100, LATER_PLAYS + 100) == LATER_PLAYS
    land.wait("a second epoch", lambda: land.is_final(2))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    land.wait("paid again", lambda: land.is_final(2, pushed=True))

    at, token = devnet.node.head(), devnet.deployment.token
    split = land.heritage.splits[land.heritage.works[0]]
    plays = PLAYS + LATER_PLAYS
    for share in split.shares:
        due = plays * UNIT_PRICE * share.bps // BPS_WHOLE
        assert devnet.distributor.claimed_by(token, share.payee, at=at) == due
    assert devnet.oracle.last_epoch(at=at) == 2
    with land.outbox.reading() as connection:
        assert UsageBook(connection).event_counts() == {"counted": plays}
        paper = EpochBook(connection).of_number(2)
    assert paper is not None
    given = httpx.get(f"http://{ingest.address}:{API_PORT}/ipfs/{paper.payouts_cid}", timeout=60.0)
    assert paper.payouts_cid.matches(given.content), "sealed elsewhere, served here"
    told = subprocess.run(
        index.command([sys.executable, "-m", "chain.indexer", "status"]),
        cwd=ROOT,
        env={
            **os.environ,
            **land.shared,
            "ANTIPHON_INDEX_URL": f"sqlite:///{land.folder / index.namespace / 'index.sqlite'}",
        },
        capture_output=True,
        check=True,
    )
    assert json.loads(told.stdout)["quarantinedLogs"] == 0


def is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
